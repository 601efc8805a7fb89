// What this device remembers, for all its tabs; in a window without storage, for this page alone.

const PREFIX = "callout.";
const memory = new Map();
let disk = null;
try { disk = window.localStorage; } catch { /* a private window may forbid it: memory does */ }

export function read(key, otherwise = null) {
  try {
    const text = disk ? disk.getItem(PREFIX + key) : memory.get(key);
    return text === null || text === undefined ? otherwise : JSON.parse(text);
  } catch {
    return otherwise; // somebody else's hand was in it
  }
}

export function write(key, value) {
  const text = JSON.stringify(value);
  memory.set(key, text);
  try { disk?.setItem(PREFIX + key, text); } catch { disk = null; /* full: memory does from now on */ }
}

export function forget(key) {
  memory.delete(key);
  disk?.removeItem(PREFIX + key);
}

/** The keys that begin with this. */
export function keys(beginning) {
  const all = disk ? Object.keys(disk).filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length)) : [...memory.keys()];
  return all.filter((key) => key.startsWith(beginning));
}

/** Calls `told(key)` when another tab changed a key that begins with this. */
export function watch(beginning, told) {
  window.addEventListener("storage", (event) => {
    if (event.key?.startsWith(PREFIX + beginning)) told(event.key.slice(PREFIX.length));
  });
}
