"use strict";

// Before anything is drawn: the colours that the browser asks for, where nobody chose others.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => { if (root.dataset.theme === "auto") root.dataset.bsTheme = dark.matches ? "dark" : "light"; };
  dark.addEventListener("change", follow);
  root.addEventListener("callout:theme", follow);
  follow();
})();
