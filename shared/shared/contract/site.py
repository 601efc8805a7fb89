"""The settings that every service shows or obeys, as one event with all of them."""

from typing import TypeAlias

from msgspec import Struct

from .event import Event


class Site(Struct, frozen=True):
    """currency is an ISO 4217 code, time_zone an IANA name, language an IETF tag; no_answer in minutes."""

    company: str = "Callout"
    address: str = ""
    tax_id: str = ""
    currency: str = "EUR"
    time_zone: str = "UTC"
    language: str = "en"
    no_answer_minutes: int = 30


class SiteSettingsChanged(Event):
    site: Site


SiteEvent: TypeAlias = SiteSettingsChanged
