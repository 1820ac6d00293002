// What Locust's form has no place for: headings for the groups of its knobs, the host, and which
// servers cannot run on this machine.
//
// Locust lists custom parameters one below the other, folded away, and its header repeats the host
// that was typed, not the one that is loaded. Nothing of its page is replaced here: headings are
// put between its fields, the list is unfolded once, and the host says what the server knob says.
// The form that edits a running load closes whatever is answered: there, only what can be changed
// can be filled in, and the browser itself says what is allowed.

const {
  c10k_headings: HEADINGS,
  c10k_limits: LIMITS,
  c10k_port: PORT,
  c10k_several_lines: SEVERAL_LINES,
  c10k_unavailable: UNAVAILABLE,
} = window.templateArgs;
const ONLY_USERS = {
  title: "Only users and ramp up can be changed while a load runs",
  text: "Stop it, and press New, to change anything else.",
};

const camel = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
const field = (form, name) => form.querySelector(`[name="${camel(name)}"]`);

// React keeps a value of its own, which an input event changes.
function assign(input, value) {
  const { set } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value");
  set.call(input, value);
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

// The host follows from the server.
function follow(form) {
  const server = field(form, "server");
  const host = field(form, "host");
  if (!server || !host) return;
  const address = `http://${server.value}:${PORT}`;
  host.readOnly = true;
  if (host.value === address) return;
  assign(host, address);
}

// The list of all knobs, and the child of it that holds this one.
const list = (form) => field(form, "path").closest(".MuiAccordionDetails-root")?.firstElementChild;

function place(form, name) {
  let found = field(form, name);
  while (found && found.parentElement !== list(form)) found = found.parentElement;
  return found;
}

function heading({ title, text }, kind = "c10k-group") {
  const box = document.createElement("div");
  box.className = kind;
  const head = Object.assign(document.createElement("h4"), { textContent: title });
  const words = Object.assign(document.createElement("p"), { textContent: text });
  Object.assign(head.style, { margin: "8px 0 4px", fontSize: "1.1rem", fontWeight: "500" });
  Object.assign(words.style, { margin: "0 0 -12px", fontSize: "0.875rem", opacity: "0.85" });
  box.append(head, words);
  return box;
}

// Who cannot run here is in the list, cannot be chosen, and has its reason below.
function explain(form) {
  const reasons = Object.entries(UNAVAILABLE);
  const server = field(form, "server");
  if (!reasons.length || !server) return;
  for (const option of server.options) {
    if (!(option.value in UNAVAILABLE)) continue;
    option.disabled = true;
    option.label = `${option.value} (cannot run here)`;
  }
  const knob = place(form, "server");
  if (!knob || knob.nextElementSibling?.matches(".c10k-unavailable")) return;
  const text = reasons.map(([name, reason]) => `${name}: ${reason}`).join("\n");
  const box = heading({ title: "Cannot run here", text }, "c10k-unavailable");
  box.lastElementChild.style.whiteSpace = "pre-line";
  knob.after(box);
}

// A text of several lines has no room in Locust's fields, which lose the ends of the lines. The form
// sends whatever has a name.
function widen(form, name) {
  const input = field(form, name);
  if (input?.tagName !== "INPUT") return;
  input.removeAttribute("name"); // React gives it back when the label moves
  if (input.nextElementSibling?.tagName === "TEXTAREA") return;
  const area = document.createElement("textarea");
  Object.assign(area, { name: camel(name), id: input.id, className: input.className, rows: 3 });
  area.value = input.getAttribute("value") ?? "";
  area.style.height = "auto";
  input.removeAttribute("id");
  input.style.display = "none";
  input.after(area);
  input.parentElement.style.height = "auto";
  area.addEventListener("input", () => assign(input, area.value)); // the label makes room
}

function check(form) {
  for (const [name, [low, high]] of Object.entries(LIMITS)) {
    const input = field(form, name);
    const whole = name === "user_count" ? /^\d+$/ : /./;
    const fine = whole.test(input.value) && Number(input.value) >= low && Number(input.value) <= high;
    input.setCustomValidity(fine ? "" : `from ${low} to ${high.toLocaleString("en")}`);
  }
}

function extend(form) {
  const editing = !field(form, "host");
  for (const { above, ...group } of HEADINGS) {
    const knob = place(form, above);
    if (knob && !knob.previousElementSibling?.matches(".c10k-group")) knob.before(heading(group));
  }
  explain(form);
  follow(form);
  for (const name of SEVERAL_LINES) widen(form, name);
  if (form.dataset.c10kSeen) return;
  form.dataset.c10kSeen = "yes";
  const fold = field(form, "path").closest(".MuiAccordion-root");
  if (editing) {
    fold?.before(heading(ONLY_USERS));
    for (const knob of list(form)?.querySelectorAll("input, select, textarea") ?? []) knob.disabled = true;
    form.addEventListener("input", () => check(form));
  } else {
    fold?.querySelector('[aria-expanded="false"]')?.click();
  }
}

function look() {
  const knobs = document.querySelector('form [name="path"]');
  if (knobs) extend(knobs.form);
}

new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
document.addEventListener("change", (event) => event.target.form && follow(event.target.form));
look();
