// A chosen logo is uploaded at once, in its own card: Save, beside it, is another form's, and would lose the file.

import { say } from "./words.js";

async function upload(form) {
  const card = form.closest(".card");
  const chosen = form.querySelector("[type=file]");
  const said = form.querySelector("[data-said]");
  const answer = await fetch(form.action, { method: "POST", headers: { Accept: "text/html" }, body: new FormData(form) }).catch(() => null);
  const page = new DOMParser().parseFromString((await answer?.text()) ?? "", "text/html");
  const fresh = page.getElementById(card.id);
  if (fresh) {
    card.replaceWith(fresh);
    fresh.querySelector("[type=file]").focus({ preventScroll: true });
    return;
  }
  form.querySelector("[role=status]")?.remove();
  chosen.value = ""; // the same one can be chosen again
  chosen.classList.add("is-invalid");
  said.textContent = page.querySelector("#content [role=alert]")?.textContent ?? say("try_again");
}

document.addEventListener("change", (event) => {
  if (event.target.matches("form[data-at-once] [type=file]") && event.target.files.length) event.target.form.requestSubmit();
});
document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-at-once]")) return;
  event.preventDefault();
  upload(event.target);
});
