"""One version: of the code, of the image that Compose starts, and of what the changelog tells."""

from pathlib import Path

from shared.version import VERSION

ROOT = Path(__file__).parents[2]


def test_compose_starts_the_version_that_is_here() -> None:
    """With and without an .env; and a bus that has read what this version may do."""
    compose = (ROOT / "compose.yaml").read_text()
    for line in ("image: callout:", 'labels: { callout.version: "'):
        assert f"{line}${{CALLOUT_VERSION:-{VERSION}}}" in compose
    assert f"\nCALLOUT_VERSION={VERSION}\n" in (ROOT / ".env.example").read_text()


def test_the_changelog_tells_of_it() -> None:
    assert f"\n## [{VERSION}] - " in (ROOT / "CHANGELOG.md").read_text()
