"""What logs keep: a line for each record, and no secret in it."""

from __future__ import annotations

import io
import logging
import logging.config
from copy import deepcopy

import pytest
from django.conf import settings

TOKEN = "pQ7-x_9Zt4mB2vK8wR1nY6cL3sD5fG0hJ_aE-uTiOoX"
SIGNED = (
    f"https://s3.example/b/k.pdf?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={TOKEN}%2F20260302%2Fus-east-1"
    f"&X-Amz-Security-Token={TOKEN}&X-Amz-Signature={TOKEN}&X-Amz-Expires=60"
)
CODES = ["ABCD2345", "abcd2345", "ABCD23456", "A", "ABCD234%00", "ABCD\x00345", "ÄBCD2345", "AB-D_345"]
TEXTS = {
    **{f"link, code {code!r}": f"GET /d/{code}/{TOKEN} 404" for code in CODES},
    **{f"invitation, code {code!r}": f"POST /invitations/{code}/{TOKEN}/ 303" for code in CODES},
    "link, token with a dot": f"GET /d/ABCD2345/{TOKEN}.{TOKEN}",
    "link, token with escapes": f"GET /d/ABCD2345/%00{TOKEN}%20{TOKEN}",
    "link, quoted": f"Not Found: '/d/ABCD2345/{TOKEN}'",
    "link, with a query": f"GET /d/ABCD2345/{TOKEN}?x=1",
    "link, whole address": f"https://portal.example/d/ABCD2345/{TOKEN}",
    "key": f"Authorization: Bearer fan_ABCD2345_{TOKEN}",
    "presigned": SIGNED,
    "presigned, lower case": SIGNED.replace("X-Amz-Signature", "x-amz-signature"),
    "presigned, quoted": f"{{'Location': '{SIGNED}'}}",
    "two in one line": f"/d/ABCD2345/{TOKEN} then fan_ABCD2345_{TOKEN}",
}


@pytest.fixture
def log():
    """A logger with the handler that the settings describe, and what it wrote."""
    configuration, written = deepcopy(settings.LOGGING), io.StringIO()
    handler = logging.StreamHandler(written)
    made = logging.config.DictConfigurator(configuration)
    described = configuration["handlers"]["stderr"]
    handler.setFormatter(made.configure_formatter(configuration["formatters"][described["formatter"]]))
    for name in described["filters"]:
        handler.addFilter(made.configure_filter(configuration["filters"][name]))
    logger = logging.Logger("test", logging.DEBUG)
    logger.addHandler(handler)
    return logger, written


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_secret_is_written_as_part_of_the_message(text, log):
    logger, written = log

    logger.info(text)

    assert "INFO test" in written.getvalue()
    assert TOKEN not in written.getvalue()


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_secret_is_written_as_an_argument(text, log):
    logger, written = log

    logger.warning("%s: %r (%s)", "Not Found", text, {"path": text})

    assert "Not Found" in written.getvalue()
    assert TOKEN not in written.getvalue()


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_secret_is_written_with_an_exception(text, log):
    logger, written = log

    try:
        try:
            raise ValueError(text)
        except ValueError as cause:
            raise RuntimeError(f"while asking {text}") from cause
    except RuntimeError:
        logger.exception("Internal Server Error: %s", text)

    assert "RuntimeError" in written.getvalue()
    assert TOKEN not in written.getvalue()


@pytest.mark.parametrize(
    "innocent", ["GET /t/acme/jobs/0b7e/", "GET /d/", "GET /healthz", "job 3f6c completed", "X-Amz-Expires=60", "/d/ABCD2345/ 404"]
)
def test_what_is_no_secret_stays_readable(innocent, log):
    logger, written = log

    logger.info("%s", innocent)

    assert written.getvalue().endswith(f" INFO test {innocent}\n")


def test_the_code_of_the_company_stays_readable(log):
    logger, written = log

    logger.info("GET /d/ABCD2345/%s 404", TOKEN)

    assert "GET /d/ABCD2345/[token] 404" in written.getvalue()


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_a_record_is_one_line_whatever_somebody_sent(line_break, log):
    logger, written = log

    logger.info("signed in: %s", f"eve{line_break}2026-03-02 INFO root signed in: adam")

    (line,) = written.getvalue().splitlines()
    assert "eve" in line
    assert "adam" in line
