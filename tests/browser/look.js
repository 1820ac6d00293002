// What a test asks of a page as it is drawn.

// Wrong: elements that stand out of the page to the right, but for those in a scrolling box.
function overflowing() {
  const width = document.documentElement.clientWidth;
  const scrolls = (element) => element
    && (getComputedStyle(element).overflowX !== "visible" || scrolls(element.parentElement));
  const found = [...document.body.querySelectorAll("*")]
    .filter((element) => element.checkVisibility() && !scrolls(element.parentElement))
    .filter((element) => element.getBoundingClientRect().right > width + 1)
    .map((element) => `${element.tagName}: ${element.textContent.slice(0, 60)}`);
  const wide = document.documentElement.scrollWidth;
  return wide > width ? [`the page is ${wide} px wide in ${width} px`, ...found] : found;
}

// Wrong: text with less contrast against what lies behind it than WCAG 2.2, 1.4.3 (AA) asks for.
function faint() {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = new Set();
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const ink = colour(element.closest("svg") ? style.fill : style.color);
    ink[3] *= opacity(element);
    const ratio = contrast(over(ink, behind(element)), behind(element));
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) found.add(`${ratio.toFixed(2)}: ${text.slice(0, 60)}`);
  }
  return [...found];
}

// The colours of the element and its ancestors up to an opaque one, mixed; paper is white.
function behind(element) {
  const layers = [];
  for (let at = element; at; at = at.parentElement) {
    const layer = colour(getComputedStyle(at).backgroundColor);
    if (layer[3] > 0) layers.unshift(layer);
    if (layer[3] === 1) break;
  }
  return layers.reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
}

// Red, green, blue from 0 to 255 and opacity from 0 to 1, as the browser itself would paint it.
function colour(css) {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  canvas.fillStyle = css;
  canvas.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
  return [red, green, blue, alpha / 255];
}

function opacity(element) {
  const own = parseFloat(getComputedStyle(element).opacity);
  return element.parentElement ? own * opacity(element.parentElement) : own;
}

function over(top, below) {
  const mixed = [0, 1, 2].map((n) => top[n] * top[3] + below[n] * (1 - top[3]));
  return [...mixed, 1];
}

// WCAG 2.2, "relative luminance" and "contrast ratio".
function luminance(rgb) {
  const [red, green, blue] = rgb.slice(0, 3).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

// Each figure as it is drawn: its size in pixels, its name for who cannot see it, and how many
// words and marks of it have a place.
function figures() {
  const placed = (svg, name) =>
    [...svg.querySelectorAll(name)].filter((one) => one.getBoundingClientRect().width > 0).length;
  return [...document.querySelectorAll(".picture svg")].map((svg) => ({
    width: svg.getBoundingClientRect().width,
    height: svg.getBoundingClientRect().height,
    name: svg.getAttribute("aria-label") || "",
    words: placed(svg, "text"),
    marks: placed(svg, "use, path"),
  }));
}

// Each chart to explore as it stands: its canvas in pixels, how much of it is painted, what its
// buttons say, and whether the picture beneath it is out of sight.
function charts() {
  return [...document.querySelectorAll(".figure")].filter((one) => one.querySelector(".live"))
    .map((one) => {
      const canvases = deep(one, "canvas").filter((canvas) => canvas.width > 50);
      return {
        width: Math.max(0, ...canvases.map((canvas) => canvas.getBoundingClientRect().width)),
        inks: Math.max(0, ...canvases.map(inks)),
        buttons: [...one.querySelectorAll(".servers button")].map((button) => button.textContent),
        metrics: [...one.querySelectorAll("option")].map((option) => option.textContent),
        behind: one.querySelector(".picture").classList.contains("behind"),
      };
    });
}

// Those of the elements below, within shadow trees as well, that a selector names.
function deep(root, selector) {
  const within = [...root.querySelectorAll("*")].flatMap((one) =>
    one.shadowRoot ? deep(one.shadowRoot, selector) : []);
  return [...root.querySelectorAll(selector), ...within];
}

// How many different colours a canvas shows.
function inks(canvas) {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return new Set(new Uint32Array(data.buffer)).size;
}

// The lower edge in pixels of the last verdict, from the top of the window: of those at a glance,
// where they are shown, else of those in the table.
function verdictsEnd() {
  const seen = (selector) =>
    [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility());
  const glance = seen(".glance .chip");
  const words = glance.length ? glance : seen(".verdicts .word .chip");
  return Math.max(...words.map((one) => one.getBoundingClientRect().bottom));
}

// Where the links of the page lead, as written, and the places within it that they may name.
function links() {
  const hrefs = [...document.querySelectorAll("a")].map((link) => link.getAttribute("href"));
  return { hrefs, places: [...document.querySelectorAll("[id]")].map((one) => one.id) };
}

// The rows of the tables in view, by column.
function rows() {
  const read = (cell) => cell.textContent.trim();
  const tables = [...document.querySelectorAll("table")].filter((one) => one.checkVisibility());
  return tables.flatMap((table) => {
    const columns = [...table.querySelectorAll("thead th")].map(read);
    return [...table.querySelectorAll("tbody tr")].map((row) =>
      Object.fromEntries([...row.cells].map((cell, n) => [columns[n], read(cell)])));
  });
}

// The headings of the form in view, in order, each with the names of the fields below it.
function groups() {
  const found = [];
  for (const one of document.querySelectorAll("form h4, form [name]")) {
    if (one.matches("h4")) found.push([one.textContent, []]);
    else if (one.style.display !== "none") found.at(-1)?.[1].push(one.name);
  }
  return found;
}
