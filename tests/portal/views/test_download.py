from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.test import Client
from django.utils import timezone

from reports.models import Download, Link, SnapshotJob
from tenants.scope import tenant_scope
from tests.factories import make_file, make_link, make_occurrence, make_schedule
from tests.portal.views.conftest import BODY
from tests.pretend_aws import BUCKET

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor() -> Client:
    """Somebody without an account."""
    return Client()


def uses(link):
    with tenant_scope(link.tenant_id):
        return Link.objects.get(pk=link.pk).uses


def downloads(link):
    with tenant_scope(link.tenant_id):
        return list(Download.objects.filter(link=link))


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_visit_changes_nothing(visitor, link, method):
    row, path = link

    response = getattr(visitor, method)(path)

    assert response.status_code == 200
    assert (uses(row), downloads(row)) == (0, [])


def test_the_page_shows_the_company_the_report_the_file_and_the_end(visitor, link):
    row, path = link

    response = visitor.get(path)

    shown = response.content.decode()
    assert "<title>Daily call volume · Acme Hotels</title>" in shown
    assert "daily-calls.pdf" in shown
    assert "PDF, 17 bytes" in shown
    assert f'datetime="{row.expires_at.isoformat()}"' in shown
    assert "<script" not in shown
    assert (response["Cache-Control"], response["X-Robots-Tag"]) == ("no-store", "noindex")


def test_times_are_in_the_zone_of_the_schedule_as_in_its_mail(visitor, acme, link):
    row, path = link
    far = make_schedule(tenant=acme, report=row.job.report, timezone="America/New_York")
    run = make_occurrence(schedule=far)
    with tenant_scope(acme):
        SnapshotJob.objects.filter(pk=row.job_id).update(occurrence=run)

    assert "(New York)" in visitor.get(path).content.decode()


def test_a_file_that_nothing_has_replaced_is_not_called_old(visitor, link):
    shown = visitor.get(link[1]).content.decode()

    assert "the old one" not in shown
    assert "file--old" not in shown
    assert 'name="view"' in shown


def test_the_button_gives_the_file_under_its_friendly_name(stored, visitor, link, ready_job):
    row, path = link
    with tenant_scope(ready_job.tenant):
        file = ready_job.files.get()

    response = visitor.post(path, {"file": file.pk}, REMOTE_ADDR="192.0.2.9")
    fetched = requests.get(response["Location"], timeout=5)

    assert response.status_code == 303
    assert parse_qs(urlsplit(response["Location"]).query)["X-Amz-Expires"] == ["60"]
    assert fetched.content == BODY
    assert fetched.headers["Content-Disposition"].startswith('attachment; filename="daily-calls.pdf"')
    assert uses(row) == 1
    assert [(download.actor, download.ip) for download in downloads(row)] == [(row.reference, "192.0.2.9")]


def test_a_pdf_can_be_looked_at_instead(stored, visitor, link):
    response = visitor.post(link[1], {"view": "1"})

    assert "inline" in parse_qs(urlsplit(response["Location"]).query)["response-content-disposition"][0]


def test_one_of_several_files_has_to_be_named(stored, visitor, link, ready_job):
    row, path = link
    second = stored(make_file(job=ready_job, format="EXCEL", bucket=BUCKET))

    asked = visitor.post(path)
    given = visitor.post(path, {"file": second.pk})

    assert asked.status_code == 422
    assert "Choose which file to download." in asked.content.decode()
    assert given.status_code == 303
    assert uses(row) == 1


def test_the_same_browser_may_repeat_a_download_without_another_use(stored, visitor, ready_job):
    row, token = make_link(job=ready_job, max_uses=1)
    path = f"/d/{ready_job.tenant.code}/{token}"

    first, again = visitor.post(path), visitor.post(path)
    another_browser = Client().post(path)

    assert [first.status_code, again.status_code, another_browser.status_code] == [303, 303, 404]
    assert uses(row) == 1
    assert len(downloads(row)) == 2
    assert "that was used" in another_browser.content.decode()


def test_a_repeat_does_not_begin_another_ten_minutes(stored, visitor, link):
    first, again = visitor.post(link[1]), visitor.post(link[1])

    (cookie,) = first.cookies.values()
    assert (cookie["max-age"], cookie["path"], cookie["httponly"]) == (600, link[1], True)
    assert again.status_code == 303
    assert not again.cookies


def test_a_repeat_is_not_lent_to_another_link(stored, visitor, ready_job):
    _, first_token = make_link(job=ready_job)
    spent, spent_token = make_link(job=ready_job, max_uses=1, uses=1)
    code = ready_job.tenant.code
    visitor.post(f"/d/{code}/{first_token}")
    cookie = next(iter(visitor.cookies.values()))
    cookie["path"] = "/"

    assert visitor.post(f"/d/{code}/{spent_token}").status_code == 404
    assert not downloads(spent)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"revoked_at": timezone.now()}, "This link was withdrawn"),
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "This link has ended"),
        ({"uses": 5, "max_uses": 5}, "This link has ended"),
    ],
)
def test_a_link_that_opens_nothing_says_why_and_gives_nothing(visitor, ready_job, fields, told):
    row, token = make_link(job=ready_job, **fields)
    path = f"/d/{ready_job.tenant.code}/{token}"

    looked, pressed = visitor.get(path), visitor.post(path)

    assert (looked.status_code, pressed.status_code) == (404, 404)
    assert told in looked.content.decode()
    assert told in pressed.content.decode()
    assert row.reference in looked.content.decode()
    assert not downloads(row)


def test_a_revoked_link_refuses_even_a_browser_that_just_had_the_file(stored, visitor, link):
    row, path = link
    visitor.post(path)
    with tenant_scope(row.tenant_id):
        Link.objects.filter(pk=row.pk).revoke(timezone.now())

    assert visitor.post(path).status_code == 404
    assert len(downloads(row)) == 1


def test_an_unknown_token_an_unknown_code_and_another_companys_code_look_the_same(visitor, link, globex):
    token = link[1].rsplit("/", 1)[1]
    paths = [f"/d/{link[1].split('/')[2]}/{'x' * 43}", f"/d/AAAAAAAA/{token}", f"/d/{globex.code}/{token}"]

    answers = [visitor.get(path) for path in paths]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert len({answer.content for answer in answers}) == 1
    assert "Acme" not in answers[0].content.decode()


def test_the_button_of_another_site_gives_nothing(link):
    browser = Client(enforce_csrf_checks=True)

    assert browser.post(link[1]).status_code == 403
    assert uses(link[0]) == 0


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(visitor, link, method):
    assert getattr(visitor, method)(link[1]).status_code == 405
