"""`make secrets`: what is missing is made, what is there stays, and every file that Compose names is made."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMPOSE = ("compose.yaml", "compose.cluster.yaml", "compose.observability.yaml")


def make_secrets(project: Path) -> str:
    """What it refuses; empty when all is done."""
    script = [sys.executable, str(project / "deploy" / "fill_secrets.py")]
    return subprocess.run(script, check=False, capture_output=True, text=True).stderr


def held(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_the_first_time_everything_is_made(project: Path) -> None:
    assert make_secrets(project) == ""
    secrets = held(project / "secrets")
    named = set(re.findall(r"/([A-Z_]+)\" }", "".join((ROOT / each).read_text() for each in COMPOSE)))
    assert set(secrets) == named
    assert len(set(secrets.values())) == len(secrets)
    assert all(re.fullmatch(r"[A-Za-z][\w-]{40,}", secret) for secret in secrets.values())
    assert (project / "secrets").stat().st_mode & 0o077 == 0
    assert (project / ".env").read_text() == (ROOT / ".env.example").read_text()


@pytest.mark.parametrize("end", ["\n", ""], ids=["as it was made", "as an editor left it"])
def test_what_was_set_stays_and_what_is_new_is_added(project: Path, end: str) -> None:
    """A file without a line's end at its end loses nothing: its last line and the first new one are two."""
    (project / "secrets").mkdir(mode=0o755)
    (project / "secrets" / "CALLOUT_SECRET").write_text("mine\n")
    (project / ".env").write_text(f"# My own\nCALLOUT_DOMAIN=example.org{end}")
    assert make_secrets(project) == ""
    lines = (project / ".env").read_text().splitlines()
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    assert values["CALLOUT_DOMAIN"] == "example.org"
    assert values["CALLOUT_HTTP_PORT"] == "80"
    assert lines[0] == "# My own"
    assert held(project / "secrets")["CALLOUT_SECRET"] == "mine\n"
    assert (project / "secrets").stat().st_mode & 0o077 == 0
    before = held(project / "secrets"), lines
    assert make_secrets(project) == ""
    assert before == (held(project / "secrets"), (project / ".env").read_text().splitlines())


def test_the_folder_may_be_anywhere(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("vault") / "of callout"
    (project / ".env").write_text(f"CALLOUT_SECRETS={elsewhere}\n")
    assert make_secrets(project) == ""
    assert "CALLOUT_SECRET" in held(elsewhere)
    assert not (project / "secrets").exists()


def test_secrets_of_an_older_env_become_files(project: Path) -> None:
    """A version before kept them as values; an upgrade goes on with the same ones."""
    (project / ".env").write_text(
        "CALLOUT_SECRET=first\nCALLOUT_DOMAIN=example.org\nNATS_PASSWORD_TASKS=second\n"
    )
    assert make_secrets(project) == ""
    secrets = held(project / "secrets")
    assert (secrets["CALLOUT_SECRET"], secrets["NATS_PASSWORD_TASKS"]) == ("first", "second")
    assert "first" not in (project / ".env").read_text()
    assert "CALLOUT_DOMAIN=example.org" in (project / ".env").read_text()


def test_two_that_differ_are_not_chosen_between(project: Path) -> None:
    assert make_secrets(project) == ""
    env = (project / ".env").read_text() + "CALLOUT_SECRET=another\n"
    (project / ".env").write_text(env)
    assert "CALLOUT_SECRET stands in .env" in make_secrets(project)
    assert (project / ".env").read_text() == env


@pytest.mark.parametrize("written", ['"first"', "first # mine", "'first'", "${ELSEWHERE}"])
def test_what_compose_would_read_otherwise_is_not_guessed_at(project: Path, written: str) -> None:
    """Another secret would open none of the data that the first one has closed."""
    env = f"CALLOUT_SECRET={written}\n"
    (project / ".env").write_text(env)
    assert "CALLOUT_SECRET in .env has quotes, a space or a comment" in make_secrets(project)
    assert (project / ".env").read_text() == env
    assert "CALLOUT_SECRET" not in held(project / "secrets")


def start_nats(folder: Path, secrets: Path) -> tuple[int, str]:
    """The script that starts NATS, with a NATS that tells what it was given."""
    told = folder / "nats-server"
    told.write_text('#!/bin/sh\nenv | grep NATS_ | sort\necho "$@"\n')
    told.chmod(0o755)
    script = (ROOT / "deploy" / "nats" / "start.sh").read_text().replace("/run/secrets", str(secrets))
    ended = subprocess.run(
        ["/bin/sh", "-c", script, "start.sh", "nats.conf"],
        env={"PATH": f"{folder}:/usr/bin:/bin"}, check=False, capture_output=True, text=True,
    )  # fmt: skip
    return ended.returncode, ended.stdout + ended.stderr


def test_nats_is_given_each_password(project: Path) -> None:
    assert make_secrets(project) == ""
    secrets = held(project / "secrets")
    code, told = start_nats(project, project / "secrets")
    assert code == 0
    assert f"NATS_PASSWORD_TASKS={secrets['NATS_PASSWORD_TASKS']}\n" in told
    assert f"NATS_ROUTE_3=nats://cluster:{secrets['NATS_PASSWORD_CLUSTER']}@nats3:6222\n" in told
    assert told.endswith("--config nats.conf\n")


@pytest.mark.parametrize("wrong", ["empty", "unreadable"])
def test_nats_does_not_start_without_a_password(project: Path, wrong: str) -> None:
    """It would take an empty one, and let everybody in."""
    file = project / "secrets" / "NATS_PASSWORD_OPERATOR"
    file.parent.mkdir()
    if wrong == "empty":
        file.touch()
    else:
        file.symlink_to("nowhere")
    code, told = start_nats(project, file.parent)
    assert code != 0
    assert "NATS_PASSWORD_OPERATOR" in told
    assert "--config" not in told


def test_an_empty_one_is_named(project: Path) -> None:
    """As `restore … --show-secret > FILE` leaves it where the passphrase was wrong."""
    (project / "secrets").mkdir()
    (project / "secrets" / "CALLOUT_SECRET").touch()
    assert "CALLOUT_SECRET is empty" in make_secrets(project)
