// The socket: live, and after a break first what was missed.

const PATIENCE = [300, 700, 1500, 3000, 5000, 10000]; // milliseconds between two tries to connect
const BEAT = 20000; // milliseconds of silence after which the page asks whether the other side is there
const DEAF = 8000; // milliseconds that the answer may take
const LOOK = 2000; // milliseconds between two looks at how long it has been silent
const LEAVING = 5000; // milliseconds that the way to another page may take
const ENDED = 4401; // the session is over
const TAB = "callout.last"; // of this tab: the last notification that it got, or that was there when it came

/**
 * told.state(name)          connecting, live, reconnecting, offline, out
 * told.came(frame)          one notification
 * told.caughtUp(frames, missed, broken)  what came while the page was not connected: at most a hundred frames, and
 *                           how many there were; broken: this page had been live before
 * told.changed()            something changed somewhere
 */
export function listen(path, told) {
  const known = new Set();
  let socket = null;
  let retry = null;
  let tries = 0;
  let left = 0;
  let heard = 0;
  let asked = 0;
  let before = false; // this page was live at least once
  let waiting = null; // the frames until the other side says that those are all

  function connect() {
    clearTimeout(retry);
    const url = new URL(path, location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    url.searchParams.set("live", "1");
    if (last()) url.searchParams.set("after", last());
    const mine = new WebSocket(url);
    let opened = false;
    socket = mine;
    waiting = [];
    mine.addEventListener("open", () => { opened = true; heard = Date.now(); asked = 0; });
    mine.addEventListener("message", (message) => { if (socket === mine) receive(JSON.parse(message.data)); });
    mine.addEventListener("close", (event) => { if (socket === mine) lost(event.code, opened); });
  }

  function receive(frame) {
    heard = Date.now();
    asked = 0;
    if (frame.kind === "pong") return;
    if (frame.kind === "changed") { told.changed(); return; }
    if (frame.kind === "live") { live(frame); return; }
    remember(frame.id);
    if (known.has(frame.id)) return;
    known.add(frame.id);
    if (waiting) waiting.push(frame);
    else told.came(frame);
  }

  function live({ missed, last: newest }) {
    if (newest) remember(newest);
    const frames = waiting;
    const broken = before;
    waiting = null;
    before = true;
    tries = 0;
    told.state("live");
    if (frames.length) told.caughtUp(frames, missed, broken);
    told.changed(); // since the page was drawn, or since the break
  }

  async function lost(code, opened) {
    socket = null;
    if (code === ENDED || (!opened && tries % 3 === 2 && (await loggedOut()))) {
      told.state("out");
      if (Date.now() - left < LEAVING) return; // this page logged out by itself and is on its way
      location.assign("/login?next=" + encodeURIComponent(location.pathname + location.search));
      return;
    }
    if (socket) return; // it was tried again meanwhile
    told.state(navigator.onLine ? "reconnecting" : "offline");
    const wait = PATIENCE[Math.min(tries++, PATIENCE.length - 1)];
    retry = setTimeout(connect, wait * (0.75 + Math.random() / 2));
  }

  /** Gives the socket up at once: closing one whose other side is gone takes the browser minutes. */
  function drop() {
    const old = socket;
    socket = null;
    old?.close();
    lost(0, true);
  }

  function look() {
    if (socket?.readyState !== WebSocket.OPEN) return;
    const now = Date.now();
    if (asked && now - asked > DEAF) drop();
    else if (!asked && now - heard > BEAT) ask(now);
  }

  function ask(now) {
    asked = now;
    socket.send("ping");
  }

  window.addEventListener("beforeunload", () => { left = Date.now(); });
  window.addEventListener("offline", () => { if (socket) drop(); else told.state("offline"); });
  window.addEventListener("online", () => { tries = 0; if (!socket) connect(); });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    if (!socket && retry) { tries = 0; connect(); }
    else if (socket?.readyState === WebSocket.OPEN && !asked) ask(Date.now());
  });
  setInterval(look, LOOK);
  told.state("connecting");
  connect();
}

async function loggedOut() {
  try {
    const answer = await fetch("/notifications/bell", { redirect: "manual" });
    return answer.type === "opaqueredirect" || answer.status === 401;
  } catch {
    return false; // nobody is there at all
  }
}

function last() {
  try { return sessionStorage.getItem(TAB); } catch { return null; }
}

function remember(id) {
  try { sessionStorage.setItem(TAB, id); } catch { /* a private window: after a break it begins with what is new */ }
}
