from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from reports.models import Download
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests.factories import make_link

pytestmark = pytest.mark.django_db
LINKS = "/t/acme/links/"


def page(browser, **query):
    return browser.get(LINKS, query).content.decode()


def test_the_list_tells_what_a_link_opens_and_whether_it_was_used(as_adam, ready_job):
    link, _ = make_link(job=ready_job, uses=3, max_uses=50)
    with tenant_scope(ready_job.tenant):
        Download.objects.create(tenant=ready_job.tenant, file=ready_job.files.get(), link=link, actor=link.reference, at=timezone.now())

    shown = page(as_adam)

    assert link.reference in shown
    assert "Daily call volume" in shown
    assert "3 of 50, last <time" in shown


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ("active", ["works"]),
        ("ended", ["expired", "used_up"]),
        ("revoked", ["revoked"]),
        ("", ["works", "expired", "used_up", "revoked"]),
    ],
)
def test_the_list_is_narrowed_by_state(as_adam, ready_job, status, found):
    now = timezone.now()
    states = {
        "works": {},
        "expired": {"expires_at": now - timedelta(seconds=1)},
        "used_up": {"uses": 5, "max_uses": 5},
        "revoked": {"revoked_at": now},
    }
    links = {name: make_link(job=ready_job, **fields)[0] for name, fields in states.items()}

    shown = page(as_adam, status=status)

    assert [name for name, link in links.items() if link.reference in shown] == found


def test_a_link_is_found_by_its_reference_and_by_its_report(as_adam, link):
    reference = link[0].reference

    assert reference in page(as_adam, q=reference.lower())
    assert reference in page(as_adam, q="daily call")
    assert reference not in page(as_adam, q="invoice")


def test_revoking_a_link_closes_its_page_at_once(as_adam, client, link):
    row, path = link

    answer = as_adam.post(f"{LINKS}{row.pk}/revoke/", follow=True).content.decode()

    assert f"{row.reference} was revoked." in answer
    assert client.get(path).status_code == 404
    with tenant_scope(row.tenant_id):
        assert AuditEvent.objects.filter(action="link.revoked", object_id=str(row.pk)).count() == 1


def test_revoking_goes_back_to_where_it_was_pressed(as_adam, link, ready_job):
    here = f"/t/acme/jobs/{ready_job.pk}/"

    assert as_adam.post(f"{LINKS}{link[0].pk}/revoke/", {"next": here})["Location"] == here
    assert as_adam.post(f"{LINKS}{link[0].pk}/revoke/", {"next": "//evil.example"})["Location"] == LINKS


def test_a_viewer_sees_links_but_cannot_revoke(as_alice, link):
    row, path = link

    assert "Revoke<" not in page(as_alice)
    assert as_alice.post(f"{LINKS}{row.pk}/revoke/").status_code == 403
    assert as_alice.get(path).status_code == 200


def test_no_links_yet_says_where_they_are_made(as_adam):
    assert "No links yet" in page(as_adam)


def test_revoking_is_asked_about_first(as_adam, acme, link):
    row, _path = link

    asked = as_adam.get(f"{LINKS}{row.pk}/revoke/", {"next": "/t/acme/"})

    shown = asked.content.decode()
    assert f"{row.reference} stops working at once" in shown
    assert 'name="next" value="/t/acme/"' in shown
    with tenant_scope(acme):
        row.refresh_from_db()
    assert row.revoked_at is None
