"""Everything that Callout says, it says in each of its languages."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from babel.dates import format_datetime
from babel.messages.catalog import Message

from shared import language
from shared.language import LOCALES, N_, _, direction, locale, ngettext, speaking, word, words
from shared.money import money
from shared.sentences import kept_failing, stored
from tests.words import WORDS

LANGUAGES = sorted(path.stem for path in LOCALES.glob("*.po"))
PLACES = re.compile(r"%\(\w+\)s|%%|</?[a-z]+>|/[a-z]+\b(?=[ .]|$)")
"""What a translation must keep: the values, Telegram's tags, the bot's commands."""


def forms(message: Message) -> list[tuple[str, str]]:
    """(what is said in English, one of its translations)."""
    if isinstance(message.id, str):
        return [(message.id, str(message.string))]
    return [(message.id[1], form) for form in message.string or ()]


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_sentence_is_translated(tag: str) -> None:
    """A new sentence without a translation fails here: `make words` puts it in, a person writes it."""
    kept = WORDS.catalogue(tag)
    assert WORDS.untranslated(kept) == []
    said = {message.id for message in WORDS.sentences() if message.id}
    known = {message.id for message in kept if message.id}
    assert said == known, "run `make words`"


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_translation_keeps_every_value_and_tag(tag: str) -> None:
    """Nothing that is filled in gets lost; only a count may be left out, where the form itself says it."""
    for message in WORDS.catalogue(tag):
        for english, translated in forms(message) if message.id else ():
            wanted, found = sorted(PLACES.findall(english)), sorted(PLACES.findall(translated))
            if message.pluralizable and "%(num)s" not in found:
                wanted = [place for place in wanted if place != "%(num)s"]
            assert found == wanted, f"{english!r} → {translated!r}"


def test_a_sentence_is_said_in_the_language_of_the_reader() -> None:
    with speaking("ar"):
        assert word("completed") == "مكتملة"
        assert direction() == "rtl"
    assert word("completed") == "completed"
    assert words("in_progress") == "In progress"
    assert direction() == "ltr"


def test_a_language_without_sentences_is_answered_in_english_with_its_own_dates() -> None:
    """Such as a site that is set to German: dates and money are German, sentences English."""
    with speaking("de-DE"):
        assert _("Save") == "Save"
        assert format_datetime(datetime(2026, 10, 5, tzinfo=UTC), "d MMMM", locale=locale()) == "5 Oktober"
        assert money(Decimal("1234.5"), "EUR", locale()) == "1.234,50\xa0€"
        assert direction() == "ltr"


@pytest.mark.parametrize(
    ("tag", "short", "long"),
    [
        ("en", "17 May, 09:05", "17 May 2030, 09:05"),
        ("ar", "17 مايو، 09:05", "17 مايو 2030، 09:05"),
        ("de", "17 Mai, 09:05", "17 Mai 2030, 09:05"),
    ],
)
def test_a_moment_has_the_comma_of_its_language(tag: str, short: str, long: str) -> None:
    """With the year where it matters."""
    at = datetime(2030, 5, 17, 9, 5, tzinfo=UTC)
    with speaking(tag):
        assert language.moment(at, year=False) == short
        assert language.moment(at, year=True) == long


def test_a_quotation_after_a_latin_word_is_kept_apart_from_it() -> None:
    """Else `API «name»` would be one run from left to right, with its marks turned around (UAX #9, N1)."""
    for message in WORDS.catalogue("ar"):
        for _english, translated in forms(message) if message.id else ():
            assert not re.search(r"[A-Za-z] ?«%", translated), translated


@pytest.mark.parametrize("tag", ["", "x", "../../etc/passwd", "ar\x00", "e n", "a" * 300])
def test_a_tag_that_means_nothing_is_english(tag: str) -> None:
    with speaking(tag):
        assert _("Save") == "Save"
        assert locale().language == "en"


@pytest.mark.parametrize("tag", ["ar-XQ9", "ar-/../x", "ar_x"])
def test_sentences_and_dates_are_of_one_language(tag: str) -> None:
    """Also where only the language of a tag means something; what is kept by the locale depends on it."""
    with speaking(tag):
        assert language.language() == locale().language == "ar"


def test_a_reason_that_is_kept_is_read_in_any_language() -> None:
    away = N_("Telegram can't be reached.")
    assert stored(kept_failing(away)) == "It kept failing: Telegram can't be reached."
    assert stored("It kept failing") == "It kept failing"
    assert stored("") == ""
    with speaking("ar"):
        assert stored(away) == _(away) != away
        assert _(away) in stored(kept_failing(away))
        assert "kept" not in stored(kept_failing(away))


def test_nothing_is_said_as_nothing() -> None:
    """gettext keeps a catalogue's own facts under the empty sentence."""
    with speaking("ar"):
        assert _("") == ""


def test_a_count_has_the_forms_of_its_language() -> None:
    assert [ngettext("%(num)s task", "%(num)s tasks", n) for n in (1, 2)] == ["1 task", "2 tasks"]


def test_a_literal_percent_sign_is_written_twice() -> None:
    assert _("100%% of %(what)s", what=N_("tasks")) == "100% of tasks"


def test_languages_are_called_what_their_speakers_call_them() -> None:
    assert language.languages() == {"en": "English", "ar": "العربية"}
