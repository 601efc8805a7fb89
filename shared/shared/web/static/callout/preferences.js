// Colours take effect at once, in all tabs; the server keeps the choice in a cookie, so no page flashes.

import { send } from "./dom.js";
import { read, watch, write } from "./store.js";
import { problem } from "./toasts.js";

const KEY = "theme";
const root = document.documentElement;

function wear(theme) {
  root.dataset.theme = theme;
  if (theme !== "auto") root.dataset.bsTheme = theme;
  root.dispatchEvent(new CustomEvent("callout:theme")); // for theme.js, and for what draws with colours
  for (const button of document.querySelectorAll("button[name=theme]")) {
    button.classList.toggle("active", button.value === theme);
    if (button.value === theme) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}

export function startPreferences() {
  document.addEventListener("submit", async (event) => {
    const theme = event.submitter?.name === "theme" && event.submitter.value;
    if (!theme || !event.target.matches("form[action='/preferences']")) return;
    event.preventDefault();
    wear(theme);
    write(KEY, theme);
    await send("/preferences", { theme }).catch((error) => problem(error.message));
  });
  watch(KEY, () => wear(read(KEY, "auto")));
}
