"""What may become a logo, and what is left of the file afterwards."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from reports import logos
from reports.refused import Refused
from tests.pictures import SIGNATURE, bomb, chunks, from_a_phone, moving, picture, text_bomb

HTML = b"<html><script>alert(1)</script></html>"
GOOD = {
    "a PNG": picture(),
    "a JPEG": picture("JPEG"),
    "a WebP": picture("WEBP"),
    "a JPEG for print": picture("JPEG", "CMYK"),
    "few colours": picture(mode="P"),
    "black and white": picture(mode="1"),
    "grey and clear": picture(mode="LA"),
    "with clear parts": picture("WEBP", "RGBA"),
    "the smallest": picture(size=(128, 128)),
    "the largest": picture(size=(2000, 2000)),
    "a moving PNG": moving("PNG"),
    "a moving WebP": moving("WEBP"),
    "from a phone": from_a_phone(),
    "a page behind a PNG": picture() + HTML,
    "a page behind a JPEG": picture("JPEG") + HTML,
}
REFUSED = {
    "nothing": (b"", "empty"),
    "too many bytes": (picture() + b"\0" * logos.MOST_BYTES, "too_large"),
    "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "wrong_kind"),
    "a page": (HTML, "wrong_kind"),
    "a GIF": (picture("GIF"), "wrong_kind"),
    "a TIFF": (picture("TIFF"), "wrong_kind"),
    "a PDF": (picture("PDF"), "wrong_kind"),
    "an icon": (picture("ICO"), "wrong_kind"),
    "a sound": (b"RIFF\x24\0\0\0WAVEfmt ", "wrong_kind"),
    "a page with the beginning of a PNG": (SIGNATURE + HTML, "broken"),
    "a page with the beginning of a JPEG": (b"\xff\xd8\xff" + HTML, "broken"),
    "half a PNG": (picture()[:100], "broken"),
    "half a JPEG": (picture("JPEG")[:400], "broken"),
    "half a WebP": (picture("WEBP")[:60], "broken"),
    "a PNG without points": (bomb(200, 200), "broken"),
    "a comment of 60 MB": (text_bomb(), "broken"),
    "too few points": (picture(size=(127, 500)), "too_few_pixels"),
    "too many points": (picture(size=(2001, 200)), "too_many_pixels"),
    "a bomb": (bomb(60_000, 60_000), "too_many_pixels"),
    "a bomb that is no bomb to Pillow": (bomb(8000, 8000), "too_many_pixels"),
    "16 bits of grey": (picture(mode="I;16"), "too_deep"),
}


@pytest.mark.parametrize("what", GOOD)
def test_a_picture_becomes_a_small_png_with_nothing_but_its_points(what):
    logo = logos.read(GOOD[what])

    assert set(chunks(logo.png)) == {b"IHDR", b"IDAT", b"IEND"}
    assert len(logo.png) < 300_000
    with Image.open(io.BytesIO(logo.png)) as drawn:
        assert max(drawn.size) <= logos.KEPT_PIXELS
        assert drawn.info == {}
        assert getattr(drawn, "n_frames", 1) == 1


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_logo_is_refused_and_says_why(what):
    data, code = REFUSED[what]

    with pytest.raises(Refused) as refused:
        logos.read(data)

    assert refused.value.code == f"logo_{code}"
    assert refused.value.places[0].path == ("logo",)


def test_neither_page_nor_place_is_left_in_it():
    for data in (picture() + HTML, from_a_phone()):
        png = logos.read(data).png

        assert b"script" not in png
        assert b"ACME" not in png


def test_a_picture_on_its_side_is_put_upright():
    with Image.open(io.BytesIO(logos.read(from_a_phone()).png)) as drawn:
        assert drawn.size == (171, 256)


def test_of_a_moving_picture_the_first_is_kept():
    for kind in ("PNG", "WEBP"):
        with Image.open(io.BytesIO(logos.read(moving(kind)).png)) as drawn:
            red, green, blue = drawn.convert("RGB").getpixel((64, 64))

        assert red > 200 > 60 > max(green, blue)


def test_clear_parts_stay_clear():
    clear = Image.new("RGBA", (128, 128), (0, 0, 0, 0))
    made = io.BytesIO()
    clear.save(made, "WEBP", lossless=True)

    with Image.open(io.BytesIO(logos.read(made.getvalue()).png)) as drawn:
        assert drawn.getpixel((5, 5))[3] == 0


def test_the_same_picture_has_the_same_hash_and_another_has_another():
    assert logos.read(picture()).hash == logos.read(picture() + HTML).hash
    assert logos.read(picture()).hash != logos.read(picture(size=(140, 160))).hash
