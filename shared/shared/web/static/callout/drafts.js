// What is half typed into a form outlives a reload, a lost session and a refusal: this tab keeps it, for this
// person, until it is saved or given up, or somebody logs out in this browser: it may hold a client's address.

import { read as remembered, watch as follow, write as remember } from "./store.js";

const KEY = "callout.draft.";
const SAVED = /(?:^|; )callout_saved=([^;]+)/; // the cookie with the id of the form that was carried out
const LEFT = "left"; // in all tabs: when somebody logged out
const SOON = 150; // milliseconds
const FIELDS = "input:not([type=hidden]), select, textarea";
const { login } = document.body.dataset;
const began = Date.now();

let store = null;
try { store = window.sessionStorage; } catch { /* a private window may forbid it: then nothing is kept */ }

const key = (form) => KEY + form.dataset.draft;

function read(name) {
  try {
    return JSON.parse(store.getItem(name));
  } catch {
    return null;
  }
}

function write(form, kept) {
  if (remembered(LEFT, 0) >= began) return; // this page is from before
  try { store?.setItem(key(form), JSON.stringify({ ...kept, login, at: Date.now() })); } catch { /* full: nothing is kept */ }
}

function forget(name) {
  store?.removeItem(name);
}

function values(form) {
  const found = {};
  for (const field of form.querySelectorAll(FIELDS)) {
    if (field.name && (field.type !== "radio" || field.checked)) found[field.name] = field.value;
  }
  return found;
}

function keep(form) {
  const id = form.elements.command_id?.value;
  write(form, { values: values(form), version: form.elements.version?.value, id });
}

function restore(form, kept) {
  let differs = false;
  for (const field of form.querySelectorAll(FIELDS)) {
    const value = kept.values[field.name];
    if (value === undefined) continue;
    if (field.type === "radio") {
      if (field.value !== value || field.checked || field.disabled) continue;
      field.checked = true;
    } else {
      if (field.value === value) continue;
      field.value = value;
    }
    differs = true;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  if (form.elements.version && kept.version) form.elements.version.value = kept.version; // what was seen then
  if (form.elements.command_id && kept.id) form.elements.command_id.value = kept.id; // carried out once, however often it is sent
  const notice = form.querySelector("[data-draft-notice]");
  if (differs && notice) notice.hidden = false;
}

function watch(form) {
  if (form.dataset.watched) return;
  form.dataset.watched = "1";
  let timer = null;
  const later = () => { clearTimeout(timer); timer = setTimeout(() => keep(form), SOON); };
  const kept = "fresh" in form.dataset ? read(key(form)) : null;
  if (kept) restore(form, kept);
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  form.addEventListener("submit", () => { clearTimeout(timer); keep(form); });
  form.addEventListener("click", (event) => {
    if (!event.target.closest("[data-discard]")) return;
    clearTimeout(timer);
    forget(key(form));
  });
}

/** What was carried out is no longer half typed; what is somebody else's, or from before a log-out, is nobody's. */
function tidy() {
  const saved = document.cookie.match(SAVED)?.[1];
  const left = remembered(LEFT, 0);
  for (const name of Object.keys(store ?? {}).filter((each) => each.startsWith(KEY))) {
    const kept = read(name);
    if (!kept || (saved && kept.id === saved) || kept.at <= left || (login && kept.login !== login)) forget(name);
  }
}

/** For every page, so that nothing is kept longer than it may be. */
export function tidyDrafts() {
  tidy();
  follow(LEFT, tidy);
  document.addEventListener("submit", (event) => {
    if (event.target.getAttribute("action") !== "/logout") return;
    remember(LEFT, Date.now());
    tidy();
  });
}

export function startDrafts() {
  const look = () => { for (const form of document.querySelectorAll("form[data-draft]")) watch(form); };
  look();
  document.body.addEventListener("htmx:load", look);
}
