"""The company's logo, decided without I/O: a stream of its own, so that who asks for the settings loads no images."""

from typing import TypeAlias

from msgspec import Struct

from shared.contract.site import LogoType, SiteLogoChanged
from shared.journal import Decider
from shared.pictures import Picture

LOGO_KEY = "logo"


class Logo(Struct, frozen=True):
    """pixels  see `SiteLogoChanged`"""

    image: bytes | None = None
    media_type: LogoType = "image/png"
    pixels: bool = False


class ChangeLogo(Struct, frozen=True):
    """picture  None takes it away"""

    picture: Picture | None


class RedrawLogo(Struct, frozen=True):
    """A logo of before, as it is once it was decoded; None where it can't be."""

    before: bytes
    picture: Picture | None


LogoCommand: TypeAlias = ChangeLogo | RedrawLogo


def decide_logo(command: LogoCommand, logo: Logo) -> list[SiteLogoChanged]:
    match command:
        case RedrawLogo(before) if logo.pixels or logo.image != before:
            return []  # somebody chose another one meanwhile
        case ChangeLogo(None) if logo.image is None:
            return []
        case ChangeLogo(Picture(image)) if logo.pixels and logo.image == image:
            return []
        case ChangeLogo(None) | RedrawLogo(picture=None):
            return [SiteLogoChanged(None)]
        case ChangeLogo(Picture() as picture) | RedrawLogo(picture=Picture() as picture):
            return [SiteLogoChanged(picture.image, picture.media_type, pixels=True)]
    raise AssertionError(command)


def evolve_logo(_logo: Logo, event: SiteLogoChanged) -> Logo:
    return Logo(event.image, event.media_type, event.pixels)


LOGO: Decider[LogoCommand, Logo, SiteLogoChanged] = Decider(
    "site", Logo(), decide_logo, evolve_logo, SiteLogoChanged
)
