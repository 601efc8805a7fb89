// How what is on the page becomes what the server shows now, without taking anything from the person at it:
// what was typed or chosen stays, what was opened stays open, what the server did not send again stays.
/* global Idiomorph, htmx */

const FIELDS = "input, select, textarea";
const BUTTONS = new Set(["hidden", "submit", "button", "reset", "image", "file"]);

// ---- what the person has changed

const sent = new WeakSet(); // fields whose form was carried out: what is in them is no longer half typed
const kept = new WeakSet(); // fields that the morph now under way leaves alone
const chosen = new WeakMap(); // a kept select → its values

/** Whether the person has changed this field since the server filled it. */
export function typed(field) {
  if (sent.has(field)) return false;
  switch (field.tagName) {
    case "SELECT":
      return chosenAnew(field);
    case "TEXTAREA":
      return field.value !== field.defaultValue;
    default:
      if (field.type === "radio") return group(field).some((each) => each.checked !== each.defaultChecked);
      if (field.type === "checkbox") return field.checked !== field.defaultChecked;
      return !BUTTONS.has(field.type) && field.value !== field.defaultValue;
  }
}

/** Whether something else is selected than what would be if nobody had touched the select. */
function chosenAnew(select) {
  const options = Array.from(select.options);
  if (select.multiple) return options.some((option) => option.selected !== option.defaultSelected);
  const marked = options.findLast((option) => option.defaultSelected);
  const offered = marked ?? options.find((option) => !option.disabled) ?? options[0];
  return Boolean(offered) && !offered.selected;
}

function group(radio) {
  const root = radio.form ?? document;
  return Array.from(root.querySelectorAll("input[type=radio]")).filter((each) => each.name === radio.name && each.form === radio.form);
}

/** Whether something half typed is in this part: in a field with a name, since others are sent nowhere. */
export function halfTyped(part) {
  const fields = [...(part.matches(FIELDS) ? [part] : []), ...part.querySelectorAll(FIELDS)];
  return fields.some((field) => field.name && typed(field));
}

document.addEventListener("input", (event) => sent.delete(event.target), true);

/** The form was carried out: its fields follow the server again. */
export function done(form) {
  for (const field of form.elements ?? []) sent.add(field);
}

// ---- what the person has opened: Bootstrap, and our own menus, write it into these attributes

const OPENED = ".collapse, .collapsing, .modal, .offcanvas, .dropdown-menu, .tab-pane, [data-bs-toggle], [data-menu]";
const STATE = ["show", "showing", "active", "collapsed", "collapsing"];
const OWN = new Set(["style", "aria-expanded", "aria-selected", "aria-hidden", "aria-modal", "role", "tabindex", "data-popper-placement", "data-bs-popper"]);

function takeClasses(there, fresh) {
  const tab = there.matches(".tab-pane, [data-bs-toggle=tab], [data-bs-toggle=pill]");
  const state = STATE.filter((name) => name !== "active" || tab);
  const wanted = new Set(Array.from(fresh.classList).filter((name) => !state.includes(name)));
  for (const name of state) if (there.classList.contains(name)) wanted.add(name);
  const text = Array.from(wanted).join(" ");
  if (there.className !== text) there.className = text;
}

// ---- what a fragment of another service, or a script, has put there

function filledByItself(there, fresh) {
  const when = there.getAttribute("hx-trigger") ?? "";
  return /\b(load|revealed|intersect)\b/.test(when) && there.getAttribute("hx-get") === fresh.getAttribute("hx-get");
}

/** What a script draws, such as a chart: it gets the fresh attributes, and is told. */
function drawnByScript(there, fresh) {
  for (const { name, value } of fresh.attributes) if (there.getAttribute(name) !== value) there.setAttribute(name, value);
  there.dispatchEvent(new CustomEvent("callout:morphed"));
}

Object.assign(Idiomorph.defaults.callbacks, {
  beforeNodeMorphed(there, fresh) {
    if (there.nodeType !== Node.ELEMENT_NODE || fresh.nodeType !== Node.ELEMENT_NODE) return true;
    if (filledByItself(there, fresh)) return false;
    if (there.hasAttribute("data-drawn") && fresh.hasAttribute("data-drawn")) {
      drawnByScript(there, fresh);
      return false;
    }
    if (there.tagName === "SELECT") {
      if (there === document.activeElement) return false; // its list may be open
      if (kept.has(there)) chosen.set(there, Array.from(there.selectedOptions, (option) => option.value));
    }
    return true;
  },
  afterNodeMorphed(there, fresh) {
    if (there.nodeType !== Node.ELEMENT_NODE) return;
    if (there.matches(OPENED)) takeClasses(there, fresh);
    const values = chosen.get(there);
    if (values) {
      chosen.delete(there);
      const still = Array.from(there.options).filter((option) => values.includes(option.value));
      if (still.length) for (const option of there.options) option.selected = still.includes(option);
    }
  },
  beforeAttributeUpdated(name, there) {
    if (name === "open") return !there.matches("details, dialog");
    if (name === "class" || OWN.has(name)) return !there.matches(OPENED);
    if (name === "selected") return !kept.has(there.closest("select"));
    if (name === "value" || name === "checked") return !kept.has(there);
    return true;
  },
});

function noteWhatIsTyped() {
  for (const field of document.querySelectorAll(FIELDS)) {
    if (typed(field)) kept.add(field);
    else kept.delete(field);
  }
}

/** Makes `there` what the server shows now. What is half typed stays, even where the server no longer has it. */
export function morph(there, fresh) {
  noteWhatIsTyped();
  const { id } = there;
  Idiomorph.morph(there, fresh, {
    morphStyle: "outerHTML",
    callbacks: { beforeNodeRemoved: (node) => node.nodeType !== Node.ELEMENT_NODE || !halfTyped(node) },
  });
  const now = document.getElementById(id);
  htmx.process(now);
  now.dispatchEvent(new CustomEvent("callout:morphed", { bubbles: true }));
}

document.body.addEventListener("htmx:beforeSwap", (event) => {
  const { requestConfig, elt, xhr } = event.detail;
  if (requestConfig.verb !== "get" && xhr.status < 400 && elt.tagName === "FORM") done(elt);
  noteWhatIsTyped();
});
