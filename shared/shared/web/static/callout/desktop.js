// The device's own notifications, where the person wants them: only while no page of Callout can be seen.

import { local } from "./dom.js";
import { Leader } from "./leader.js";
import { halfTyped } from "./morph.js";
import { read, write } from "./store.js";

const KEY = "desktop";
const VISIBLE = "callout.visible"; // a lock that every visible tab shares
const leader = new Leader("desktop");

const open = new Set(); // those of this page that the device still shows

/** Browsers have both only on https and on this machine itself. */
export const possible = "Notification" in window && Boolean(navigator.locks) && window.isSecureContext;

/** "off", "on", "denied" by the browser, "impossible" here. */
export function state() {
  if (!possible) return "impossible";
  if (Notification.permission === "denied") return "denied";
  return read(KEY, false) && Notification.permission === "granted" ? "on" : "off";
}

/** Asks the browser for its permission, if it must. */
export async function turn(on) {
  if (on && possible && Notification.permission !== "granted") await Notification.requestPermission();
  write(KEY, on && possible && Notification.permission === "granted");
}

export async function notify(title, frame) {
  if (state() !== "on" || !document.hidden || (await seen()) || !(await leader.may(frame.id))) return;
  const note = new Notification(title, { body: frame.text, tag: frame.id, lang: document.documentElement.lang, dir: document.documentElement.dir || "auto" });
  open.add(note);
  note.addEventListener("close", () => open.delete(note));
  note.addEventListener("click", () => {
    note.close();
    window.focus();
    if (halfTyped(document.getElementById("content"))) window.open(local(frame.link), "_blank", "noopener");
    else location.assign(local(frame.link));
  });
}

/** The session is over: what they say is nobody's any more. */
export function closeNotes() {
  for (const note of open) note.close();
  open.clear();
}

async function seen() {
  const { held } = await navigator.locks.query();
  return held.some((lock) => lock.name === VISIBLE);
}

let hide = null; // gives the lock back, also one that is still asked for
function hold() {
  if (document.hidden) {
    hide?.();
    hide = null;
  } else if (!hide) {
    const hidden = new Promise((done) => { hide = done; });
    navigator.locks.request(VISIBLE, { mode: "shared" }, () => hidden);
  }
}

export function startDesktop() {
  if (!possible) return;
  leader.stand();
  hold();
  document.addEventListener("visibilitychange", hold);
  document.addEventListener("submit", (event) => { if (event.target.getAttribute("action") === "/logout") closeNotes(); });
}
