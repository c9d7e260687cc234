"""Pictures as people upload them: good ones, and what only looks like one."""

from __future__ import annotations

import io
import math
import struct
import zlib
from typing import Any

from PIL import Image, ImageDraw

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def picture(kind: str = "PNG", mode: str = "RGB", size: tuple[int, int] = (160, 140), **more: Any) -> bytes:
    """Red on the left, blue on the right, so that what is turned or cut is seen."""
    drawn = Image.new("RGB", size, (200, 20, 20))
    drawn.paste((20, 20, 200), (size[0] // 2, 0, *size))
    made = io.BytesIO()
    drawn.convert(mode).save(made, kind, **more)
    return made.getvalue()


def azure_bay() -> bytes:
    """The mark of the design's own company."""
    drawn = Image.new("RGBA", (512, 512), (0, 0, 0, 0))
    pen = ImageDraw.Draw(drawn)
    pen.rounded_rectangle((0, 0, 511, 511), 128, "#0b5e6b")
    pen.ellipse((192, 96, 320, 224), "#ffd489")
    for height, color in ((296, "#ffffff"), (376, "#8fd3dd")):
        wave = [(x, height + 24 * math.sin((x - 80) / 118 * math.pi + math.pi / 2)) for x in range(80, 433, 2)]
        pen.line(wave, color, 34, joint="curve")
    made = io.BytesIO()
    drawn.save(made, "PNG")
    return made.getvalue()


def moving(kind: str) -> bytes:
    """Four pictures one after the other; the first is red."""
    frames = [Image.new("RGB", (128, 128), color) for color in ("red", "green", "blue", "white")]
    made = io.BytesIO()
    frames[0].save(made, kind, save_all=True, append_images=frames[1:])
    return made.getvalue()


def from_a_phone() -> bytes:
    """On its side, and with the place where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "ACME phones"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    return picture("JPEG", size=(300, 200), exif=exif.tobytes())


def bomb(width: int, height: int) -> bytes:
    """A few bytes that say they are so large."""
    return SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def text_bomb() -> bytes:
    """A good picture with a comment of 60 MB, packed."""
    packed = zlib.compress(b"a" * 60_000_000, 9)
    whole = picture()
    return whole[:33] + chunk(b"zTXt", b"Comment\0\0" + packed) + whole[33:]


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def chunks(png: bytes) -> list[bytes]:
    """The names of its parts."""
    found, at = [], len(SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        found.append(png[at + 4 : at + 8])
        at += length + 12
    return found
