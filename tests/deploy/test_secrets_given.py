"""Who is given which secret: each container those that it uses, and no service what opens another's data."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.fernet import Fernet

from shared import keys
from shared.settings import Settings, SettingsError, from_environment, keys_of
from tests.deploy.test_secrets_filled import held, make_secrets

ROOT = Path(__file__).parents[2]
SECRET = "the-first-secret-of-an-installation-0123456789"

OF_ALL_DATABASES = {
    "POSTGRES_PASSWORD", "POSTGRES_PASSWORD_BOT_GATEWAY", "POSTGRES_PASSWORD_INVOICES",
    "POSTGRES_PASSWORD_NOTIFIER", "POSTGRES_PASSWORD_REPORTING", "POSTGRES_PASSWORD_TASKS",
}  # fmt: skip
OF_THE_BUS = {
    "NATS_PASSWORD_BOT_GATEWAY", "NATS_PASSWORD_INVOICES", "NATS_PASSWORD_NOTIFIER", "NATS_PASSWORD_OPERATOR",
    "NATS_PASSWORD_REPORTING", "NATS_PASSWORD_TASKS",
}  # fmt: skip
KEYS = {
    "CALLOUT_KEY_BOT_TOKEN", "CALLOUT_KEY_CLIENTS", "CALLOUT_KEY_DRAFTS", "CALLOUT_KEY_TELEGRAM_WEBHOOK",
    "CALLOUT_KEY_UPDATES",
}  # fmt: skip
GIVEN: dict[str, set[str]] = {
    "postgres": {"POSTGRES_PASSWORD"},
    "volumes": set(),
    "nats": OF_THE_BUS,
    "migrate": OF_ALL_DATABASES,
    "operator": OF_ALL_DATABASES | KEYS | {"CALLOUT_SECRET", "NATS_PASSWORD_OPERATOR"},
    "tasks": {"CALLOUT_KEY_CLIENTS", "CALLOUT_KEY_DRAFTS", "POSTGRES_PASSWORD_TASKS", "NATS_PASSWORD_TASKS"},
    "bot-gateway": {
        "CALLOUT_KEY_BOT_TOKEN", "CALLOUT_KEY_TELEGRAM_WEBHOOK", "CALLOUT_KEY_UPDATES",
        "POSTGRES_PASSWORD_BOT_GATEWAY", "NATS_PASSWORD_BOT_GATEWAY",
    },
    "invoices": {"POSTGRES_PASSWORD_INVOICES", "NATS_PASSWORD_INVOICES"},
    "notifier": {"POSTGRES_PASSWORD_NOTIFIER", "NATS_PASSWORD_NOTIFIER"},
    "reporting": {"POSTGRES_PASSWORD_REPORTING", "NATS_PASSWORD_REPORTING"},
    "phone": set(),
    "proxy": set(),
    "nats2": {"NATS_PASSWORD_CLUSTER"},
    "nats3": {"NATS_PASSWORD_CLUSTER"},
    "prometheus": set(),
    "grafana": {"GRAFANA_PASSWORD"},
}  # fmt: skip
"""Container → its secrets. `nats2` and `nats3` have those of `nats` too, which they extend."""


def containers(*files: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for file in files:
        found |= yaml.safe_load((ROOT / file).read_text())["services"]
    return found


def mounted(container: Any) -> dict[str, str]:
    """Secret → the file's name in `/run/secrets`."""
    return dict(
        (each, each) if isinstance(each, str) else (each["source"], each["target"])
        for each in container.get("secrets", [])
    )


def test_each_container_is_given_what_it_uses_and_no_more() -> None:
    """Read from the files that Compose reads; a container that is new has to be named here."""
    plain = containers("compose.yaml", "compose.observability.yaml")
    cluster = containers("compose.cluster.yaml")
    given = {name: set(mounted(each)) for name, each in (cluster | plain).items()}
    assert given == GIVEN
    more = {
        name: set(mounted(each)) for name, each in cluster.items() if name in plain and each.get("secrets")
    }
    assert more == {"nats": {"NATS_PASSWORD_CLUSTER"}}


def test_each_secret_that_is_given_is_read() -> None:
    """And the other way round: a setting names no file that is not there."""
    for name, container in containers("compose.yaml", "compose.observability.yaml").items():
        if name == "nats":
            continue  # its script reads each by its name
        named = {
            value.removeprefix("/run/secrets/")
            for value in (container.get("environment") or {}).values()
            if str(value).startswith("/run/secrets/")
        }
        assert named == set(mounted(container).values()), name


def test_a_key_is_used_by_exactly_the_service_that_is_given_it() -> None:
    """As its code asks for it, or a form of its pages that keeps what is half typed in the browser."""
    asked = re.compile(r"settings\.(?:fernet|derived)\(\s*f?\"([a-z-]+)[/\"]")
    for folder in (ROOT / "services").iterdir():
        purposes = {purpose for file in folder.rglob("*.py") for purpose in asked.findall(file.read_text())}
        if any("{{ draft(" in file.read_text() for file in folder.rglob("*.html")):
            purposes.add("drafts")
        assert purposes == set(keys.USED.get(folder.name, ())), folder.name
        given = {name for name in GIVEN[folder.name] if name.startswith("CALLOUT_")}
        assert given == {keys.setting_of(purpose) for purpose in purposes}
    shared = {
        purpose for file in (ROOT / "shared").rglob("*.py") for purpose in asked.findall(file.read_text())
    }
    assert shared == {"drafts"}


# ---- the keys


def environment(folder: Path, *names: str) -> dict[str, str]:
    return {
        "CALLOUT_POSTGRES": "postgresql://x@127.0.0.1/callout",
        "CALLOUT_NATS": "nats://127.0.0.1:4222",
        **{f"{name}_FILE": str(folder / name) for name in names},
    }


def test_what_was_closed_before_opens_with_the_keys(project: Path) -> None:
    """An installation that is upgraded: its secret stays, and `make secrets` makes the keys that it used already."""
    folder = project / "secrets"
    folder.mkdir()
    (folder / "CALLOUT_SECRET").write_text(f"{SECRET}\n")
    assert make_secrets(project) == ""
    before = Settings(postgres="", nats="", secret=SECRET)
    for service, purposes in keys.USED.items():
        names = [name for name in GIVEN[service] if name.startswith("CALLOUT_KEY_")]
        after = from_environment(environment(folder, *names), service)
        assert after.secret == ""
        for purpose in purposes:
            assert after.fernet(purpose).decrypt(before.fernet(purpose).encrypt(b"mine")) == b"mine"
            assert after.derived(f"{purpose}/77") == before.derived(f"{purpose}/77") != after.derived(purpose)
    # The same bytes as ever: here, as a version before made them.
    assert Fernet(before.derived("clients")).decrypt(CLOSED_BEFORE, ttl=None) == b"+44 20 7946 0018"


CLOSED_BEFORE = (
    b"gAAAAABrDf3TG21mpPl7blChWcQPfDeKryVYqYx4PM-1-2BpgBY3wlKpUtM8XgZfMtRgJG"
    b"G0iEwBD7yd5zJXR1LWvl6mDVYAGFOV2j7ggEL_6oDLOhVB6pE="
)


@pytest.mark.parametrize("service", sorted(keys.USED))
def test_a_service_opens_nothing_of_another(project: Path, service: str) -> None:
    """With all that it is given."""
    assert make_secrets(project) == ""
    names = [name for name in GIVEN[service] if name.startswith("CALLOUT_")]
    settings = from_environment(environment(project / "secrets", *names), service)
    for purpose in set(keys.PURPOSES) - set(keys.USED[service]):
        with pytest.raises(SettingsError, match=keys.setting_of(purpose)):
            settings.fernet(purpose)


@pytest.mark.parametrize("service", ["invoices", "notifier", "reporting"])
def test_a_service_without_such_data_needs_none(service: str) -> None:
    """Neither a key nor the secret."""
    assert from_environment(environment(Path("/nowhere")), service).keys == {}


def test_a_key_that_is_missing_is_named_before_anything_starts() -> None:
    """With what it is made of."""
    with pytest.raises(SettingsError, match="CALLOUT_KEY_CLIENTS is not set, and neither is CALLOUT_SECRET"):
        from_environment(environment(Path("/nowhere")), "tasks")
    with pytest.raises(SettingsError, match="is not set"):
        from_environment(environment(Path("/nowhere")))


@pytest.mark.parametrize("text", ["key-", "key-abc", "x" * 47, "key-" + "*" * 43, "key-" + "A" * 44])
def test_what_is_no_key_is_refused(text: str) -> None:
    """Nothing may be closed with it."""
    with pytest.raises(SettingsError, match="CALLOUT_KEY_CLIENTS holds no key"):
        keys_of({"CALLOUT_KEY_CLIENTS": text})


def test_keys_of_another_secret_are_refused(project: Path) -> None:
    """As they are while a backup's secret was put in place and `make secrets` was not run again; then they are new."""
    assert make_secrets(project) == ""
    folder = project / "secrets"
    (folder / "CALLOUT_SECRET").write_text(SECRET)
    of_operator = environment(folder, "CALLOUT_SECRET", *KEYS)
    with pytest.raises(SettingsError, match=r"is not of this CALLOUT_SECRET.*Run `make secrets` again"):
        keys_of(of_operator)
    before = held(folder)
    assert make_secrets(project) == ""
    assert {name for name, text in held(folder).items() if before[name] != text} == KEYS
    assert keys_of(of_operator)["clients"] == keys.derived(SECRET, "clients")


def test_a_secret_that_is_gone_is_not_made_anew_beside_its_keys(project: Path) -> None:
    """The new one would open nothing that these have closed."""
    assert make_secrets(project) == ""
    before = held(project / "secrets")
    (project / "secrets" / "CALLOUT_SECRET").unlink()
    assert "CALLOUT_SECRET is gone" in make_secrets(project)
    del before["CALLOUT_SECRET"]
    assert held(project / "secrets") == before
