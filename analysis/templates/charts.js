"use strict";
// Charts to explore, laid over the pictures. Each figure of the page carries its data
// (analysis/charts/page.py); Bokeh's source rests in the page as text until the first figure comes
// into view, so that the page itself opens at once. Without scripts the pictures stay.
(() => {
  // matplotlib's markers as Bokeh's (with an angle), and as a letter for the buttons.
  const MARKERS = {
    o: ["circle", 0, "●"], s: ["square", 0, "■"], D: ["diamond", 0, "◆"], h: ["hex", 0, "⬢"],
    "^": ["triangle", 0, "▲"], v: ["inverted_triangle", 0, "▼"], "*": ["star", 0, "★"],
    "<": ["triangle", Math.PI / 2, "◀"], ">": ["triangle", -Math.PI / 2, "▶"],
    P: ["plus", 0, "✚"], X: ["plus", Math.PI / 4, "✖"], p: ["square_pin", 0, "⬟"],
  };
  const TEXT_ROWS = 4;
  const hidden = new Set();
  const charts = [];
  let bokeh = null;

  const colour = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  // A value divided by the first step that it reaches, with its name (Unit of analysis/charts/model.py).
  window.c10kWrite = (value, steps) => {
    const [size, name] = steps.find(([from]) => Math.abs(value) >= from) ?? steps.at(-1);
    return (value / size).toLocaleString("en", { maximumSignificantDigits: 3 }) + name;
  };
  const write = window.c10kWrite;

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
      this.panel = data.panels[0];
      this.picture = figure.querySelector(".picture");
      this.name = this.picture.getAttribute("aria-label");
      this.live = element("div", { className: "live" });
      this.live.setAttribute("role", "figure");
      this.live.setAttribute("aria-label", `${this.name}, chart`);
      this.buttons = element("div", { className: "servers" });
      this.buttons.setAttribute("role", "group");
      this.buttons.setAttribute("aria-label", `${this.name}: lines, to hide and show`);
      figure.append(element("div", { className: "controls" }, this.choices(), this.buttons), this.live);
      this.show(true);
    }

    choices() {
      const select = element("select", {
        onchange: () => {
          this.panel = this.data.panels[select.selectedIndex];
          this.log.checked = this.panel.log;
          this.draw();
        },
      }, ...this.data.panels.map((panel) => element("option", {}, panel.choice)));
      select.setAttribute("aria-label", `${this.name}: what to show`);
      this.log = element("input", {
        type: "checkbox", checked: this.panel.log, onchange: () => this.draw(),
      });
      const whole = element("button", { type: "button", onclick: () => this.draw() }, "Whole range");
      const swap = element("button", {
        type: "button", className: "swap",
        onclick: () => {
          this.show(this.live.hidden);
          swap.textContent = this.live.hidden ? "Chart to explore" : "Picture";
        },
      }, "Picture");
      this.only = [select, this.log, whole];
      return element("div", { className: "axis" }, select,
        element("label", {}, this.log, " logarithmic"), whole, swap);
    }

    button(series) {
      const mark = element("span", {}, MARKERS[series.marker]?.[2] ?? "━");
      mark.style.color = `var(--${series.colour})`;
      mark.setAttribute("aria-hidden", "true");
      const button = element("button", {
        type: "button", title: "hide or show in all charts",
        onclick: () => {
          if (!hidden.delete(series.label)) hidden.add(series.label);
          charts.forEach((chart) => chart.draw());
        },
      }, mark, series.label);
      button.dataset.line = series.label;
      return button;
    }

    show(live) {
      this.live.hidden = !live;
      this.buttons.hidden = !live;
      this.only.forEach((one) => { one.disabled = !live; });
      this.picture.classList.toggle("behind", live);
      this.picture.tabIndex = live ? -1 : 0;
      if (live) this.draw();
    }

    draw() {
      // The buttons stay those that they are while their lines do: one of them has the focus.
      if (this.panel !== this.listed) {
        this.buttons.replaceChildren(...this.panel.series.map((one) => this.button(one)));
        this.listed = this.panel;
      }
      for (const button of this.buttons.children) {
        button.setAttribute("aria-pressed", String(!hidden.has(button.dataset.line)));
      }
      if (this.live.hidden) return;
      const Bokeh = loadBokeh();
      const figure = this.figure(Bokeh);
      const { series, lines, bands, x } = this.panel;
      for (const [bottom, top] of bands) {
        figure.add_layout(new Bokeh.BoxAnnotation({
          bottom, top, fill_color: colour("grid"), fill_alpha: 0.5, line_alpha: 0, level: "underlay",
        }));
      }
      const renderers = series.filter((one) => !hidden.has(one.label))
        .flatMap((one) => this.series(Bokeh, figure, one));
      const phases = this.data.phases.map(([at, text]) => (
        { at, text, upright: true, colour: "muted", dash: "dotted" }));
      [...phases, ...lines].forEach((line, n) => this.line(Bokeh, figure, line, n));
      figure.add_tools(new Bokeh.HoverTool({
        renderers, tooltips: [["", "@label"], [x.label, "@where"], ["", "@what"]],
      }));
      const before = this.shown;
      const place = element("div", {});
      this.live.replaceChildren(place);
      this.shown = Bokeh.Plotting.show(figure, place);
      before?.then((view) => view.remove?.());
    }

    figure(Bokeh) {
      const { x, y, choice } = this.panel;
      const log = this.log.checked;
      // A finger that drags scrolls the page: there the chart only answers a touch.
      const tools = matchMedia("(pointer: coarse)").matches ? [] : [new Bokeh.BoxZoomTool({})];
      const figure = Bokeh.Plotting.figure({
        height: 400, sizing_mode: "stretch_width", toolbar_location: null, tools,
        border_fill_color: colour("card"), background_fill_color: colour("card"),
        outline_line_color: null, y_axis_type: log ? "log" : "linear",
        y_range: new Bokeh.DataRange1d(log ? {} : { start: 0 }),
      });
      const look = {
        axis_line_color: colour("muted"), major_tick_line_color: null,
        minor_tick_line_color: null, major_label_text_color: colour("muted"),
        axis_label_text_color: colour("text"), axis_label_text_font_style: "normal",
      };
      const written = (steps) => new Bokeh.CustomJSTickFormatter({
        code: `return window.c10kWrite(tick, ${JSON.stringify(steps)})`,
      });
      const fixed = x.ticks.length
        ? { ticker: new Bokeh.FixedTicker({ ticks: x.ticks.map(([at]) => at) }) } : {};
      // Bytes are counted by powers of two.
      const rounds = { base: y.base, mantissas: [1] };
      const up = y.base === 10 ? {}
        : { ticker: log ? new Bokeh.LogTicker(rounds) : new Bokeh.BasicTicker(rounds) };
      figure.xaxis.each((axis) => Object.assign(axis, look, {
        axis_label: x.label, ...fixed,
        ...(x.ticks.length ? { major_label_overrides: new Map(x.ticks) }
          : { formatter: written(x.steps) }),
      }));
      figure.yaxis.each((axis) => Object.assign(axis, look, {
        axis_label: choice, ...up, formatter: written(y.steps),
      }));
      figure.xgrid.each((grid) => Object.assign(grid, { grid_line_color: colour("grid"), ...fixed }));
      figure.ygrid.each((grid) => Object.assign(grid, { grid_line_color: colour("grid"), ...up }));
      return figure;
    }

    line(Bokeh, figure, { at, text, upright, colour: name, dash }, n) {
      figure.add_layout(new Bokeh.Span({
        dimension: upright ? "height" : "width", location: at, line_color: colour(name), line_dash: dash,
      }));
      if (!text) return;
      const place = upright
        ? { x: at, y: 6 + 15 * (n % TEXT_ROWS), y_units: "screen", x_offset: 4 }
        : { x: 4, y: at, x_units: "screen", y_offset: -16 };
      figure.add_layout(new Bokeh.Label({
        ...place, text, text_color: colour("muted"), text_font_size: "11px",
      }));
    }

    // Line, intervals, markers; void trials hollow, starved ones filled, limits as crosses. Returns
    // what answers the pointer.
    series(Bokeh, figure, one) {
      const { x, y } = this.panel;
      const paint = colour(one.colour);
      const shown = (value) => (this.log.checked && !(value > 0) ? NaN : value ?? NaN);
      const texts = new Map(x.ticks);
      const what = (n) => (one.bounds?.includes(n) ? (one.at_most ? "≤ " : "≥ ") : "") + write(one.y[n], y.steps) + (one.low?.[n] == null ? ""
        : ` (${write(one.low[n], y.steps)} to ${write(one.high[n], y.steps)})`);
      const source = (points) => new Bokeh.ColumnDataSource({ data: {
        x: points.map(([at]) => at),
        y: points.map(([, value]) => value),
        label: points.map(() => one.label),
        where: points.map(([at]) => texts.get(at) ?? write(at, x.steps)),
        what: points.map(([, , said]) => said),
      } });
      const points = source(one.x.map((at, n) => [at, shown(one.y[n]), what(n)]));
      const fields = [{ field: "x" }, { field: "y" }];
      if (one.band) {
        figure.varea(one.x, one.low.map(shown), one.high.map(shown), { fill_color: paint, fill_alpha: 0.15 });
      } else if (one.low) {
        figure.segment(one.x, one.low.map(shown), one.x, one.high.map(shown), { line_color: paint, line_width: 1.3 });
      }
      if (one.x_low) figure.segment(one.x_low, one.y.map(shown), one.x_high, one.y.map(shown), { line_color: paint });
      const track = one.steps
        ? figure.step(...fields, "after", { source: points, line_color: paint, line_width: 2, line_dash: one.dash })
        : figure.line(...fields, { source: points, line_color: paint, line_width: 2, line_dash: one.dash });
      if (!one.marker) return [track];
      const [marker, angle] = MARKERS[one.marker];
      const dots = figure.scatter(...fields, {
        source: points, marker, angle, size: 10, fill_color: paint, line_color: colour("card"),
      });
      // A mark without a value stands at the foot, or at the top where less is better.
      const measured = this.panel.series.flatMap((other) => other.y).filter((value) => value > 0);
      const foot = this.log.checked ? Math.min(...measured) / 1.6 : 0;
      const top = Math.max(0, ...measured) * (this.log.checked ? 1.6 : 1.05);
      const marks = ["void", "starved", "limit reached"].map((word) => {
        const mine = (one.marks ?? []).filter(([, , other]) => other === word);
        const places = mine.map(([at, value, , atTop]) => [at, value === null ? (atTop ? top : foot)
          : shown(value), value === null ? word : `${write(value, y.steps)}, ${word}`]);
        const look = word === "limit reached" ? { marker: "x" } : { marker, angle };
        return figure.scatter(...fields, {
          source: source(places), ...look, size: 9, fill_color: paint,
          fill_alpha: word === "starved" ? 1 : 0, line_color: paint, line_width: 1.6,
        });
      });
      return [dots, ...marks];
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
