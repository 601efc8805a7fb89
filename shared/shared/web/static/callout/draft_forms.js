// What is half typed into a form outlives a reload, a lost session and a refusal.

import { forgetDraft, readDraft, writeDraft } from "./drafts.js";
import { seal, unseal } from "./seal.js";

const SOON = 150; // milliseconds
const FIELDS = "input:not([type=hidden]), select, textarea";

function values(form) {
  const found = {};
  for (const field of form.querySelectorAll(FIELDS)) {
    if (field.name && (field.type !== "radio" || field.checked)) found[field.name] = field.value;
  }
  return found;
}

function keep(form) {
  const { draft, seal: key } = form.dataset;
  const typed = { values: values(form), version: form.elements.version?.value };
  writeDraft(draft, form.elements.command_id?.value, seal(key, draft, typed));
}

function restore(form) {
  const { draft, seal: key } = form.dataset;
  const kept = readDraft(draft);
  if (!kept) return;
  const typed = unseal(key, draft, kept.sealed);
  if (typed) fill(form, typed, kept.id);
  else forgetDraft(draft); // it is somebody else's, or the installation has another secret now
}

function fill(form, typed, id) {
  let differs = false;
  for (const field of form.querySelectorAll(FIELDS)) {
    const value = typed.values[field.name];
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
  if (form.elements.version && typed.version) form.elements.version.value = typed.version; // what was seen then
  if (form.elements.command_id && id) form.elements.command_id.value = id; // carried out once, however often it is sent
  const notice = form.querySelector("[data-draft-notice]");
  if (differs && notice) notice.hidden = false;
}

function watch(form) {
  if (form.dataset.watched) return;
  form.dataset.watched = "1";
  let timer = null;
  const later = () => { clearTimeout(timer); timer = setTimeout(() => keep(form), SOON); };
  if ("fresh" in form.dataset) restore(form);
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  form.addEventListener("submit", () => { clearTimeout(timer); keep(form); });
  form.addEventListener("click", (event) => {
    if (!event.target.closest("[data-discard]")) return;
    clearTimeout(timer);
    forgetDraft(form.dataset.draft);
  });
}

export function startDrafts() {
  const look = () => { for (const form of document.querySelectorAll("form[data-draft]")) watch(form); };
  look();
  document.body.addEventListener("htmx:load", look);
}
