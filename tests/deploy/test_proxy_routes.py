"""The proxy sends each path where `make up` sends it."""

import re
from pathlib import Path

from local.routes import HOME, REST, ROUTES

CADDYFILE = (Path(__file__).parents[2] / "deploy" / "Caddyfile").read_text()


def test_the_proxy_knows_every_prefix_and_no_other() -> None:
    """A prefix ends at a slash, a dot or the end, as `service_for` has it."""
    wanted: dict[str, set[str]] = {HOME: {"/"}}
    for prefix, service in ROUTES:
        wanted.setdefault(service, set()).update({prefix, f"{prefix}/*", f"{prefix}.*"})
    found = {name: set(paths.split()) for name, paths in re.findall(r"@(\S+) path (.+)", CADDYFILE)}
    assert found == wanted


def test_each_service_is_reached_under_its_own_name() -> None:
    handled = dict(
        re.findall(r"handle @(\S+) \{\s*reverse_proxy \{\s*dynamic a \{\s*name (\S+)\s*port 8000", CADDYFILE)
    )
    assert handled == {name: name for name in {HOME} | {service for _, service in ROUTES}}
    assert re.search(rf"handle \{{\s*reverse_proxy \{{\s*dynamic a \{{\s*name {REST}\s*port 8000", CADDYFILE)
