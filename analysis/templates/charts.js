"use strict";
// Charts to explore, laid over the pictures. Each figure of the page carries its data
// (analysis/charts/interactive.py); Bokeh's source rests in the page as text until the first figure
// comes into view, so that the page itself opens at once. Without scripts the pictures stay.
(() => {
  // matplotlib's markers as Bokeh's (with an angle), and as a letter for the buttons.
  const MARKERS = {
    o: ["circle", 0, "●"], s: ["square", 0, "■"], D: ["diamond", 0, "◆"], h: ["hex", 0, "⬢"],
    "^": ["triangle", 0, "▲"], v: ["inverted_triangle", 0, "▼"], "*": ["star", 0, "★"],
    "<": ["triangle", Math.PI / 2, "◀"], ">": ["triangle", -Math.PI / 2, "▶"],
    P: ["plus", 0, "✚"], X: ["plus", Math.PI / 4, "✖"], p: ["square_pin", 0, "⬟"],
  };
  const SPREAD_FOR_LOG = 6;
  const MARK_ROWS = 4;
  // Room for a letter of a tick, and for what stands beside the axis.
  const [LETTER_PX, BESIDE_PX] = [7, 130];
  const hidden = new Set();
  const charts = [];
  let bokeh = null;

  const colour = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const number = (value) => value.toLocaleString("en", { maximumSignificantDigits: 3 });

  function write(value, unit) {
    if (value === null || Number.isNaN(value)) return "–";
    const size = Math.abs(value);
    const within = (steps, smallest) => {
      const step = steps.find(([, from]) => size >= from);
      return step ? `${number(value / step[1])} ${step[0]}` : `${number(value)} ${smallest}`;
    };
    if (unit === "us") return within([["s", 1e6], ["ms", 1e3]], "µs");
    if (unit === "bytes") return within([["GB", 2 ** 30], ["MB", 2 ** 20], ["KB", 2 ** 10]], "B");
    if (unit === "share") return `${number(value * 100)}%`;
    return unit === "ratio" ? `${number(value)}×` : number(value);
  }
  window.c10kWrite = write;

  function loadBokeh() {
    if (!bokeh) {
      for (const source of document.querySelectorAll("script[data-library]")) {
        const script = document.createElement("script");
        script.textContent = source.textContent;
        document.head.append(script);
      }
      bokeh = window.Bokeh;
      bokeh.logger.set_level("warn");
    }
    return bokeh;
  }

  function element(name, properties, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  class Chart {
    constructor(figure, data) {
      this.data = data;
      this.picture = figure.querySelector(".picture");
      this.metric = data.metrics[0];
      this.log = this.wantsLog();
      this.live = element("div", { className: "live" });
      this.live.setAttribute("role", "figure");
      this.live.setAttribute("aria-label", `${this.picture.getAttribute("aria-label")}, chart`);
      this.controls = element("div", { className: "controls" }, ...this.choices());
      figure.append(this.controls, this.live);
      this.show(true);
    }

    values(name) {
      return this.data.lines
        .filter((line) => !hidden.has(line.label) && line.values[name])
        .flatMap((line) => line.values[name].flat().filter((value) => value !== null));
    }

    wantsLog() {
      const values = this.values(this.metric.name);
      const [low, high] = [Math.min(...values), Math.max(...values)];
      return this.metric.log && low > 0 && high / low > SPREAD_FOR_LOG;
    }

    choices() {
      const name = `${this.picture.getAttribute("aria-label")}: `;
      const select = element("select", {
        onchange: () => {
          this.metric = this.data.metrics[select.selectedIndex];
          this.log = box.checked = this.wantsLog();
          this.draw();
        },
      }, ...this.data.metrics.map((metric) => element("option", {}, metric.label)));
      select.setAttribute("aria-label", `${name}what to show`);
      const box = element("input", {
        type: "checkbox", checked: this.log,
        onchange: () => { this.log = box.checked; this.draw(); },
      });
      const whole = element("button", { type: "button", onclick: () => this.draw() }, "Whole range");
      const swap = element("button", {
        type: "button", className: "swap",
        onclick: () => {
          this.show(this.live.hidden);
          swap.textContent = this.live.hidden ? "Chart to explore" : "Picture";
        },
      }, "Picture");
      this.only = [select, box, whole];
      this.servers = element("div", { className: "servers" });
      this.servers.setAttribute("role", "group");
      this.servers.setAttribute("aria-label", `${name}lines, to hide and show`);
      for (const line of this.data.lines) {
        const mark = element("span", {}, line.plain ? "━" : MARKERS[line.marker][2]);
        mark.style.color = `var(--${line.colour})`;
        mark.setAttribute("aria-hidden", "true");
        const button = element("button", {
          type: "button", title: "hide or show in all charts",
          onclick: () => {
            if (!hidden.delete(line.label)) hidden.add(line.label);
            charts.forEach((chart) => chart.draw());
          },
        }, mark, line.label);
        button.dataset.line = line.label;
        this.servers.append(button);
      }
      return [
        element("div", { className: "axis" }, select,
          element("label", {}, box, " logarithmic"), whole, swap),
        this.servers,
      ];
    }

    show(live) {
      this.live.hidden = !live;
      this.servers.hidden = !live;
      this.only.forEach((one) => { one.disabled = !live; });
      this.picture.classList.toggle("behind", live);
      this.picture.tabIndex = live ? -1 : 0;
      if (live) this.draw();
    }

    draw() {
      for (const button of this.servers.children) {
        button.setAttribute("aria-pressed", String(!hidden.has(button.dataset.line)));
      }
      this.data.lines.forEach((line, n) => {
        const drawn = (line.values[this.metric.name] ?? []).some(([y]) => y !== null);
        this.servers.children[n].hidden = !drawn && !line.hollow[this.metric.name]?.length;
      });
      if (this.live.hidden) return;
      const Bokeh = loadBokeh();
      const figure = this.figure(Bokeh);
      const marks = this.data.lines
        .filter((line) => !hidden.has(line.label) && line.values[this.metric.name])
        .flatMap((line) => this.line(Bokeh, figure, line));
      this.data.marks.forEach(([at, text], n) => {
        figure.add_layout(new Bokeh.Span({
          dimension: "height", location: at, line_color: colour("muted"), line_dash: [2, 3],
        }));
        figure.add_layout(new Bokeh.Label({
          x: at, y: 6 + 15 * (n % MARK_ROWS), y_units: "screen", text, text_color: colour("muted"),
          text_font_size: "11px", x_offset: 4,
        }));
      });
      figure.add_tools(new Bokeh.HoverTool({
        renderers: marks, tooltips: [["", "@label"], [this.data.x, "@where"], ["", "@what"]],
      }));
      const before = this.shown;
      const place = element("div", {});
      this.live.replaceChildren(place);
      this.shown = Bokeh.Plotting.show(figure, place);
      before?.then((view) => view.remove?.());
    }

    figure(Bokeh) {
      const lines = { border_fill_color: colour("card"), background_fill_color: colour("card") };
      // A finger that drags scrolls the page: there the chart only answers a touch.
      const tools = matchMedia("(pointer: coarse)").matches ? [] : [new Bokeh.BoxZoomTool({})];
      const figure = Bokeh.Plotting.figure({
        ...lines, height: 400, sizing_mode: "stretch_width", toolbar_location: null, tools,
        outline_line_color: null, y_axis_type: this.log ? "log" : "linear",
        y_range: new Bokeh.DataRange1d(this.log ? {} : { start: 0 }),
      });
      const look = {
        axis_line_color: colour("muted"), major_tick_line_color: null,
        minor_tick_line_color: null, major_label_text_color: colour("muted"),
        axis_label_text_color: colour("text"), axis_label_text_font_style: "normal",
      };
      const [across, up] = [figure.xaxis, figure.yaxis];
      const places = this.data.ticks.map(([at]) => at);
      const [ticker, said] = [this.ticker(Bokeh), this.roomy()];
      across.each((axis) => Object.assign(axis, look, {
        axis_label: this.data.x,
        ticker: new Bokeh.FixedTicker({ ticks: places }),
        major_label_overrides: new Map(this.data.ticks.map(([at, text]) => [at, said.has(at) ? text : ""])),
      }));
      up.each((axis) => Object.assign(axis, look, {
        axis_label: this.metric.label,
        ...ticker,
        formatter: new Bokeh.CustomJSTickFormatter({
          code: `return window.c10kWrite(tick, "${this.metric.unit}")`,
        }),
      }));
      figure.xgrid.each((grid) => Object.assign(grid, {
        grid_line_color: colour("grid"), ticker: new Bokeh.FixedTicker({ ticks: places }),
      }));
      figure.ygrid.each((grid) => Object.assign(grid, { grid_line_color: colour("grid"), ...ticker }));
      return figure;
    }

    // The places whose texts stand beside each other: the ends first, then the roundest.
    roomy() {
      const { ticks } = this.data;
      const [first, last] = [ticks[0], ticks.at(-1)];
      const scale = (this.live.clientWidth - BESIDE_PX) / (last[0] - first[0] || 1);
      const half = ([, text]) => (text.length + 1) * LETTER_PX / 2;
      const digits = ([, text]) => Number(text.replace(/\D/g, "").replace(/0+$/, ""));
      const rank = (tick) => (tick === first || tick === last ? -1 : digits(tick));
      const kept = [];
      for (const tick of [...ticks].sort((one, other) => rank(one) - rank(other))) {
        const apart = (other) => Math.abs(tick[0] - other[0]) * scale > half(tick) + half(other);
        if (kept.every(apart)) kept.push(tick);
      }
      return new Set(kept.map(([at]) => at));
    }

    // Bytes are counted by powers of two; all else by Bokeh's own choice.
    ticker(Bokeh) {
      if (this.metric.unit !== "bytes") return {};
      const ticks = { base: 2, mantissas: [1] };
      return { ticker: this.log ? new Bokeh.LogTicker(ticks) : new Bokeh.BasicTicker(ticks) };
    }

    // Line, intervals, markers; void trials hollow. Returns what answers the pointer.
    line(Bokeh, figure, line) {
      const { name, unit } = this.metric;
      const drawn = (value) => (this.log && !(value > 0) ? null : value);
      const all = line.at.map((x, n) => [x, ...line.values[name][n]]);
      const points = all.filter(([, y]) => drawn(y) !== null);
      const text = new Map(this.data.ticks);
      const column = (rows, what) => ({
        x: rows.map(([x]) => x),
        y: rows.map(([, y]) => y),
        label: rows.map(() => line.label),
        where: rows.map(([x]) => text.get(x) ?? number(x)),
        what: rows.map(what),
      });
      const source = new Bokeh.ColumnDataSource({
        data: column(points, ([, y, low, high]) => write(y, unit)
          + (low == null ? "" : ` (${write(low, unit)} to ${write(high, unit)})`)),
      });
      const paint = colour(line.colour);
      // Where nothing was counted the line breaks.
      const track = line.broken ? all.map(([x, y]) => [x, drawn(y) ?? NaN]) : points;
      const found = [figure.line({ field: "x" }, { field: "y" }, {
        source: line.broken ? new Bokeh.ColumnDataSource({
          data: { x: track.map(([x]) => x), y: track.map(([, y]) => y) },
        }) : source,
        line_color: paint, line_width: line.plain ? 1.8 : 2, line_dash: line.dash,
      })];
      if (line.plain) return found;
      const whiskers = points.filter(([, , low]) => low != null && drawn(low) !== null);
      figure.segment(whiskers.map(([x]) => x), whiskers.map(([, , low]) => low),
        whiskers.map(([x]) => x), whiskers.map(([, , , high]) => high),
        { line_color: paint, line_width: 1.3 });
      const [marker, angle] = MARKERS[line.marker];
      const dots = figure.scatter({ field: "x" }, { field: "y" }, {
        source, marker, angle, size: 10, fill_color: paint, line_color: colour("card"),
      });
      // Where a void trial measured nothing, its mark stands at the foot.
      const foot = this.log ? Math.min(...this.values(name).filter((y) => y > 0)) / 1.6 : 0;
      const empty = (line.hollow[name] ?? []).map(([x, y]) => [x, drawn(y) ?? foot, y]);
      const hollow = figure.scatter({ field: "x" }, { field: "y" }, {
        source: new Bokeh.ColumnDataSource({
          data: column(empty, ([, , y]) => (y === null ? "void" : `${write(y, unit)}, void`)),
        }),
        marker, angle, size: 9, fill_alpha: 0, line_color: paint, line_width: 1.6,
      });
      return [dots, hollow];
    }
  }

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((one) => one.isIntersecting)) {
      seen.unobserve(entry.target);
      const data = JSON.parse(entry.target.querySelector("script").textContent);
      charts.push(new Chart(entry.target, data));
    }
  }, { rootMargin: "100px" });
  document.querySelectorAll(".figure:has(script)").forEach((figure) => seen.observe(figure));
  for (const query of ["(prefers-color-scheme: dark)", "(orientation: portrait)"]) {
    matchMedia(query).addEventListener("change", () => charts.forEach((chart) => chart.draw()));
  }

  // A link into something folded unfolds it.
  const unfold = () => {
    const aim = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let at = aim; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    const own = aim && aim.querySelector(":scope details");
    if (own && aim.tagName === "TR") own.open = true;
  };
  addEventListener("hashchange", unfold);
  unfold();
})();
