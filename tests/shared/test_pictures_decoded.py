"""Pictures become pixels in a process with limits: whatever kind they are, and whatever they would do to a reader."""

import asyncio
import io
import os
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from shared import pictures
from shared.pictures import DECODER, LARGEST, WIDEST, Flaw, Picture, redrawn
from shared.refusal import Refused, Why
from tests.invoices.examples import PNG, chunk

TURNED = Image.Exif()
TURNED[0x0112] = 6  # the camera was held upright
RED, BLUE, GREY = (
    Image.new(*each) for each in (("RGB", (60, 30), "red"), ("RGB", (60, 30), "blue"), ("L", (60, 30), 128))
)


def saved(image: Image.Image, kind: str, **how: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def raw(width: int, height: int, colour: int, depth: int, pixel: bytes) -> bytes:
    """A PNG of one colour, line by line, so that a large one takes no memory here either."""
    packed = zlib.compressobj(9)
    line = b"\0" + pixel * width
    data = b"".join(packed.compress(line) for _ in range(height)) + packed.flush()
    head = width.to_bytes(4) + height.to_bytes(4) + bytes([depth, colour, 0, 0, 0])
    return PNG + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def declared(width: int, height: int) -> bytes:
    """95 KB that say they are so large."""
    data = zlib.compress(b"\0" * 97_000_000, 9)
    head = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 0, 0, 0, 0])
    return PNG + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


READ = {
    "a PNG": (saved(RED, "PNG"), (60, 30), (255, 0, 0, 255)),
    "a JPEG": (saved(RED, "JPEG"), (60, 30), (254, 0, 0, 255)),
    "black and white": (saved(Image.new("1", (60, 30), 1), "PNG"), (60, 30), (255, 255, 255, 255)),
    "grey of 16 bits": (raw(60, 30, 0, 16, b"\x80\x80"), (60, 30), (128, 128, 128, 255)),
    "colours of 16 bits": (raw(60, 30, 2, 16, b"\xff\xff\0\0\0\0"), (60, 30), (255, 0, 0, 255)),
    "with transparency": (saved(Image.new("RGBA", (60, 30), (255, 0, 0, 128)), "PNG"), (60, 30), (255, 0, 0, 128)),
    "a palette with transparency": (
        saved(RED.quantize(2), "PNG", transparency=RED.quantize(2).getpixel((0, 0))), (60, 30), (255, 0, 0, 0),
    ),
    "grey with a transparent shade": (saved(GREY, "PNG", transparency=128), (60, 30), (128, 128, 128, 0)),
    "a JPEG for a printing press": (
        saved(Image.new("CMYK", (60, 30), (0, 255, 255, 0)), "JPEG"), (60, 30), (254, 0, 0, 255),
    ),
    "a JPEG in steps": (saved(RED, "JPEG", progressive=True), (60, 30), (254, 0, 0, 255)),
    "turned by its camera": (saved(RED, "JPEG", exif=TURNED), (30, 60), (254, 0, 0, 255)),
    "moving": (
        saved(RED, "PNG", save_all=True, append_images=[BLUE]), (60, 30), (255, 0, 0, 255),
    ),
    "with more behind its end": (saved(RED, "PNG") + b"<script>", (60, 30), (255, 0, 0, 255)),
    "large and of one colour": (raw(WIDEST, WIDEST, 0, 8, b"\x80"), (1600, 1600), (128, 128, 128, 255)),
    "as wide as can be": (raw(WIDEST, 1, 0, 8, b"\x80"), (1600, 1), (128, 128, 128, 255)),
}  # fmt: skip


@pytest.mark.parametrize(("image", "size", "colour"), READ.values(), ids=READ)
async def test_a_picture_is_its_pixels(
    image: bytes, size: tuple[int, int], colour: tuple[int, int, int, int]
) -> None:
    """Of every kind; the first one of several, upright, and small enough to print."""
    found = await redrawn(image)
    assert isinstance(found, Picture)
    with Image.open(io.BytesIO(found.image)) as opened:
        opened.load()
        assert opened.size == size
        assert Image.MIME[str(opened.format)] == found.media_type
        assert opened.convert("RGBA").getpixel((size[0] // 2, size[1] // 2)) == pytest.approx(colour, abs=2)
        assert not getattr(opened, "is_animated", False)
        assert not opened.getexif()
        assert not {"icc_profile", "exif", "dpi", "comment", "Author"} & opened.info.keys()


async def test_nothing_comes_along() -> None:
    """No comment, place, colour profile or second picture; the same again gives the same bytes."""
    described = Image.Exif()
    described[0x010E] = "taken at home"
    image = saved(RED, "JPEG", exif=described, comment=b"of mine", icc_profile=b"profile" * 20)
    found = await redrawn(image + saved(RED, "JPEG"))
    assert isinstance(found, Picture)
    assert not any(found.image.count(word) for word in (b"taken", b"mine", b"profile"))
    assert await redrawn(image) == found
    assert await redrawn(found.image) == found


REFUSED = {
    "nothing": (b"", Flaw.BROKEN),
    "text": (b"no picture", Flaw.BROKEN),
    "another kind": (saved(RED, "GIF"), Flaw.BROKEN),
    "a drawing": (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', Flaw.BROKEN),
    "a PNG that breaks off": (saved(RED, "PNG")[:-4], Flaw.BROKEN),
    "a PNG without its pixels": (saved(RED, "PNG")[:45], Flaw.BROKEN),
    "a wrong checksum": (saved(RED, "PNG").replace(b"IDAT", b"IDAU"), Flaw.BROKEN),
    "a JPEG that breaks off": (saved(RED, "JPEG")[:-2], Flaw.BROKEN),
    "noise behind a true beginning": (PNG + os.urandom(300), Flaw.BROKEN),
    "a bomb": (declared(30_000, 30_000), Flaw.WIDE),
    "too wide": (raw(WIDEST + 1, 1, 0, 8, b"\x80"), Flaw.WIDE),
    "too many bytes": (saved(RED, "PNG") + bytes(LARGEST), Flaw.LARGE),
}


@pytest.mark.parametrize(("image", "flaw"), REFUSED.values(), ids=REFUSED)
async def test_what_can_not_be_taken_is_told_apart(image: bytes, flaw: Flaw) -> None:
    """Each with a sentence of its own."""
    assert await redrawn(image) is flaw
    assert flaw.sentence.endswith(".")


NOISE = Image.frombytes("RGBA", (159, 159), os.urandom(159 * 159 * 4))


@pytest.mark.parametrize(
    "image",
    [
        saved(NOISE, "PNG"),
        saved(Image.effect_noise((1500, 1500), 9).convert("RGB"), "JPEG", quality=2),
        saved(Image.effect_noise((600, 600), 2).convert("RGB").convert("RGBA").quantize(8), "PNG"),
    ],
    ids=["noise", "a photo", "a drawing"],
)
async def test_what_comes_of_it_is_small_enough_to_be_told(image: bytes) -> None:
    """As many bytes as the event takes; a picture that can't be packed so small has fewer pixels."""
    assert len(image) <= LARGEST
    found = await redrawn(image)
    assert isinstance(found, Picture)
    assert len(found.image) <= LARGEST


MEASURE = """
import asyncio, resource, sys
from shared.pictures import redrawn
found = asyncio.run(redrawn(open(sys.argv[1], "rb").read()))
[mine] = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, mine)
"""


@pytest.mark.parametrize(
    "image",
    [declared(30_000, 30_000), raw(WIDEST, 2900, 6, 16, b"\x80" * 8), raw(WIDEST, WIDEST, 0, 8, b"\x80")],
    ids=["declares 30,000 x 30,000", "16 bits a channel", "declares what it may"],
)
def test_no_picture_takes_more_memory_than_it_may(image: bytes, tmp_path: Path) -> None:
    """Neither in the process that decodes it, nor in the service: measured, in KB."""
    assert len(image) <= LARGEST
    (tmp_path / "logo.png").write_bytes(image)
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path / "logo.png")],
        check=True,
        capture_output=True,
        text=True,
    )
    decoding, service = map(int, measured.stdout.split()[-2:])
    assert decoding < 256 * 1024
    assert service < 128 * 1024


CONFINED = """
import json, os, runpy, sys
decoder = runpy.run_path(sys.argv[1])
decoder["confine"]()
told = {}
for name, do in {
    "reads": lambda: open("/etc/hostname"), "starts": lambda: os.execv("/bin/true", ["true"]),
    "takes": lambda: bytearray(300 * 2**20),
}.items():
    try:
        do()
    except (OSError, MemoryError) as error:
        told[name] = type(error).__name__
print(json.dumps(told | {"root": os.geteuid() == 0, "secrets": [name for name in os.environ if "SECRET" in name]}))
"""


def test_whoever_takes_over_the_decoder_has_nothing() -> None:
    """No file, no program, no memory without an end; and nobody's rights."""
    told = subprocess.run(
        [sys.executable, "-I", "-c", CONFINED.replace("os.execv", "os.fork() and os.execv"), str(DECODER)],
        check=True, capture_output=True, text=True, env={},
    )  # fmt: skip
    found = msgspec.json.decode(told.stdout)
    assert found.pop("starts", "as root, who is nobody now") is not None
    assert found == {"reads": "OSError", "takes": "MemoryError", "root": False, "secrets": []}


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.subprocess.Process]:
    """Those that were started."""
    started: list[asyncio.subprocess.Process] = []
    start = asyncio.create_subprocess_exec

    async def watched(*arguments: str, **how: Any) -> asyncio.subprocess.Process:
        assert how["env"] == {}, "it is told no secret"
        started.append(await start(*arguments, **how))
        return started[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", watched)
    return started


@pytest.mark.parametrize("left", [False, True], ids=["too slow", "nobody waits for it"])
async def test_a_decoder_that_hangs_is_ended(
    processes: list[asyncio.subprocess.Process], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, left: bool
) -> None:
    """And leaves nothing of itself."""
    hangs = tmp_path / "hangs.py"
    hangs.write_text("import time\ntime.sleep(100)")
    monkeypatch.setattr(pictures, "DECODER", hangs)
    monkeypatch.setattr(pictures, "SECONDS", 100 if left else 0.2)
    asking = asyncio.create_task(redrawn(b"a picture"))
    while not processes:
        await asyncio.sleep(0.01)
    if left:
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    else:
        assert await asking is Flaw.HEAVY
    assert processes[0].returncode == -9
    assert not Path(f"/proc/{processes[0].pid}").exists()


@pytest.mark.parametrize(
    "ends", ["raise SystemExit(3)", "import os; os.kill(os.getpid(), 9)", "print('image/gif')"]
)
async def test_a_decoder_that_breaks_costs_the_picture_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ends: str
) -> None:
    """Whatever became of it, there is an answer."""
    breaks = tmp_path / "breaks.py"
    breaks.write_text(ends)
    monkeypatch.setattr(pictures, "DECODER", breaks)
    assert await redrawn(b"a picture" * 10_000) is Flaw.HEAVY


async def test_one_is_decoded_at_a_time_and_a_few_wait(processes: list[asyncio.subprocess.Process]) -> None:
    """Whoever comes when too many wait is asked to come again."""
    image = saved(RED, "PNG")
    answers = await asyncio.gather(
        *(redrawn(image) for _ in range(pictures.WAITING + 3)), return_exceptions=True
    )
    refused = [each for each in answers if isinstance(each, Refused)]
    assert (len(refused), {each.why for each in refused}) == (3, {Why.UNAVAILABLE})
    assert len(processes) == pictures.WAITING
    assert isinstance(await redrawn(image), Picture)
