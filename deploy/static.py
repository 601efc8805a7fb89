"""Copies what the pages load from node_modules to shared/shared/web/static/vendor/.

Run by `make static` after `npm ci`; uses nothing but the standard library. Besides the files of
`COPIES` it makes `icons.svg`, a sprite of Tabler's outline icons: those of `ICONS`, and each that a page
names as `icons.svg#NAME` or `icon("NAME")`.

    <svg class="icon"><use href="/static/vendor/icons.svg#check"/></svg>
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "node_modules"
VENDOR = ROOT / "shared" / "shared" / "web" / "static" / "vendor"

COPIES = (
    "@tabler/core/dist/css/tabler.min.css",
    "@tabler/core/dist/css/tabler.rtl.min.css",
    "@tabler/core/dist/js/tabler.min.js",
    "htmx.org/dist/htmx.min.js",
    "idiomorph/dist/idiomorph-ext.min.js",
    "uplot/dist/uPlot.iife.min.js",
    "uplot/dist/uPlot.min.css",
)

CIPHERS = ("chacha.js", "_arx.js", "_poly1305.js", "utils.js")
"""Of @noble/ciphers, modules that import each other; in a folder of their own."""

# Named in Python or JavaScript by way of a variable, where no search finds them.
ICONS = """
activity adjustments alert-circle alert-octagon alert-triangle archive arrow-back-up arrow-down arrow-left
arrow-right arrow-up ban bell bell-off bell-ringing bolt brand-telegram building building-store calendar calendar-due
calendar-event cash chart-bar chart-line check checks chevron-down chevron-left chevron-right chevron-up circle-check
circle-dashed circle-x clipboard clipboard-check clipboard-list clock clock-exclamation coin coins copy credit-card
database device-mobile device-mobile-message dots dots-vertical download edit exclamation-circle external-link eye
eye-off file-description file-dollar file-export file-invoice file-off file-spreadsheet file-text file-type-pdf
filter flag gauge globe help help-circle history home hourglass id inbox info-circle key language layout-dashboard
link list list-check list-details loader loader-2 lock login logout mail map-pin menu-2 message message-2
message-circle message-exclamation mood-empty moon note notes paperclip pencil phone player-pause player-play
plug-connected plug-connected-x plus printer progress progress-check qrcode question-mark receipt receipt-2 refresh
reload report report-analytics report-money robot rotate route rotate-clockwise search send send-off server settings
shield shield-check shield-lock sort-ascending sort-descending square-check star sun switch-horizontal tag tool tools
trash trash-x typography urgent user user-check user-cog user-edit user-exclamation user-minus user-off user-plus
user-question user-x users users-group volume volume-2 volume-3 volume-off wifi wifi-off world x zoom-question
"""

NAMED = re.compile(r"""icons\.svg#([a-z0-9-]+)|\bicon\(\s*["']([a-z0-9-]+)["']""")


def main() -> None:
    VENDOR.mkdir(parents=True, exist_ok=True)
    kept = {"icons.svg", "LICENSES.txt"}
    for copy in COPIES:
        source = PACKAGES / copy
        # Their source maps stay behind, and so does what points at them.
        text = re.sub(
            r"\n?(//|/\*)# sourceMappingURL=\S+( \*/)?\s*$", "\n", source.read_text(encoding="utf-8")
        )
        write(VENDOR / source.name, text)
        kept.add(source.name)
    (VENDOR / "ciphers").mkdir(exist_ok=True)
    for module in CIPHERS:
        write(
            VENDOR / "ciphers" / module,
            (PACKAGES / "@noble" / "ciphers" / module).read_text(encoding="utf-8"),
        )
    write(VENDOR / "icons.svg", sprite(sorted({*ICONS.split(), *named_in_pages()})))
    write(VENDOR / "LICENSES.txt", licenses())
    for path in VENDOR.iterdir():
        if path.is_file() and path.name not in kept:
            path.unlink()


def named_in_pages() -> set[str]:
    names: set[str] = set()
    for floor in ("shared", "services"):
        for path in (ROOT / floor).rglob("*"):
            if (
                path.suffix in {".html", ".py", ".js"}
                and VENDOR not in path.parents
                and path != Path(__file__)
            ):
                for match in NAMED.finditer(path.read_text(encoding="utf-8")):
                    names.add(match[1] or match[2])
    return names


def sprite(names: list[str]) -> str:
    symbols = []
    for name in names:
        path = PACKAGES / "@tabler" / "icons" / "icons" / "outline" / f"{name}.svg"
        if not path.exists():
            print(
                f"Tabler has no outline icon named {name!r}: a page that shows it shows nothing.",
                file=sys.stderr,
            )
            continue
        drawing = path.read_text(encoding="utf-8").split(">", 1)[1].rsplit("</svg>", 1)[0]
        drawing = re.sub(r'<path stroke="none" d="M0 0h24v24H0z" fill="none" ?/>', "", drawing)
        drawing = re.sub(r"\s*\n\s*", "", drawing)
        symbols.append(
            f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" '
            f'stroke-linecap="round" stroke-linejoin="round">{drawing}</symbol>'
        )
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def licenses() -> str:
    packages = (
        "@noble/ciphers",
        "@tabler/core",
        "@tabler/icons",
        "@popperjs/core",
        "htmx.org",
        "idiomorph",
        "uplot",
    )
    return "\n\n".join(
        f"{package}\n{'=' * len(package)}\n\n{path.read_text(encoding='utf-8').strip()}\n"
        for package in packages
        for path in sorted((PACKAGES / package).glob("LICENSE*"))
    )


def write(path: Path, text: str) -> None:
    """Write only what changed, so that browsers' caches and `make` see no news where there is none."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
