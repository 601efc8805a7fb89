"""The settings that every service shows or obeys, as one event with all of them; and the company's logo."""

from datetime import time
from typing import Literal, TypeAlias

from msgspec import Struct

from .event import Event

SETTINGS = "site.settings"
"""The stream of the settings; the logo has one of its own."""


class WorkingHours(Struct, frozen=True):
    """When the office works, on the site's clock: only then the no-answer limit runs.

    days    ISO weekdays, 1 is Monday
    begins  inclusive
    ends    exclusive; midnight is the end of the day
    """

    days: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)
    begins: time = time(0)
    ends: time = time(0)


class Site(Struct, frozen=True):
    """currency is an ISO 4217 code, time_zone an IANA name, language an IETF tag; no_answer in minutes.

    office_phone               what technicians call; the bot says it wherever it asks them to
    only_kept_technicians      nothing is sent to a technician whom nobody has kept yet
    client_info_on_acceptance  a kept technician who accepts gets the client info at once, without a press
    """

    company: str = "Callout"
    address: str = ""
    tax_id: str = ""
    currency: str = "EUR"
    time_zone: str = "UTC"
    language: str = "en"
    no_answer_minutes: int = 30
    working_hours: WorkingHours = WorkingHours()
    office_phone: str = ""
    only_kept_technicians: bool = False
    client_info_on_acceptance: bool = False


class SiteSettingsChanged(Event):
    site: Site


LogoType: TypeAlias = Literal["image/png", "image/jpeg"]


class SiteLogoChanged(Event):
    """
    image   at most 100 KB, or None where the logo was taken away
    pixels  it was decoded and written anew before it was stored (`shared.pictures`); what takes an event in does so
            all the same, as whoever wrote it may not have
    """

    image: bytes | None
    media_type: LogoType = "image/png"
    pixels: bool = False


SiteEvent: TypeAlias = SiteSettingsChanged | SiteLogoChanged
