"use strict";

// The server draws the page. This script fetches it again whenever something has changed, and puts in what
// is different: messages by their number, everything else by region.

const $ = (selector, root = document) => root.querySelector(selector);
const talk = () => $("#talk");
const address = () => new URL(location.href);
const person = () => document.body.dataset.person;
const inGroup = () => document.body.dataset.group === "true";
const waiting = new Map(); // message number → the button that was pressed and not yet answered

async function send(path, body, method = "POST") {
  const answer = await fetch(path, {
    method,
    headers: { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    toast(content.detail || "That did not work.", true);
    throw new Error(content.detail);
  }
  return content;
}

const mine = (action, body) => send(`/phone/people/${person()}/${action}`, body);

// ── Keeping fresh ──────────────────────────────────────────────────────────

let refreshing = false;
let again = false;

async function refresh() {
  if (refreshing) { again = true; return; }
  refreshing = true;
  try {
    const answer = await fetch(address(), { headers: { Accept: "text/html" } });
    if (answer.ok) adopt(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } finally {
    refreshing = false;
    if (again) { again = false; refresh(); }
  }
}

function adopt(fresh) {
  const moved = fresh.body.dataset.person !== person() || fresh.body.dataset.group !== document.body.dataset.group;
  Object.assign(document.body.dataset, fresh.body.dataset);
  for (const name of ["people", "head", "storms", "storm-list"]) replace($(`#${name}`), $(`#${name}`, fresh));
  const foot = $("#foot"), freshFoot = $("#foot", fresh);
  if (moved || foot.dataset.state !== freshFoot.dataset.state) replace(foot, freshFoot);
  if (moved) { waiting.clear(); talk().replaceChildren(); }
  merge(talk(), $("#talk", fresh), moved);
  dress();
}

function replace(old, fresh) {
  const now = document.adoptNode(fresh);
  if (old.dataset.drawn === now.innerHTML) return;
  now.dataset.drawn = now.innerHTML;
  const open = old.querySelector("details[open]")?.id;
  old.replaceWith(now);
  if (open) document.getElementById(open)?.setAttribute("open", "");
}

function merge(list, fresh, quiet) {
  const low = list.scrollHeight - list.scrollTop - list.clientHeight < 120;
  const wanted = new Map([...fresh.children].map((one) => [one.dataset.key, one]));
  for (const old of [...list.children]) {
    if (!wanted.has(old.dataset.key)) leave(old);
  }
  let place = null;
  for (const [key, now] of wanted) {
    const html = now.outerHTML;
    let here = [...list.children].find((one) => one.dataset.key === key && !one.classList.contains("leaving"));
    if (!here || here.drawn !== html) {
      const next = document.adoptNode(now);
      next.drawn = html;
      if (here) here.replaceWith(next);
      else if (!quiet && list.drawnOnce) next.classList.add("arriving");
      here = next;
    }
    const after = place ? place.nextSibling : list.firstChild;
    if (after !== here) list.insertBefore(here, after);
    place = here;
  }
  if (!list.drawnOnce || quiet || low) list.scrollTop = list.scrollHeight;
  list.drawnOnce = true;
}

function leave(node) {
  if (node.classList.contains("leaving")) return;
  node.classList.add("leaving");
  const gone = () => node.remove();
  node.addEventListener("animationend", gone, { once: true });
  setTimeout(gone, 400);
}

// ── What the server cannot know: this browser's clock, and what was read here ─

const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat([], { day: "numeric", month: "long" });

function dress() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = new Date(time.getAttribute("datetime"));
    if (time.classList.contains("day")) {
      time.textContent = at.toDateString() === new Date().toDateString() ? "Today" : day.format(at);
    } else {
      time.textContent = clock.format(at);
    }
  }
  for (const row of document.querySelectorAll("#people [data-person]")) {
    const seen = `seen.${row.dataset.person}`, last = Number(row.dataset.last);
    if (row.dataset.person === person() && !inGroup()) localStorage.setItem(seen, last);
    row.classList.toggle("unread", last > Number(localStorage.getItem(seen) || 0));
  }
  for (const [message, data] of waiting) {
    const button = pressed(message, data);
    if (button) button.classList.add("busy");
  }
}

const pressed = (message, data) =>
  [...document.querySelectorAll(`#m${message} [data-tap]`)].find((one) => one.dataset.tap === data);

let typing = 0;

function heard({ data }) {
  const news = JSON.parse(data);
  const here = news.chat === (inGroup() ? document.body.dataset.groupId : person());
  if (news.kind === "still here") return;
  if (news.kind === "typing") {
    if (!here) return;
    document.body.classList.add("typing");
    clearTimeout(typing);
    typing = setTimeout(() => document.body.classList.remove("typing"), 5000);
    return;
  }
  if (news.kind === "answer") {
    if (!here || news.person !== person()) return;
    answered(news.message);
    if (news.text) (news.alert ? alertBox : toast)(news.text);
    return;
  }
  if (here) document.body.classList.remove("typing");
  refresh();
}

function answered(message) {
  const data = waiting.get(message);
  waiting.delete(message);
  if (data !== undefined) pressed(message, data)?.classList.remove("busy");
}

function toast(words, wrong = false) {
  const box = $("#toast");
  box.textContent = words;
  box.classList.toggle("wrong", wrong);
  box.classList.add("shown");
  clearTimeout(box.timer);
  box.timer = setTimeout(() => box.classList.remove("shown"), 3500);
}

function alertBox(words) {
  $("#alert p").textContent = words;
  $("#alert").showModal();
}

// ── What people do ─────────────────────────────────────────────────────────

function go(url) {
  history.pushState(null, "", url);
  document.body.classList.remove("choosing");
  refresh();
}

async function say(text) {
  const field = $("#words");
  const asked = $("#foot").dataset.asked;
  await mine("messages", { text, group: inGroup(), reply_to: asked ? Number(asked) : null });
  if (field) { field.value = ""; grow(field); field.focus(); }
  if (address().searchParams.has("reply")) reply("");
  talk().scrollTop = talk().scrollHeight;
}

function reply(message) {
  go(`/?person=${person()}${inGroup() ? "&group=1" : ""}${message && `&reply=${message}`}`);
}

async function tap(button) {
  const message = Number(button.closest("[data-message]").dataset.message), data = button.dataset.tap;
  if (button.classList.contains("busy")) return;
  waiting.set(message, data);
  button.classList.add("busy");
  setTimeout(() => { if (waiting.get(message) === data) answered(message); }, 15000);
  try { await mine("taps", { message_id: message, data, group: inGroup() }); } catch { answered(message); }
}

function grow(field) {
  field.rows = 1;
  while (field.rows < 6 && field.scrollHeight > field.clientHeight + 2) field.rows += 1;
}

const ACTIONS = {
  start: () => mine("start"),
  block: () => mine("block"),
  unblock: () => mine("unblock"),
  deactivate: async () => { if (await sure()) await mine("deactivate"); },
  restore: () => mine("restore"),
  people: () => document.body.classList.toggle("choosing"),
  calm: () => send("/phone/weather", { storms: [] }, "PUT"),
};

function sure() {
  const box = $("#sure");
  box.returnValue = "";
  box.showModal();
  return new Promise((done) => box.addEventListener("close", () => done(box.returnValue === "yes"), { once: true }));
}

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-do], [data-tap], [data-say], [data-reply], a[data-go], .spoiler");
  for (const open of document.querySelectorAll("details.menu[open]")) {
    if (!open.contains(event.target) || target) open.removeAttribute("open");
  }
  if (!target) return;
  if (target.matches(".spoiler")) target.classList.toggle("open");
  else if (target.matches("a[data-go]")) {
    if (event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    go(target.href);
  } else if (target.dataset.do) Promise.resolve(ACTIONS[target.dataset.do]()).catch(() => {});
  else if (target.dataset.tap !== undefined) tap(target);
  else if (target.dataset.reply !== undefined) reply(target.dataset.reply);
  else if (target.dataset.say !== undefined) say(target.dataset.say).catch(() => {});
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method === "dialog") return;
  event.preventDefault();
  const given = Object.fromEntries(new FormData(form));
  if (form.id === "composer") {
    if (given.text.trim()) say(given.text).catch(() => {});
  } else if (form.id === "new-person") {
    send("/phone/people", given).then((one) => {
      form.reset();
      $("#add").removeAttribute("open");
      go(`/?person=${one.id}`);
    }, () => {});
  } else if (form.id === "new-storm") {
    send("/phone/weather", { ...given, times: Number(given.times), retry_after: Number(given.retry_after) }).catch(() => {});
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const open of document.querySelectorAll("details.menu[open]")) open.removeAttribute("open");
  if (event.target.id === "words" && event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
});

document.addEventListener("input", (event) => { if (event.target.id === "words") grow(event.target); });

for (const kind of ["copy", "cut", "contextmenu", "dragstart"]) {
  document.addEventListener(kind, (event) => {
    const at = kind === "copy" || kind === "cut" ? getSelection().anchorNode?.parentElement : event.target;
    if (at?.closest?.(".protected")) { event.preventDefault(); toast("The bot does not allow copying from here."); }
  });
}

addEventListener("popstate", refresh);

for (const one of talk().children) one.drawn = one.outerHTML;
talk().drawnOnce = true;
dress();
talk().scrollTop = talk().scrollHeight;

// "hello" comes at each (re)connection, so that nothing is missed in between.
// A browser keeps six connections to one address: a tab that nobody looks at gives its own back.
let live = null;

function listen() {
  if (document.hidden) {
    live?.close();
    live = null;
    document.body.classList.remove("live");
  } else if (!live) {
    live = new EventSource("/phone/live");
    live.onmessage = heard;
    live.onerror = () => document.body.classList.add("offline");
    live.onopen = () => { document.body.classList.remove("offline"); document.body.classList.add("live"); };
  }
}

document.addEventListener("visibilitychange", listen);
listen();
