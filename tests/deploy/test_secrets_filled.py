"""`make secrets`: what is missing is filled in, and what is there stays."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("end", ["\n", ""], ids=["as it was made", "as an editor left it"])
def test_what_was_set_stays_and_what_is_new_is_added(tmp_path: Path, end: str) -> None:
    """A file without a line's end at its end loses nothing: its last line and the first new one are two."""
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy" / "fill_secrets.py", tmp_path / "deploy")
    shutil.copy(ROOT / ".env.example", tmp_path)
    kept = tmp_path / ".env"
    kept.write_text(f"POSTGRES_PASSWORD=mine\nCALLOUT_DOMAIN=example.org{end}")
    subprocess.run([sys.executable, tmp_path / "deploy" / "fill_secrets.py"], check=True)
    filled = kept.read_text()
    lines = [line for line in filled.splitlines() if line]
    values = dict(line.split("=", 1) for line in lines)
    assert len(values) == len(lines)
    assert (values["POSTGRES_PASSWORD"], values["CALLOUT_DOMAIN"]) == ("mine", "example.org")
    assert all(value for name, value in values.items() if "SECRET" in name or "PASSWORD" in name)
    assert kept.stat().st_mode & 0o077 == 0
    subprocess.run([sys.executable, tmp_path / "deploy" / "fill_secrets.py"], check=True)
    assert kept.read_text() == filled
