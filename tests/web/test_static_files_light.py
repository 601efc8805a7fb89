"""What a browser loads before it shows anything is small, however much a page can do."""

import gzip

from shared.web.pages import STATIC

LIMIT = 500 * 1024  # bytes, compressed, of everything together


def test_all_static_files_together_are_light() -> None:
    """Both directions of writing are counted, though a browser loads one."""
    weights = {
        str(path.relative_to(STATIC)): len(gzip.compress(path.read_bytes(), 6))
        for path in STATIC.rglob("*")
        if path.is_file()
    }
    assert sum(weights.values()) < LIMIT, weights
    assert "vendor/htmx.min.js" in weights, "run `make static`"
