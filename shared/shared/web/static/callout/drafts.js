// Where half-typed forms are kept, and for how long: in this tab, until they are saved or given up, or somebody logs out
// in this browser. After a session that was lost the same person finds them again. They may hold a client's address, so
// they are sealed (seal.js); beside that stands only whose they are, since when, and of which form.

import { read as remembered, watch as follow, write as remember } from "./store.js";

const KEY = "callout.draft.";
const SAVED = /(?:^|; )(?:__Host-)?callout_saved=([^;]+)/; // the cookie with the id of the form that was carried out
const OUT = /(?:^|; )((?:__Host-)?callout_left)=/; // the cookie that says that somebody logged out
const LEFT = "left"; // in all tabs: when somebody logged out
const LONGEST = 7 * 24 * 3600 * 1000; // milliseconds, as long as a session may last
const { login } = document.body.dataset;
const began = Date.now();

let store = null;
try { store = window.sessionStorage; } catch { /* a private window may forbid it: then nothing is kept */ }

/** Whether somebody logged out since this page was opened. */
const isOver = () => remembered(LEFT, 0) >= began;

export function readDraft(name) {
  return read(KEY + name);
}

function read(key) {
  try {
    return JSON.parse(store.getItem(key));
  } catch {
    return null;
  }
}

/** id: of the form, as it will be sent; sealed: what was typed */
export function writeDraft(name, id, sealed) {
  if (isOver()) return;
  try { store?.setItem(KEY + name, JSON.stringify({ login, at: Date.now(), id, sealed })); } catch { /* full: nothing is kept */ }
}

export function forgetDraft(name) {
  store?.removeItem(KEY + name);
}

/** What was carried out is no longer half typed; what is somebody else's, or from before a log-out, is nobody's. */
function tidy() {
  const saved = document.cookie.match(SAVED)?.[1];
  const since = Math.max(remembered(LEFT, 0), Date.now() - LONGEST);
  for (const key of Object.keys(store ?? {})) {
    const kept = key.startsWith(KEY) ? read(key) : null;
    const good = kept?.sealed && kept.at > since && !(saved && kept.id === saved) && !(login && kept.login !== login);
    // htmx notes the address of the page, with what was looked for there.
    const foreign = !login && !key.startsWith("callout.");
    if (key.startsWith(KEY) ? !good : foreign || isOver()) store.removeItem(key);
  }
}

function leave() {
  remember(LEFT, Date.now());
  tidy();
}

/** By whatever way somebody logged out: the answer to it said so. */
function heedLogOut() {
  const name = document.cookie.match(OUT)?.[1];
  if (!name) return;
  document.cookie = `${name}=; Path=/; Max-Age=0; SameSite=Lax${name.startsWith("__Host-") ? "; Secure" : ""}`;
  remember(LEFT, Math.max(remembered(LEFT, 0), began - 1)); // before this page, on which one may type
}

/** For every page, so that nothing is kept longer than it may be. */
export function tidyDrafts() {
  heedLogOut();
  tidy();
  follow(LEFT, tidy);
  document.addEventListener("submit", (event) => {
    if (event.target.getAttribute("action") === "/logout") leave();
  });
}
