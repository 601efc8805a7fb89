"""What is taken for a logo, and what a browser is called: decided from bytes and words alone."""

import pytest

from notifier.devices import device, handheld
from notifier.domain import LOGO_BYTES, ChangeLogo, Logo, decide_logo
from notifier.images import measured
from shared.contract.site import SiteLogoChanged
from shared.refusal import Refused, Why
from tests.notifier.pictures import jpeg, png

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Version/19.0 Mobile Safari/604.1"
)


@pytest.mark.parametrize(("image", "kind"), [(png(64, 32), "image/png"), (jpeg(64, 32), "image/jpeg")])
def test_an_image_tells_its_kind_and_size(image: bytes, kind: str) -> None:
    """By its bytes, whatever the file was called."""
    found = measured(image)
    assert found is not None
    assert (found.media_type, found.width, found.height) == (kind, 64, 32)
    assert decide_logo(ChangeLogo(image), Logo()) == [SiteLogoChanged(image, kind)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "image",
    [
        b"",
        SVG,
        b"GIF89a" + bytes(40),
        png()[:-4],
        png().replace(b"IDAT", b"IDAU"),
        png(0, 20),
        b"\x89PNG\r\n\x1a\n",
        jpeg()[:-2],
        jpeg(40, 0),
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff\xe0\x00\x10\xff\xd9",
    ],
)
def test_what_is_no_whole_image_is_refused(image: bytes) -> None:
    """Another format, one that breaks off, a wrong checksum, no size."""
    with pytest.raises(Refused, match="no whole PNG or JPEG") as refused:
        decide_logo(ChangeLogo(image), Logo())
    assert refused.value.why is Why.INVALID
    assert "logo" in refused.value.fields


@pytest.mark.parametrize(
    ("image", "words"), [(png(4001, 1), "4000 pixels"), (png() + bytes(LOGO_BYTES), "100 KB")]
)
def test_what_is_too_large_is_refused(image: bytes, words: str) -> None:
    """In bytes, or in pixels."""
    with pytest.raises(Refused, match=words):
        decide_logo(ChangeLogo(image), Logo())


def test_the_same_logo_again_is_no_news() -> None:
    """Nor is taking away what isn't there."""
    assert decide_logo(ChangeLogo(png()), Logo(png())) == []
    assert decide_logo(ChangeLogo(None), Logo()) == []
    assert decide_logo(ChangeLogo(None), Logo(png())) == [SiteLogoChanged(None)]


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
