// While somebody holds something, nothing on the page may move: a card that is dragged, a button that is pressed.

const holding = new Set();
const eager = new Set();

export function held() {
  return holding.size > 0;
}

/** Calls `told` each time the hands become free. */
export function whenFree(told) {
  eager.add(told);
}

export function hold(what) {
  holding.add(what);
}

export function release(...what) {
  let freed = false;
  for (const each of what) freed = holding.delete(each) || freed;
  // After the press, or the drop, has had its effect.
  if (freed && !holding.size) setTimeout(() => { if (!holding.size) for (const told of eager) told(); });
}

const early = { capture: true, passive: true };
// After all others: a drag that a page's own script forbids never ends.
window.addEventListener("dragstart", (event) => { if (!event.defaultPrevented) hold("drag"); });
document.addEventListener("dragend", () => release("drag", "pointer"), early);
document.addEventListener("pointerdown", () => { holding.delete("drag"); hold("pointer"); }, early);
document.addEventListener("pointerup", () => release("pointer"), early);
document.addEventListener("pointercancel", () => release("pointer"), early);
document.addEventListener("contextmenu", () => release("pointer"), early);
document.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse" && !event.buttons) release("pointer"); }, early);
window.addEventListener("blur", () => release("pointer"));
