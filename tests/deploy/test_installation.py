"""The few files of a data folder without which nothing in it can be read."""

import stat
from pathlib import Path

import pytest

from local.installation import secret, telegram_api
from local.trouble import CannotStart


def test_the_secret_stays_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    """What was encrypted with it has to be read after the next start too."""
    first = secret(tmp_path / "data")
    assert len(first) >= 32
    assert secret(tmp_path / "data") == first
    assert stat.S_IMODE((tmp_path / "data" / "secret").stat().st_mode) == 0o600


@pytest.mark.parametrize("kept", ["", "short"])
def test_a_secret_that_was_lost_is_not_replaced(tmp_path: Path, kept: str) -> None:
    """Nothing may be encrypted with a key that anybody knows, and a new one would open nothing."""
    (tmp_path / "secret").write_text(kept)
    with pytest.raises(CannotStart, match="backup"):
        secret(tmp_path)


def test_a_secret_that_is_gone_is_not_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new one would open none of the clients' data, and hide that."""
    monkeypatch.delenv("CALLOUT_TELEGRAM_API", raising=False)
    secret(tmp_path)
    telegram_api(tmp_path)
    (tmp_path / "secret").unlink()
    with pytest.raises(CannotStart, match="is gone"):
        secret(tmp_path)
    assert not (tmp_path / "secret").exists()


def test_the_bot_api_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start that forgets it would talk to the practice phone with a real bot's token."""
    monkeypatch.delenv("CALLOUT_TELEGRAM_API", raising=False)
    assert telegram_api(tmp_path) is None
    monkeypatch.setenv("CALLOUT_TELEGRAM_API", "https://api.telegram.org")
    assert telegram_api(tmp_path) == "https://api.telegram.org"
    monkeypatch.delenv("CALLOUT_TELEGRAM_API")
    assert telegram_api(tmp_path) == "https://api.telegram.org"
    monkeypatch.setenv("CALLOUT_TELEGRAM_API", "practice")
    assert telegram_api(tmp_path) is None
