"""The sentences that scripts say (static/callout/), in the reader's language."""

from collections.abc import Callable
from functools import lru_cache

import msgspec
from babel import Locale

from shared.language import _, language, ngettext

COUNTS = range(101)
"""Numbers in which each plural form of any language occurs."""


def script_words() -> str:
    """JSON: name → sentence, or plural category → sentence where something is counted."""
    return _script_words(language())


@lru_cache(maxsize=32)
def _script_words(_language: str) -> str:
    return msgspec.json.encode(
        {
            "connecting": _("Connecting"),
            "live": _("Live"),
            "live_why": _("What changes anywhere shows here at once."),
            "reconnecting": _("Reconnecting"),
            "reconnecting_why": _("Callout does not answer. What is shown may be out of date."),
            "offline": _("Offline"),
            "offline_why": _("This device has no network. What is shown may be out of date."),
            "out": _("Logged out"),
            "out_why": _("Log in again to go on."),
            "missed": _counted(
                lambda count: ngettext(
                    "Live again; %(num)s notification was missed.",
                    "Live again; %(num)s notifications were missed.",
                    count,
                    num="%(num)s",
                )
            ),
            "meanwhile": _counted(
                lambda count: ngettext(
                    "%(num)s notification came in the meantime.",
                    "%(num)s notifications came in the meantime.",
                    count,
                    num="%(num)s",
                )
            ),
            "more": _counted(
                lambda count: ngettext("%(num)s more to do", "%(num)s more to do", count, num="%(num)s")
            ),
            "to_do": _counted(
                lambda count: ngettext("%(num)s to do · Show", "%(num)s to do · Show", count, num="%(num)s")
            ),
            "show": _("Show"),
            "notification": _("Notification"),
            "waits": _("To do"),
            "problem": _("That did not work"),
            "try_again": _("Please try again."),
            "close": _("Close"),
            "done": _("Done"),
            "copied": _("Copied"),
            "deleted": _("This was deleted."),
            "back_to": _("Back to %(place)s", place="%(place)s"),
            "back_to_overview": _("Back to the overview"),
            "sound_on": _("Sound is on"),
            "sound_off": _("Sound is off"),
            "sound_blocked": _("The browser blocks sound until you click"),
            "desktop_on": _("They are shown while no page of Callout can be seen."),
            "desktop_off": _("They are not shown."),
            "desktop_denied": _(
                "The browser forbids them for this site. Allow notifications beside its address, then come back."
            ),
            "desktop_impossible": _("The browser offers them only where Callout is opened by https."),
        }
    ).decode()


def _counted(said: Callable[[int], str]) -> dict[str, str]:
    plural = Locale(language()).plural_form
    return {plural(count): said(count) for count in COUNTS}
