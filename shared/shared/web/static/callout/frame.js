// The bar above every page: whether it is live, and its sound.

import { change, enable, settings, state, whenChanged } from "./sounds.js";
import { say } from "./words.js";

const COLOURS = { connecting: "secondary", live: "green", reconnecting: "yellow", offline: "orange", out: "red" };

export function showState(name) {
  const sign = document.getElementById("connection");
  if (!sign) return;
  sign.className = `status status-${COLOURS[name]} callout-live`;
  sign.dataset.state = name;
  sign.title = name === "connecting" ? "" : say(`${name}_why`);
  sign.querySelector("[data-text]").textContent = say(name);
  sign.querySelector(".status-dot").classList.toggle("status-dot-animated", name === "reconnecting" || name === "offline");
}

export function startSoundMenu() {
  const menu = document.getElementById("sound");
  if (!menu || !window.AudioContext) return;
  const ask = document.getElementById("enable-sound");
  const mute = menu.querySelector("[data-mute]");
  const volume = menu.querySelector("input[type=range]");
  const show = () => {
    const now = state();
    menu.dataset.state = now;
    menu.querySelector("[data-bs-toggle]").setAttribute("aria-label", say(now === "starting" ? "sound_on" : `sound_${now}`));
    ask.hidden = now !== "blocked";
    mute.checked = !settings().muted;
    volume.value = Math.round(settings().volume * 100);
  };
  mute.addEventListener("change", () => (mute.checked ? enable() : change({ muted: true })));
  volume.addEventListener("input", () => change({ volume: volume.value / 100 }));
  ask.addEventListener("click", enable);
  menu.hidden = false;
  whenChanged(show);
  show();
}
