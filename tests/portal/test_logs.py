"""What logs keep: a line for each record, and no secret in it."""

from __future__ import annotations

import io
import logging
import logging.config
import re

import pytest
from django.test import Client
from django.urls import path

from portal.logs import logging_settings
from portal.pages import tenant_page
from portal.urls import urlpatterns as product
from tenants import log_context
from tests.factories import make_api_key, make_file, make_job, make_link

TOKEN = "pQ7-x_9Zt4mB2vK8wR1nY6cL3sD5fG0hJ_aE-uTiOoX"
SIGNED = (
    f"https://s3.example/b/k.pdf?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={TOKEN}%2F20260302%2Fus-east-1"
    f"&X-Amz-Security-Token={TOKEN}&X-Amz-Signature={TOKEN}&X-Amz-Expires=60"
)
CODES = ["ABCD2345", "abcd2345", "ABCD23456", "A", "ABCD234%00", "ABCD\x00345", "ÄBCD2345", "AB-D_345"]
TEXTS = {
    **{f"link, code {code!r}": f"GET /d/{code}/{TOKEN} 404" for code in CODES},
    **{f"invitation, code {code!r}": f"POST /invitations/{code}/{TOKEN}/ 303" for code in CODES},
    "new password": f"GET /accounts/password/reset/key/2-{TOKEN}/ 302",
    "way into an archive": f"POST /a/ABCD2345/{TOKEN} 303",
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


@pytest.fixture(params=["json", "plain"])
def log(request):
    """A logger with one of the two forms that the settings describe, and what it wrote."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    described = logging_settings()
    handler.setFormatter(logging.config.DictConfigurator(described).configure_formatter(described["formatters"][request.param]))
    logger = logging.Logger("test", logging.DEBUG)
    logger.addHandler(handler)
    return logger, written


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_secret_is_written_as_part_of_the_message(text, log):
    logger, written = log

    logger.info(text)

    assert "INFO" in written.getvalue()
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

    assert innocent in written.getvalue()


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


def test_a_line_is_an_object_with_time_level_logger_and_message(json_log):
    logging.getLogger("reports.example").warning("%d of %d", 1, 2, extra={"milliseconds": 7})

    (line,) = json_log()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line.pop("time"))
    assert line == {"level": "WARNING", "logger": "reports.example", "message": "1 of 2", "milliseconds": 7}


def test_a_traceback_is_part_of_its_line(json_log):
    try:
        raise ValueError("not\nthis")
    except ValueError:
        logging.getLogger("reports.example").exception("it failed")

    (line,) = json_log()
    assert line["message"] == "it failed"
    assert line["exception"].startswith("Traceback (most recent call last):\n")
    assert line["exception"].endswith("ValueError: not\nthis")


def test_what_is_no_text_is_written_as_text_without_secrets(json_log, rf):
    logging.getLogger("reports.example").info("see", extra={"seen": {"path": f"/d/ABCD2345/{TOKEN}"}, "request": rf.get(f"/d/A/{TOKEN}")})

    (line,) = json_log()
    assert line["seen"] == "{'path': '/d/ABCD2345/[token]'}"
    assert TOKEN not in str(line)


def test_ids_end_with_what_they_were_about(json_log):
    with log_context.about(request_id="r"):
        with log_context.about(tenant="t", job="j"):
            logging.getLogger("reports.example").info("inside")
        log_context.note(tenant="u")
        logging.getLogger("reports.example").info("noted")
    logging.getLogger("reports.example").info("outside")

    ids = [{name: line[name] for name in ("request_id", "tenant", "job") if name in line} for line in json_log()]
    assert ids == [{"request_id": "r", "tenant": "t", "job": "j"}, {"request_id": "r", "tenant": "u"}, {}]


@tenant_page("jobs.view")
def fails(request):
    raise RuntimeError("a fault of ours")


urlpatterns = [*product, path("t/<slug:slug>/fails/", fails)]


@pytest.mark.urls("tests.portal.test_logs")
def test_a_fault_of_a_page_is_logged_with_request_and_tenant(acme, alice, json_log):
    client = Client(raise_request_exception=False)
    client.force_login(alice)

    answer = client.get("/t/acme/fails/")

    about = {"request_id": answer["X-Request-Id"], "tenant": str(acme.pk)}
    fault, line = json_log()
    assert (fault["level"], fault["logger"]) == ("ERROR", "django.request")
    assert fault["exception"].endswith("RuntimeError: a fault of ours")
    assert (line["message"], line["status"]) == ("GET /t/acme/fails/ 500", 500)
    assert [{name: entry[name] for name in about} for entry in (fault, line)] == [about] * 2


def test_who_may_not_is_one_line_without_a_traceback(acme, alice, json_log):
    client = Client()
    client.force_login(alice)

    assert client.get("/t/acme/settings/audit/").status_code == 403

    (line,) = json_log()
    assert (line["message"], line["status"]) == ("GET /t/acme/settings/audit/ 403", 403)
    assert "exception" not in line


def test_what_django_finds_suspicious_is_named_without_a_traceback(client, json_log):
    assert client.get("/healthz", headers={"host": "elsewhere.example"}).status_code == 400

    why, line = json_log()
    assert why["logger"] == "django.security.DisallowedHost"
    assert "elsewhere.example" in why["message"]
    assert "exception" not in why
    assert line["status"] == 400


def test_a_request_of_the_older_api_is_logged_once_with_its_tenant(acme, client, json_log):
    _key, secret = make_api_key(tenant=acme)

    answer = client.get("/qs-anonymous-snapshot/describe_job/daily-calls/unknown", headers={"x-api-key": secret})

    (line,) = json_log()
    assert (line["request_id"], line["tenant"]) == (answer["X-Request-Id"], str(acme.pk))


def test_the_line_of_a_download_page_has_no_token(acme, client, json_log):
    job = make_job(tenant=acme, status="completed")
    make_file(job=job)
    _link, token = make_link(job=job)

    client.get(f"/d/{acme.code}/{token}?q=typed")

    (line,) = json_log()
    assert (line["message"], line["tenant"]) == (f"GET /d/{acme.code}/[token] 200", str(acme.pk))


def test_health_and_static_files_make_no_line(client, db, json_log):
    for address in ("/healthz", "/static/portal/portal.css"):
        client.get(address).close()

    assert json_log() == []
