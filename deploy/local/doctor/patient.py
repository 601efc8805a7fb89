"""Whom the doctor looks at: one data folder, or what the environment names. Nothing is started for it."""

from pathlib import Path

from msgspec import Struct

from local.access import OPERATOR
from local.installation import DEFAULT_DATA, access_of
from local.stack import SERVICES
from shared.settings import SettingsError, address_of, value_of


class Patient(Struct, frozen=True):
    """
    databases  service → DSN of its own role
    buses      user of NATS → URL; whoever looks after it is among them
    data       None: not on this machine's disk
    """

    databases: dict[str, str]
    buses: dict[str, str]
    data: Path | None


def patient(data: Path | None) -> Patient:
    named = {service: f"CALLOUT_POSTGRES_{service.replace('-', '_').upper()}" for service in SERVICES}
    if data is None and any(value_of(name) for name in named.values()):
        databases = {service: _needed(name) for service, name in named.items()}
        return Patient(databases, {OPERATOR: _needed("CALLOUT_NATS")}, None)
    folder = data or DEFAULT_DATA
    access = access_of(folder)
    return Patient(
        {service: access.postgres_dsn(service.replace("-", "_")) for service in SERVICES},
        {user: access.nats_url(user) for user in (OPERATOR, *SERVICES)},
        folder,
    )


def _needed(name: str) -> str:
    value = address_of(name)
    if value is None:
        raise SettingsError(f"{name} is not set. The doctor needs it to look at every service.")
    return value
