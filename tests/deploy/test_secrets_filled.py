"""`make secrets`: what is missing is made, what is there stays, and every file that Compose names is made."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMPOSE = ("compose.yaml", "compose.cluster.yaml", "compose.observability.yaml")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy" / "fill_secrets.py", tmp_path / "deploy")
    shutil.copy(ROOT / ".env.example", tmp_path)
    return tmp_path


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
    (project / "secrets").mkdir()
    (project / "secrets" / "CALLOUT_SECRET").write_text("mine\n")
    (project / ".env").write_text(f"# My own\nCALLOUT_DOMAIN=example.org{end}")
    assert make_secrets(project) == ""
    lines = (project / ".env").read_text().splitlines()
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    assert values["CALLOUT_DOMAIN"] == "example.org"
    assert values["CALLOUT_HTTP_PORT"] == "80"
    assert lines[0] == "# My own"
    assert held(project / "secrets")["CALLOUT_SECRET"] == "mine\n"
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
