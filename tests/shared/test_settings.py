"""Secrets may come as files, each by itself, and an address takes its password from one."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.settings import SettingsError, address_of, from_environment, value_of

SECRET = "s" * 40
GIVEN = {
    "CALLOUT_POSTGRES": "postgresql://tasks@postgres:5432/callout",
    "CALLOUT_NATS": "nats://tasks@nats:4222,nats://tasks@nats2:4222",
}


def as_file(folder: Path, name: str, value: str) -> dict[str, str]:
    (folder / name).write_text(f"{value}\n")
    return {f"{name}_FILE": str(folder / name)}


def test_every_secret_of_a_service_can_be_a_file(tmp_path: Path) -> None:
    settings = from_environment(
        {
            **GIVEN,
            **as_file(tmp_path, "CALLOUT_SECRET", SECRET),
            **as_file(tmp_path, "CALLOUT_POSTGRES_PASSWORD", "of postgres"),
            **as_file(tmp_path, "CALLOUT_NATS_PASSWORD", "of-nats"),
        }
    )
    assert settings.secret == SECRET
    assert settings.postgres == "postgresql://tasks:of%20postgres@postgres:5432/callout"
    assert settings.nats == "nats://tasks:of-nats@nats:4222,nats://tasks:of-nats@nats2:4222"


def test_an_address_that_holds_its_password_needs_no_other() -> None:
    whole = {"CALLOUT_NATS": "nats://tasks:its@nats:4222", "CALLOUT_NATS_PASSWORD": ""}
    assert address_of("CALLOUT_NATS", whole) == "nats://tasks:its@nats:4222"


@pytest.mark.parametrize(
    "address", ["nats://tasks:its@nats:4222", "nats://nats:4222", "nats://tasks@nats:4222,nats://nats2:4222"]
)
def test_a_password_has_one_place_and_one_user(address: str) -> None:
    with pytest.raises(SettingsError, match="CALLOUT_NATS must name a user and no password"):
        address_of("CALLOUT_NATS", {"CALLOUT_NATS": address, "CALLOUT_NATS_PASSWORD": "another"})


def test_an_empty_variable_leaves_it_to_the_file(tmp_path: Path) -> None:
    """Compose passes a variable that is not set as an empty one."""
    assert (
        value_of("CALLOUT_SECRET", {"CALLOUT_SECRET": "", **as_file(tmp_path, "CALLOUT_SECRET", SECRET)})
        == SECRET
    )


def test_a_file_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"CALLOUT_SECRET_FILE names .*/none, which can't be read: No such file"
    ):
        value_of("CALLOUT_SECRET", {"CALLOUT_SECRET_FILE": str(tmp_path / "none")})
    (tmp_path / "image").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="which can't be read: it is no text"):
        value_of("CALLOUT_SECRET", {"CALLOUT_SECRET_FILE": str(tmp_path / "image")})
    with pytest.raises(SettingsError, match="which is empty"):
        value_of("CALLOUT_SECRET", as_file(tmp_path, "CALLOUT_SECRET", ""))


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1))
def test_any_password_reaches_its_address_whole(password: str) -> None:
    """Whatever characters it has, the address is read back as it was meant."""
    named = {"CALLOUT_POSTGRES": GIVEN["CALLOUT_POSTGRES"], "CALLOUT_POSTGRES_PASSWORD": password}
    parts = urlsplit(address_of("CALLOUT_POSTGRES", named) or "")
    assert (parts.username, unquote(parts.password or ""), parts.hostname, parts.port, parts.path) == (
        "tasks", password, "postgres", 5432, "/callout",
    )  # fmt: skip


def test_a_password_of_nats_is_refused_where_its_library_would_read_another() -> None:
    """nats-py takes what stands in an address as it stands there; PostgreSQL's driver reads it back."""
    spoilt = {**GIVEN, "CALLOUT_NATS_PASSWORD": "a+b/c=", "CALLOUT_POSTGRES_PASSWORD": "a+b/c="}
    with pytest.raises(SettingsError, match="CALLOUT_NATS_PASSWORD may only have letters, digits"):
        address_of("CALLOUT_NATS", spoilt)
    assert "a%2Bb%2Fc%3D" in (address_of("CALLOUT_POSTGRES", spoilt) or "")


def test_an_address_that_is_none_is_named() -> None:
    with pytest.raises(SettingsError, match="CALLOUT_NATS can't be read as an address"):
        address_of("CALLOUT_NATS", {"CALLOUT_NATS": "nats://tasks@[nats", "CALLOUT_NATS_PASSWORD": "x"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CALLOUT_LOG_LEVEL", "loud"),
        ("CALLOUT_PUBLIC_URL", "callout.example.com"),
        ("CALLOUT_TELEGRAM_API", "phone:8001"),
        ("CALLOUT_TELEGRAM_WEBHOOK", "maybe"),
        ("CALLOUT_PORT", "web"),
    ],
)
def test_what_a_setting_does_not_take_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"{name} can't be '{value}'\. The settings table"):
        from_environment({**GIVEN, "CALLOUT_SECRET": SECRET, name: value})
