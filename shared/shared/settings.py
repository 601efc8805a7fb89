"""The settings of a service, from the environment as `CALLOUT_…`. The README's table lists them all."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import quote, urlsplit

import msgspec
from cryptography.fernet import Fernet
from msgspec import Meta, Struct

from shared import keys

TELEGRAM = "https://api.telegram.org"
Address: TypeAlias = Annotated[str, Meta(pattern="^https?://.")]


class Settings(Struct, frozen=True, kw_only=True):
    """Each field is the variable `CALLOUT_<FIELD>`.

    postgres      DSN of this service's own role
    nats          URL of the bus, with this service's own user; of several servers with commas between them
    nats_replicas how many of these servers keep each event
    secret        at least 32 characters; keys for data at rest are derived from it where `keys` has none
    keys          purpose → key (`shared.keys`), each from a variable of its own, CALLOUT_KEY_<PURPOSE>
    public_url    where browsers reach the dashboard; the cookie is `Secure` when it is https
    telegram_api  base URL of the Bot API
    telegram_pace how many times faster than Telegram's own servers it may be used
    telegram_webhook  Telegram brings updates to `public_url`, instead of being asked for them
    trusted_proxies  addresses and networks, with commas between them, that say in `X-Forwarded-For` for whom they ask
    """

    postgres: str
    nats: str
    secret: str = ""
    keys: dict[str, str] = {}
    nats_replicas: Annotated[int, Meta(ge=1, le=5)] = 1
    public_url: Address = "http://127.0.0.1:8000"
    telegram_api: Address = TELEGRAM
    telegram_pace: Annotated[float, Meta(gt=0)] = 1.0
    telegram_webhook: bool = False
    host: str = "127.0.0.1"
    port: int = 8000
    trusted_proxies: str = "127.0.0.1"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    def fernet(self, purpose: str) -> Fernet:
        """A cipher whose key is this installation's and this purpose's alone."""
        return Fernet(self.derived(purpose))

    def derived(self, purpose: str) -> str:
        """A secret of 256 bits, likewise, that may stand in an address. `telegram-webhook/77` is made of the key of
        `telegram-webhook`."""
        name, _, more = purpose.partition("/")
        key = self.keys.get(name) or (keys.derived(self.secret, name) if self.secret else None)
        if key is None:
            raise SettingsError(_missing(name))
        return keys.derived(key, more) if more else key

    @property
    def secure(self) -> bool:
        return self.public_url.startswith("https://")


class SettingsError(Exception):
    """A setting is missing or can't be read; the sentence names it."""


def from_environment(environment: Mapping[str, str] = os.environ, service: str = "") -> Settings:
    """Reads each setting as `value_of` does, and the addresses of PostgreSQL and NATS as `address_of` does.

    service  whose keys must be there; without a name, some
    """
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(Settings):
        name = f"CALLOUT_{field.name.upper()}"
        read = address_of if field.name in ("postgres", "nats") else value_of
        value = read(name, environment)
        if field.name == "keys":
            continue
        if value is not None:
            found[field.name] = value
        elif field.required:
            raise SettingsError(f"{name} is not set. The settings table in README.md says what it holds.")
    secret = found.get("secret", "")
    if secret and len(secret) < 32:
        raise SettingsError("CALLOUT_SECRET must have at least 32 characters.")
    given = keys_of(environment)
    needed = keys.USED.get(service, ()) if service else keys.PURPOSES[: not given]
    for purpose in needed:
        if not secret and purpose not in given:
            raise SettingsError(_missing(purpose))
    return checked(found | {"keys": given})


def keys_of(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Purpose → key, of those that are given. Raises SettingsError where one is none, or of another secret."""
    secret, given = value_of("CALLOUT_SECRET", environment), {}
    for purpose in keys.PURPOSES:
        name = keys.setting_of(purpose)
        if (text := value_of(name, environment)) is None:
            continue
        if (key := keys.read(text)) is None:
            raise SettingsError(f"{name} holds no key. `make secrets` makes it of CALLOUT_SECRET.")
        if secret and key != keys.derived(secret, purpose):
            raise SettingsError(
                f"{name} is not of this CALLOUT_SECRET, so it would open none of the data. Run `make secrets` again."
            )
        given[purpose] = key
    return given


def _missing(purpose: str) -> str:
    return (
        f"{keys.setting_of(purpose)} is not set, and neither is CALLOUT_SECRET, of which it is made. "
        "The settings table in README.md says what they hold."
    )


def checked(found: Mapping[str, Any]) -> Settings:
    """Settings of their values, as they stand in an environment; raises SettingsError for one that is none."""
    try:
        return msgspec.convert(found, Settings, strict=False)
    except msgspec.ValidationError as error:
        field = str(error).rpartition("$.")[2].rstrip("`")
        raise SettingsError(
            f"CALLOUT_{field.upper()} can't be {found[field]!r}. The settings table in README.md says what it takes."
        ) from None


def value_of(name: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """One variable, or, where that is unset or empty, what the file that `<name>_FILE` names holds."""
    value, file = environment.get(name), environment.get(f"{name}_FILE")
    if value or not file:
        return value
    try:
        value = Path(file).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise SettingsError(f"{name}_FILE names {file}, which can't be read: {reason}.") from error
    if not value:
        raise SettingsError(f"{name}_FILE names {file}, which is empty.")
    return value


def address_of(name: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """Address of a server with user and password: it holds both, or the password is `<name>_PASSWORD` or its file.

    Of several servers, with commas between them, all take the same password. One of NATS may only have characters that
    an address holds as they are, because its client library reads no others.
    """
    address = value_of(name, environment)
    password = value_of(f"{name}_PASSWORD", environment)
    if not address or not password:
        return address
    return ",".join(_with_password(each, password, name) for each in re.split(r",(?=\w+://)", address))


def _with_password(address: str, password: str, name: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise SettingsError(f"{name} can't be read as an address: {error}.") from error
    if parts.scheme == "nats" and quote(password, safe="") != password:
        raise SettingsError(
            f"{name}_PASSWORD may only have letters, digits and the signs `-`, `_`, `.` and `~`."
        )
    user, _, place = parts.netloc.rpartition("@")
    if not user or ":" in user:
        raise SettingsError(
            f"{name} must name a user and no password, as in nats://tasks@nats:4222, where {name}_PASSWORD gives it."
        )
    return parts._replace(netloc=f"{user}:{quote(password, safe='')}@{place}").geturl()
