"""A browser's `User-Agent` in a few words, so that people know their devices again."""

from shared.language import _

BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
"""What is named first counts: every browser claims to be some of the later ones too."""
HANDHELD = ("iPhone", "iPad", "Android")
LONGEST = 40  # characters that an unknown program's own words may have


def device(user_agent: str) -> str:
    """ "Firefox on Windows"; what isn't known is shown as it calls itself."""
    browser, system = _first(BROWSERS, user_agent), _first(SYSTEMS, user_agent)
    if browser and system:
        return _("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or system or user_agent[:LONGEST] or _("Unknown device")


def handheld(user_agent: str) -> bool:
    return _first(SYSTEMS, user_agent) in HANDHELD


def _first(known: tuple[tuple[str, str], ...], user_agent: str) -> str | None:
    return next((name for mark, name in known if mark in user_agent), None)
