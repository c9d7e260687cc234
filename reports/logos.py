"""A company's logo: what somebody uploaded, drawn anew. Nothing of the file itself is kept.

The first bytes decide what it is, never its name or what the browser called it. SVG is a document that may carry scripts, so it is none of
the kinds. The size is read from the head before anything is unpacked.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from dataclasses import dataclass

from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from reports.refused import Place, Refused

MOST_BYTES = 200 * 1024
LEAST_PIXELS, MOST_PIXELS = 128, 2000
# Drawn at 48 px at most, on screens with up to five points a pixel.
KEPT_PIXELS = 256
# What Pillow raises over a file that is none, or is broken.
BROKEN = (OSError, SyntaxError, ValueError, IndexError, KeyError, TypeError, EOFError, OverflowError, struct.error, zlib.error)


@dataclass(frozen=True)
class Logo:
    """`hash` names this picture in its address."""

    png: bytes
    hash: str


def read(data: bytes) -> Logo:
    """Of an uploaded file: its first picture as a PNG without anything else. Raises Refused with a sentence that says what to do."""
    if not data:
        raise _refused("empty", _("The file is empty."))
    if len(data) > MOST_BYTES:
        raise _refused("too_large", _("The file is larger than %(n)d KB.") % {"n": MOST_BYTES // 1024})
    kind = _kind(data)
    if kind is None:
        raise _refused("wrong_kind", _("This is no PNG, JPEG or WebP picture."))
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as picture:
            _check_size(picture.size)
            return _drawn_anew(picture)
    except Image.DecompressionBombError as error:
        raise _refused("too_many_pixels", _("No side of the picture may have more than %(most)d px.") % {"most": MOST_PIXELS}) from error
    except BROKEN as error:
        raise _refused("broken", _("The picture is damaged and cannot be read. Save it anew and try once more.")) from error


def _kind(data: bytes) -> str | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    return "WEBP" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


def _check_size(size: tuple[int, int]) -> None:
    values = {"width": size[0], "height": size[1], "least": LEAST_PIXELS, "most": MOST_PIXELS}
    if min(size) < LEAST_PIXELS:
        detail = _("The picture is %(width)d by %(height)d px. Each side needs at least %(least)d px.") % values
        raise _refused("too_few_pixels", detail)
    if max(size) > MOST_PIXELS:
        raise _refused("too_many_pixels", _("The picture is %(width)d by %(height)d px. No side may have more than %(most)d px.") % values)


def _drawn_anew(picture: Image.Image) -> Logo:
    if picture.mode.startswith(("I", "F")):
        raise _refused("too_deep", _("The picture has 16 bits for each grey. Save it with 8 and try once more."))
    picture.load()
    upright = ImageOps.exif_transpose(picture)
    plain = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    plain.thumbnail((KEPT_PIXELS, KEPT_PIXELS), Image.Resampling.LANCZOS)
    # From its points alone: a picture that Pillow opened drags along colour profiles, comments and the place where it was taken.
    bare = Image.frombytes(plain.mode, plain.size, plain.tobytes())
    made = io.BytesIO()
    bare.save(made, "PNG", optimize=True)
    png = made.getvalue()
    return Logo(png, hashlib.sha256(png).hexdigest()[:12])


def _refused(code: str, detail: str) -> Refused:
    return Refused(f"logo_{code}", detail, (Place(("logo",), code, detail),))
