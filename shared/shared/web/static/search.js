// The search: what each service finds shows below the field while one types, and on the page /search.
// The field is a combobox and what is found its listbox (WAI-ARIA's pattern "Editable Combobox With List Autocomplete").

const PAUSE = 200; // milliseconds without a key until it is asked for

const form = document.getElementById("search");
const field = document.getElementById("search-field");
const list = document.getElementById("search-hits");
const said = form?.querySelector("[data-nothing]");
const groups = Array.from(list?.querySelectorAll("[hx-get]") ?? []);
const all = list?.querySelector("[data-all]");
const words = () => field.value.trim();

let timer;
let active = null;

function options() {
  return Array.from(list.querySelectorAll("[role=option]"));
}

function open(yes) {
  list.hidden = !yes;
  field.setAttribute("aria-expanded", String(yes));
  if (!yes) choose(null);
}

function choose(option) {
  active?.setAttribute("aria-selected", "false");
  active = option;
  if (!option) {
    field.removeAttribute("aria-activedescendant");
    return;
  }
  option.setAttribute("aria-selected", "true");
  field.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

/** Whatever a service answers, its links are the options. */
function take(group) {
  const place = group.querySelector("[data-hits]");
  const links = Array.from(place.querySelectorAll("a[href]"));
  for (const link of links) link.setAttribute("role", "option");
  place.replaceChildren(...links);
  group.hidden = !place.children.length;
  number();
}

function number() {
  options().forEach((option, at) => {
    option.id = `search-hit-${at}`;
    option.tabIndex = -1;
    if (option !== active) option.setAttribute("aria-selected", "false");
  });
}

function missing(group) {
  const place = group.querySelector("[data-hits]");
  const note = document.createElement("div");
  note.className = "callout-hits-note";
  note.setAttribute("role", "presentation");
  note.textContent = group.dataset.away;
  place.replaceChildren(note);
  group.hidden = false;
}

function ask() {
  if (!words()) {
    open(false);
    return;
  }
  all.href = `/search?q=${encodeURIComponent(words())}&everywhere=1`;
  all.textContent = all.dataset.all.replace("%(words)s", () => words()); // "$&" is only text
  number();
  open(true);
  for (const group of groups) window.htmx.trigger(group, "callout:search");
}

function move(by) {
  const found = options();
  const at = found.indexOf(active);
  const next = at < 0 ? (by > 0 ? 0 : found.length - 1) : at + by;
  choose(found[next] ?? null); // past either end one is back in the field
}

function key(event) {
  if (event.isComposing) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (list.hidden) ask();
    else move(event.key === "ArrowDown" ? 1 : -1);
    event.preventDefault();
  } else if (event.key === "Enter" && active) {
    active.click();
    event.preventDefault();
  } else if (event.key === "Escape" && !list.hidden) {
    open(false);
    event.preventDefault(); // the browser would empty the field
  }
}

function writing(element) {
  return element.isContentEditable || element.matches("input, textarea, select");
}

if (form) {
  for (const group of groups) group.hidden = true;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    choose(null);
    timer = setTimeout(ask, PAUSE);
  });
  field.addEventListener("keydown", key);
  form.addEventListener("submit", (event) => {
    if (!words()) event.preventDefault();
  });
  form.addEventListener("focusout", (event) => {
    if (!form.contains(event.relatedTarget)) open(false);
  });
  // A press on an option must not take the focus out of the field before the click comes.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || writing(event.target)) return;
    field.focus();
    field.select();
    event.preventDefault();
  });
  list.addEventListener("htmx:afterSwap", (event) => {
    const chosen = active?.href;
    take(event.target.closest("[hx-get]"));
    // What one stood on may be drawn anew, by an answer that came late: one stands on it still, if it is still found.
    choose(options().find((each) => each.href === chosen) ?? null);
    said.textContent = groups.every((each) => each.hidden) ? said.dataset.nothing : "";
  });
  for (const fault of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    list.addEventListener(fault, (event) => missing(event.target.closest("[hx-get]")));
  }
}

// ---- where one is among the pages of the settings, in sight on a narrow screen too

document.querySelector(".callout-places [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// ---- the page /search

const sections = Array.from(document.querySelectorAll("[data-found] [hx-get]"));
const waiting = new Set(sections);

function arrived(section) {
  waiting.delete(section);
  if (!section.querySelector("a[href], [data-note]")) note(section, section.dataset.empty);
  const found = sections.some((each) => each.querySelector("a[href], [data-note=away]"));
  if (waiting.size || found) return;
  document.getElementById("nothing").hidden = false;
  document.getElementById("found").hidden = true;
}

function note(section, text, kind = "empty") {
  const line = document.createElement("div");
  line.className = "list-group-item text-secondary";
  line.dataset.note = kind;
  line.textContent = text;
  section.replaceChildren(line);
}

for (const section of sections) {
  section.addEventListener("htmx:afterSwap", () => arrived(section));
  for (const fault of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    section.addEventListener(fault, () => {
      note(section, section.dataset.away, "away");
      arrived(section);
    });
  }
}
