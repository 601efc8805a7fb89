"""Which logo is news, and what a browser is called: decided without looking anything up."""

import pytest

from notifier.devices import device, handheld
from notifier.domain import ChangeLogo, Logo, RedrawLogo, decide_logo
from shared.contract.site import SiteLogoChanged
from shared.pictures import Picture, Pixels
from tests.notifier.pictures import jpeg, png

OLD, NEW = png(), Picture(Pixels(png(30, 30)), "image/png")
RAW, CLEAN = Logo(OLD), Logo(NEW.image, pixels=True)

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Version/19.0 Mobile Safari/604.1"
)


@pytest.mark.parametrize("logo", [Logo(), RAW, Logo(NEW.image)])
def test_a_chosen_logo_is_news(logo: Logo) -> None:
    """Also in place of one that was stored as it came, though its bytes be the same."""
    assert decide_logo(ChangeLogo(NEW), logo) == [SiteLogoChanged(NEW.image, pixels=True)]


def test_the_same_logo_again_is_no_news() -> None:
    """Nor is taking away what isn't there."""
    assert decide_logo(ChangeLogo(NEW), CLEAN) == []
    assert decide_logo(ChangeLogo(None), Logo()) == []
    assert decide_logo(ChangeLogo(None), CLEAN) == [SiteLogoChanged(None)]


def test_a_logo_of_before_becomes_pixels_unless_somebody_was_faster() -> None:
    """One that can't be decoded is taken away; one that was chosen meanwhile stays."""
    assert decide_logo(RedrawLogo(OLD, NEW), RAW) == [SiteLogoChanged(NEW.image, pixels=True)]
    assert decide_logo(RedrawLogo(OLD, None), RAW) == [SiteLogoChanged(None)]
    for logo in (Logo(), CLEAN, Logo(jpeg())):
        assert decide_logo(RedrawLogo(OLD, NEW), logo) == []


@pytest.mark.parametrize(
    ("user_agent", "words", "in_hand"),
    [
        (FIREFOX, "Firefox on Windows", False),
        (EDGE, "Edge on Windows", False),
        (IPHONE, "Safari on iPhone", True),
        ("curl/8.5.0", "curl/8.5.0", False),
        ("", "Unknown device", False),
    ],
)
def test_a_device_is_called_as_people_call_it(user_agent: str, words: str, in_hand: bool) -> None:
    """Though every browser claims to be several."""
    assert device(user_agent) == words
    assert handheld(user_agent) is in_hand
