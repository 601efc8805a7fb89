"""Puts each sentence of the code and the templates into every catalogue of shared/shared/locales.

    make words                  update all catalogues; what has no translation yet stands there empty
    make words LANGUAGE=fr      begin a new one: that file is all that a language needs

Nothing is guessed: a sentence that was reworded comes in anew, and what nobody says any more goes.
"""

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from shared.language import LOCALES

ROOT = Path(__file__).resolve().parent.parent
SAYING = ("shared/shared", "services", "deploy/local")
"""Where sentences for people stand."""
WAYS = [("**/templates/**.html", "jinja2"), ("**.py", "python")]
BEGUN = datetime(2026, 11, 22, tzinfo=UTC)  # one date for all: a catalogue changes when its sentences do


def sentences() -> Catalog:
    """Every sentence, with the files that it stands in."""
    found = _new()
    for place, message, comments, context in _extracted():
        found.add(message, locations=[(place, 0)], auto_comments=comments, context=context)
    return found


def catalogue(language: str) -> Catalog:
    """What is translated into this language so far."""
    path = LOCALES / f"{language}.po"
    if not path.exists():
        return _new(language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update(language: str, said: Catalog) -> Catalog:
    kept = catalogue(language)
    kept.update(said, no_fuzzy_matching=True)
    kept.obsolete.clear()
    with (LOCALES / f"{language}.po").open("wb") as file:
        write_po(file, kept, width=110, sort_by_file=True, include_lineno=False, ignore_obsolete=True)
    return kept


def untranslated(language: Catalog) -> list[str]:
    return [str(message.id) for message in language if message.id and not all(_forms(message.string))]


def _new(language: str | None = None) -> Catalog:
    return Catalog(
        locale=language,
        project="Callout",
        version="1",
        header_comment="# What Callout says. `make words` puts new sentences in.",
        copyright_holder="The Callout authors",
        msgid_bugs_address="the project's issues",
        last_translator="The Callout authors",
        language_team="The Callout authors",
        creation_date=BEGUN,
        revision_date=BEGUN,
        charset="utf-8",
        fuzzy=False,
    )


def _forms(string: str | Sequence[str] | None) -> tuple[str, ...]:
    return (string or "",) if isinstance(string, str | None) else tuple(string)


def _extracted() -> Iterator[tuple[str, str | tuple[str, ...], list[str], str | None]]:
    for folder in SAYING:
        for place, _line, message, comments, context in extract_from_dir(
            ROOT / folder, WAYS, {"**/templates/**.html": {"silent": "false"}}, DEFAULT_KEYWORDS
        ):
            yield f"{folder}/{place}", message, comments, context


def main() -> None:
    languages = sys.argv[1:] or sorted(path.stem for path in LOCALES.glob("*.po"))
    said = sentences()
    for language in languages:
        left = untranslated(update(language, said))
        print(f"{language}: {len(said)} sentences, {len(left)} without a translation")


if __name__ == "__main__":
    main()
