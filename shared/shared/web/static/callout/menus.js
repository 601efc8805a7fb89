// Menus: one at a time, closed by Escape or a click elsewhere, never cut off at an edge. A menu of a page opens
// without a script too; that of a card is fetched when it is opened, and without a script its link leads to the task.

const ITEMS = ".dropdown-item:not([disabled])";
const KEYS = new Set(["Escape", "ArrowDown", "ArrowUp"]);
const shared = document.getElementById("card-menu"); // shows the menu of one card

let opened = null; // {button, list, close()}
let asked = null; // the link of the card whose menu was asked for last

function place() {
  const { button, list } = opened;
  const at = button.getBoundingClientRect();
  const below = at.bottom + 4;
  list.style.position = "fixed";
  list.style.maxHeight = `${Math.max(innerHeight - below, at.top - 4) - 8}px`; // all there is, where it is wanted
  const { offsetWidth: wide, offsetHeight: high } = list;
  const toTheRight = (document.documentElement.dir === "rtl") === list.matches(".dropdown-menu-end, .callout-card-menu");
  const left = toTheRight ? at.left : at.right - wide;
  list.style.top = `${below + high <= innerHeight ? below : Math.max(8, at.top - 4 - high)}px`;
  list.style.left = `${Math.min(Math.max(8, left), innerWidth - wide - 8)}px`;
  list.style.right = "auto";
}

function open(menu) {
  shut();
  opened = menu;
  place();
}

function shut(back = false) {
  if (!opened) return;
  const { button, close } = opened;
  opened = null;
  close();
  if (back) button.focus();
}

async function openCard(link) {
  asked = link;
  const answer = await fetch(`${link.getAttribute("href")}/menu`, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) { // gone, or logged out: that page says so
    location.assign(link.href);
    return;
  }
  const html = await answer.text();
  if (asked !== link) return; // another one was opened meanwhile
  shut();
  shared.innerHTML = html;
  shared.classList.add("show");
  link.setAttribute("aria-expanded", "true");
  open({
    button: link,
    list: shared,
    close() {
      shared.classList.remove("show");
      link.setAttribute("aria-expanded", "false");
    },
  });
  shared.querySelector(ITEMS)?.focus({ preventScroll: true });
}

function step(by) {
  const items = Array.from(opened.list.querySelectorAll(ITEMS));
  const at = items.indexOf(document.activeElement);
  items.at((at + by + (at < 0 && by < 0 ? 1 : 0)) % items.length)?.focus();
}

export function startMenus() {
  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (!menu.matches?.("details.callout-menu")) return;
    const button = menu.querySelector("summary");
    if (menu.open) open({ button, list: menu.querySelector(".dropdown-menu"), close: () => { menu.open = false; } });
    else if (opened?.button === button) opened = null;
  }, true);
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-menu]");
    if (link && shared && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      if (opened?.button === link) shut();
      else openCard(link);
      return;
    }
    if (opened && !opened.button.contains(event.target) && (!opened.list.contains(event.target) || event.target.closest(".dropdown-item"))) shut();
  });
  // Before Bootstrap, which takes every list of this look for one of its own.
  window.addEventListener("keydown", (event) => {
    if (!opened) return;
    const here = opened.list.contains(document.activeElement) || opened.button === document.activeElement;
    if (event.key === "Tab" && opened.list === shared && here) shut(true);
    if (!KEYS.has(event.key) || !(here || event.key === "Escape")) return;
    event.stopPropagation();
    if (event.key === "Escape") shut(here);
    else if (event.target.matches("input, select, textarea")) return;
    else step(event.key === "ArrowDown" ? 1 : -1);
    event.preventDefault();
  }, true);
  document.addEventListener("scroll", (event) => { if (opened && !opened.list.contains(event.target)) place(); }, { capture: true, passive: true });
  window.addEventListener("resize", () => { if (opened) place(); });
}
