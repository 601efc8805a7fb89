// The sentences of the scripts, in the reader's language; the page brings them along (shared/web/script_words.py).

const brought = document.getElementById("words");
const sentences = brought ? JSON.parse(brought.dataset.words) : {};
const language = document.documentElement.lang || "en";
const plural = new Intl.PluralRules(language);

/** The sentence of that name. `%(name)s` is filled in; one that counts `num` has a form for each plural. */
export function say(name, values = {}) {
  const found = sentences[name];
  const sentence = typeof found === "object" ? (found[plural.select(values.num)] ?? found.other) : found;
  return (sentence ?? name).replace(/%\((\w+)\)s/g, (_, key) => values[key]);
}

const clock = new Intl.DateTimeFormat(`${language}-u-nu-latn`, {
  hour: "2-digit",
  minute: "2-digit",
  hour12: false,
  timeZone: document.body.dataset.zone || undefined,
});

/** "14:05" in the site's zone. */
export function time(moment) {
  return clock.format(new Date(moment));
}
