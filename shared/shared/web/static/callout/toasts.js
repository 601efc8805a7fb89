// Notifications at the edge of the page. What is to do stays, in every tab of this device, until somebody closes it
// here, does it anywhere, or opens the page where it is done; the others fade. Once it was seen, later pages count it
// in one line that opens it again.

import { changed } from "./live.js";
import { commandId, element, local, send } from "./dom.js";
import { forget, keys, read, watch, write } from "./store.js";
import { say, time } from "./words.js";

const SHOWN = 12000; // milliseconds that a toast stays that asks nothing
const OLD = 24 * 3600 * 1000; // milliseconds after which one that nobody answered stays in the list alone
const GLANCE = 2000; // milliseconds in view after which a page that is left has shown it
const SEEN = 20000; // milliseconds in view after which the hand at the page has seen it
const AT_ONCE = 50; // that the server may be asked about
const KEPT = "toast."; // each waiting toast's place in the store
const GRAVE = new Set(["delivery_failed", "delivery_unknown", "event_not_applied", "bot_refused"]); // they stay too

const { body } = document;
const box = document.getElementById("toasts");
const narrow = matchMedia("(max-width: 575.98px)");
const most = () => (narrow.matches ? 1 : 3); // at once; the rest is counted
const shown = new Map(); // id → element, the newest last
const folded = new Map(); // id → a notification that was seen before this page, and is counted only
const inView = new Map(); // id → since when, of what waits

/** A notification. If it asks for something, this device remembers that, and whether it was seen; never what it says,
 * since a client's name may be in it. */
export function toast(frame) {
  if (!box || shown.has(frame.id) || folded.has(frame.id)) return;
  const actions = possible(frame);
  const stays = (actions.length > 0 || GRAVE.has(frame.kind)) && !leadsHere(frame);
  const before = stays && read(KEPT + frame.id);
  if (before?.seen) {
    folded.set(frame.id, frame);
    arrange();
    return;
  }
  if (stays && !before) note(frame);
  put(frame, actions, stays);
}

function note({ id, at, actions }, seen = false) {
  write(KEPT + id, { id, at, seen, asks: actions.length > 0, login: body.dataset.login });
}

function put(frame, actions, stays) {
  const made = card(frame, actions, stays);
  shown.set(frame.id, made);
  box.append(made);
  if (!stays) fade(made, () => remove(frame.id));
  arrange();
}

/** What a person's own deed brought about: a refusal, say. */
export function problem(sentence) {
  passing({ kind: "problem", text: sentence || say("try_again") }, [], say("problem"));
}

/** One line that leads to the list. */
export function summary(sentence) {
  const show = { label: say("show"), method: "GET", href: "/notifications" };
  passing({ kind: "missed", text: sentence, link: show.href }, [show]);
}

function passing(said, actions, title) {
  const frame = { id: commandId(), ...said };
  const made = card(frame, actions, false, title);
  shown.set(frame.id, made);
  box?.append(made);
  fade(made, () => remove(frame.id));
  arrange();
}

function possible(frame) {
  return (frame.actions ?? []).filter((action) => action.method === "GET" || body.dataset.role !== "viewer");
}

/** Whether this page is the one to which it leads. */
function leadsHere({ link, actions = [] }) {
  const there = [link, ...actions.filter((action) => action.method === "GET").map((action) => action.href)];
  return there.some((path) => path && local(path) === location.pathname + location.search);
}

function card(frame, actions, stays, title = stays && actions.length ? say("waits") : say("notification")) {
  const made = element("div", `toast show callout-toast${stays ? " callout-stays" : ""}`);
  made.dataset.kind = frame.kind;
  made.dataset.id = frame.id;
  made.setAttribute("role", stays ? "alert" : "status");
  const head = element("div", "callout-toast-head");
  const close = element("button", "btn-close");
  close.type = "button";
  close.setAttribute("aria-label", say("close"));
  close.addEventListener("click", () => dismiss(frame.id));
  head.append(element("span", "me-auto", title), element("span", "", frame.at ? time(frame.at) : ""), close);
  const text = element(frame.link ? "a" : "div", "toast-body text-reset", frame.text);
  text.dir = "auto";
  if (frame.link) text.href = local(frame.link);
  made.append(head, text);
  if (actions.length) {
    const list = element("div", "btn-list");
    actions.forEach((action, index) => list.append(button(action, frame, index === 0 ? "btn btn-sm btn-primary" : "btn btn-sm")));
    made.append(list);
  }
  return made;
}

function button(action, frame, className) {
  if (action.method === "GET") {
    const link = element("a", className, action.label);
    link.href = local(action.href);
    if (frame.kind !== "missed") link.addEventListener("click", () => dismiss(frame.id));
    return link;
  }
  const press = element("button", className, action.label);
  press.type = "button";
  const id = commandId(); // however often it is pressed, it is done once
  press.addEventListener("click", async () => {
    press.disabled = true;
    try {
      await send(local(action.href), { command_id: id }); // the person stays where they are
      dismiss(frame.id);
      changed();
    } catch (error) {
      press.disabled = false;
      if (error.asks) location.assign(error.asks);
      else problem(error.message);
    }
  });
  return press;
}

/** `away` is called after a while in which nobody had a hand on it. */
export function fade(made, away) {
  let timer = null;
  const begin = () => { clearTimeout(timer); timer = setTimeout(away, SHOWN); };
  for (const [stop, go] of [["mouseenter", "mouseleave"], ["focusin", "focusout"]]) {
    made.addEventListener(stop, () => clearTimeout(timer)); // somebody reads it
    made.addEventListener(go, begin);
  }
  begin();
}

function dismiss(id) {
  forget(KEPT + id);
  remove(id);
}

function remove(id) {
  shown.get(id)?.remove();
  shown.delete(id);
  folded.delete(id);
  inView.delete(id);
  arrange();
}

/** The newest are shown; how many more wait stands above them, or alone. */
function arrange() {
  if (!box) return;
  const all = Array.from(shown.values()).reverse();
  const order = [...all.filter((each) => each.matches(".callout-stays")), ...all.filter((each) => !each.matches(".callout-stays"))];
  const room = most();
  const visible = new Set([...all.slice(0, 1), ...order].slice(0, room + 1));
  while (visible.size > room) visible.delete(Array.from(visible).pop());
  for (const each of all) each.hidden = !visible.has(each);
  const hidden = all.filter((each) => each.hidden && each.matches(".callout-stays")).length;
  box.querySelector(".callout-more")?.remove();
  if (folded.size) box.prepend(unfolding(folded.size + hidden));
  else if (hidden) {
    const more = element("a", "callout-more btn btn-sm", say("more", { num: hidden }));
    more.href = "/notifications?show=waiting";
    box.prepend(more);
  }
  body.classList.toggle("callout-toasted", all.length > 0);
  body.classList.toggle("callout-counted", folded.size > 0);
  look();
}

function unfolding(num) {
  const line = element("button", "callout-more btn btn-sm", say("to_do", { num }));
  line.type = "button";
  line.addEventListener("click", () => {
    const frames = Array.from(folded.values());
    folded.clear();
    for (const frame of frames) put(frame, possible(frame), true);
    shown.get(frames.at(-1).id).querySelector("a, .btn").focus(); // the line is gone from under the cursor
  });
  return line;
}

// ---- what was seen

/** Notes since when each card is in view; one that is covered, or in a tab that nobody sees, is not. */
function look() {
  for (const [id, made] of shown) {
    if (document.hidden || made.hidden || !made.matches(".callout-stays")) inView.delete(id);
    else if (!inView.has(id)) inView.set(id, Date.now());
  }
}

/** Later pages only count what was in view so long. */
function seen(enough) {
  for (const [id, since] of inView) {
    if (Date.now() - since < enough) continue;
    inView.delete(id);
    const frame = read(KEPT + id);
    if (frame && !frame.seen) write(KEPT + id, { ...frame, seen: true });
  }
}

// ---- what this device still waits for

function kept() {
  return keys(KEPT).map((key) => read(key)).filter(Boolean);
}

/** Asks which of the kept ones are still to do, and lets go of the others; answers them as they are said now. */
async function ask() {
  for (const each of kept()) {
    const old = Date.now() - Date.parse(each.at) > OLD;
    if (each.login !== body.dataset.login || old) dismiss(each.id);
    else if (each.text) note(each, each.seen); // an older version kept its words
  }
  const asking = kept();
  const found = [];
  while (asking.length) {
    const some = asking.splice(0, AT_ONCE);
    const answer = await fetch(`/notifications/waiting?frames=1&ids=${some.map((each) => each.id).join()}`);
    if (!answer.ok) break;
    const { waiting, frames } = await answer.json();
    for (const each of some) {
      const frame = frames.find(({ id }) => id === each.id);
      if (!frame || (each.asks && !waiting.includes(each.id))) dismiss(each.id);
      else {
        found.push(frame);
        renew(frame);
      }
    }
  }
  return found;
}

/** It tells of more than when it came: one of many newcomers names all of them. Nothing sounds. */
function renew(frame) {
  if (folded.has(frame.id)) folded.set(frame.id, frame);
  const old = shown.get(frame.id);
  if (!old || old.querySelector(".toast-body").textContent === frame.text) return;
  const made = card(frame, possible(frame), true);
  made.hidden = old.hidden;
  old.replaceWith(made);
  shown.set(frame.id, made);
}

/** Nobody is logged in here any more. */
export function forgetAll() {
  for (const key of keys(KEPT)) forget(key);
}

/** What waited on the page before comes again. */
export async function restore() {
  if (!box) return;
  const frames = await ask().catch(() => []); // nobody is there: they come with the next page
  frames.sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
  for (const frame of frames) {
    if (leadsHere(frame)) dismiss(frame.id);
    else toast(frame);
  }
}

if (box) {
  body.addEventListener("callout:changed", () => { ask().catch(() => { /* it is asked again at the next change */ }); });
  watch(KEPT, (key) => { if (!read(key)) remove(key.slice(KEPT.length)); });
  narrow.addEventListener("change", arrange);
  document.addEventListener("visibilitychange", look);
  window.addEventListener("pagehide", () => seen(GLANCE));
  for (const hand of ["pointerdown", "pointermove", "keydown", "wheel"]) {
    window.addEventListener(hand, () => seen(SEEN), { capture: true, passive: true });
  }
}
