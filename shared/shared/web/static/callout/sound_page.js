// The page /settings/sounds: what each kind sounds like, how loud, and the device's own notifications.

import { state as desktop, turn } from "./desktop.js";
import { change, changeKind, enable, ofKind, sample, settings, state, whenChanged } from "./sounds.js";
import { say } from "./words.js";

export function startSoundPage() {
  const page = document.getElementById("sounds");
  if (!page) return;
  const all = page.querySelector("#all-sounds");
  const volume = page.querySelector("#volume");
  const blocked = page.querySelector("#blocked");
  const rows = Array.from(page.querySelectorAll("[data-kind]"), (row) => ({
    kind: row.dataset.kind,
    row,
    on: row.querySelector("input[type=checkbox]"),
    volume: row.querySelector("input[type=range]"),
  }));

  const show = () => {
    const { muted, volume: loud } = settings();
    all.checked = !muted;
    volume.value = Math.round(loud * 100);
    blocked.hidden = state() !== "blocked";
    for (const each of rows) {
      const own = ofKind(each.kind);
      each.on.checked = !own.muted;
      each.volume.value = Math.round(own.volume * 100);
      each.volume.disabled = own.muted;
      each.row.classList.toggle("callout-muted", own.muted || muted);
    }
  };

  all.addEventListener("change", () => (all.checked ? enable() : change({ muted: true })));
  volume.addEventListener("input", () => change({ volume: volume.value / 100 }));
  volume.addEventListener("change", () => sample("task_accepted"));
  blocked.querySelector("button").addEventListener("click", enable);
  for (const each of rows) {
    each.row.querySelector("button").addEventListener("click", () => sample(each.kind));
    each.on.addEventListener("change", () => changeKind(each.kind, { muted: !each.on.checked }));
    each.volume.addEventListener("input", () => changeKind(each.kind, { volume: each.volume.value / 100 }));
    each.volume.addEventListener("change", () => sample(each.kind));
  }
  whenChanged(show);
  show();

  const notes = page.querySelector("#desktop");
  const why = page.querySelector("#desktop-why");
  const showDesktop = () => {
    const now = desktop();
    notes.checked = now === "on";
    notes.disabled = now === "impossible" || now === "denied";
    why.textContent = say(`desktop_${now}`);
  };
  notes.addEventListener("change", async () => { await turn(notes.checked); showDesktop(); });
  window.addEventListener("focus", showDesktop);
  showDesktop();
}
