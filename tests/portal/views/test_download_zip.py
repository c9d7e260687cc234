"""All files of a job as one ZIP, on the page of its link."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from portal import link_zip
from reports import zipping
from reports.models import Download, Event, Link
from reports.recalling import recall
from reports.zipping import BrokenOff
from tenants.audit import Actor
from tenants.models import Tenant
from tenants.scope import platform_scope, tenant_scope
from tests.factories import make_file, make_job
from tests.pretend_aws import BUCKET

pytestmark = pytest.mark.django_db
BODIES = {"calls.pdf": b"%PDF-1.7 " + b"p" * 3_000_000, "calls.csv": b"day;calls\n1;2\n", "Calls.csv": b"day;calls\n3;4\n"}


@pytest.fixture
def visitor() -> Client:
    return Client()


@pytest.fixture
def ready_job(acme, daily_calls):
    """Without files yet."""
    return make_job(tenant=acme, report=daily_calls, status="completed")


@pytest.fixture
def several(aws, ready_job):
    """The job has three files in the store, two of which differ by capitals alone."""
    files = []
    for (name, body), format in zip(BODIES.items(), ("PDF", "CSV", "CSV"), strict=True):
        files.append(make_file(job=ready_job, format=format, body=body, bucket=BUCKET, name=name))
        aws.client("s3").put_object(Bucket=BUCKET, Key=files[-1].key, Body=body)
    return files


def fetch(browser, path):
    return browser.post(path, {"act": "all"})


def read(answer) -> bytes:
    """To its end, which gives its place back."""
    return b"".join(answer.streaming_content)


def counted(link) -> tuple[int, int]:
    with tenant_scope(link.tenant_id):
        return Link.objects.get(pk=link.pk).uses, Download.objects.filter(link=link).count()


def test_holds_every_file_as_it_is_and_names_each_once(visitor, link, several):
    _row, path = link

    answer = fetch(visitor, path)
    body = read(answer)

    with zipfile.ZipFile(io.BytesIO(body)) as opened:
        assert opened.testzip() is None
        assert {name: opened.read(name) for name in opened.namelist()} == {
            "calls.pdf": BODIES["calls.pdf"],
            "calls.csv": BODIES["calls.csv"],
            "Calls (2).csv": BODIES["Calls.csv"],
        }
    assert answer["Content-Length"] == str(len(body))
    assert answer["Content-Type"] == "application/zip"
    assert answer["Cache-Control"] == "no-store"
    assert ".zip" in answer["Content-Disposition"]


def test_counts_as_one_use_and_writes_a_download_for_each_file_before_the_first_byte(visitor, link, several):
    row, path = link

    answer = fetch(visitor, path)

    assert counted(row) == (1, 3)
    read(answer)
    with tenant_scope(row.tenant_id):
        assert Event.objects.filter(type="link.downloaded").count() == 3


def test_is_free_once_more_in_the_same_browser_as_a_file_is(visitor, link, several):
    row, path = link
    read(fetch(visitor, path))

    read(fetch(visitor, path))
    read(fetch(Client(), path))

    assert counted(row) == (2, 9)


def test_is_offered_where_there_are_several(visitor, link, several):
    shown = visitor.get(link[1]).content.decode()

    assert "Download all as ZIP" in shown
    assert "3 files" in shown


def test_is_not_offered_for_a_single_file_and_not_given(visitor, link, ready_job):
    row, path = link
    make_file(job=ready_job)

    shown, pressed = visitor.get(path), fetch(visitor, path)

    assert "ZIP" not in shown.content.decode()
    assert pressed.status_code == 422
    assert counted(row) == (0, 0)


def test_is_not_offered_where_the_files_are_too_large(visitor, link, several, monkeypatch):
    monkeypatch.setattr(zipping, "MOST_BYTES", 1000)
    row, path = link

    shown, pressed = visitor.get(path), fetch(visitor, path)

    assert "ZIP" not in shown.content.decode()
    assert (pressed.status_code, counted(row)) == (422, (0, 0))


@pytest.mark.parametrize(
    "ended", [{"revoked_at": True}, {"expires_at": True}, {"uses": 50}, {"wrong_codes": 10}, {"protection": "passcode"}]
)
def test_is_refused_where_a_file_is(ended, visitor, link, several):
    row, path = link
    ended = {name: timezone.now() - timedelta(minutes=1) if value is True else value for name, value in ended.items()}
    with tenant_scope(row.tenant_id):
        Link.objects.filter(pk=row.pk).update(**ended)

    answer = fetch(visitor, path)

    assert not answer.streaming
    assert counted(row)[1] == 0


def test_is_refused_once_the_report_was_withdrawn_or_its_company_is_suspended(visitor, link, several, ready_job):
    row, path = link
    with platform_scope():
        Tenant.objects.filter(pk=ready_job.tenant_id).update(suspended_at=timezone.now())
    suspended = fetch(visitor, path)
    with platform_scope():
        Tenant.objects.filter(pk=ready_job.tenant_id).update(suspended_at=None)
    with tenant_scope(ready_job.tenant):
        recall(ready_job, "It was wrong.", Actor("adam"), now=timezone.now())

    withdrawn = fetch(visitor, path)

    assert (suspended.status_code, withdrawn.status_code, counted(row)) == (403, 410, (0, 0))


def test_a_file_that_is_gone_is_prepared_again_and_nothing_is_counted(aws, visitor, link, several):
    row, path = link
    aws.client("s3").delete_object(Bucket=BUCKET, Key=several[1].key)

    answer = fetch(visitor, path)

    assert (answer.status_code, counted(row)) == (503, (0, 0))


def test_breaks_off_where_a_file_cannot_be_read_to_its_end_and_opens_in_no_program(aws, visitor, link, several):
    """Shorter than announced, and without the directory that stands at the end of a ZIP."""
    _row, path = link
    answer = fetch(visitor, path)
    aws.client("s3").delete_object(Bucket=BUCKET, Key=several[2].key)
    pieces = []

    with pytest.raises(BrokenOff):
        pieces.extend(answer.streaming_content)

    got = b"".join(pieces)
    assert 0 < len(got) < int(answer["Content-Length"])
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(got))


@pytest.mark.parametrize("body", [b"short", b"x" * 5_000_000], ids=["shorter", "longer"])
def test_breaks_off_where_an_object_is_not_what_was_collected(body, aws, visitor, link, several):
    _row, path = link
    aws.client("s3").put_object(Bucket=BUCKET, Key=several[0].key, Body=body)

    with pytest.raises(BrokenOff):
        read(fetch(visitor, path))


def test_leaves_room_for_pages_and_gives_it_back(visitor, link, several):
    row, path = link
    running = [fetch(Client(), path) for _ in range(2)]

    busy = fetch(visitor, path)
    pages = visitor.get(path)
    for answer in running:
        read(answer)
    after = fetch(visitor, path)
    read(after)

    assert (busy.status_code, pages.status_code, after.status_code) == (503, 200, 200)
    assert counted(row) == (3, 9)
    # As many as there were: neither lost nor made.
    assert link_zip.ROOM._value == 2


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a\\b:c.pdf", "a_b_c.pdf"),
        ("..", "file"),
        ("line\nbreak.csv", "line_break.csv"),
        ("ö.pdf", "ö.pdf"),
    ],
)
def test_names_lead_into_no_folder(name, safe):
    assert zipping._safe(name) == safe
