"""Members' pages of links: making one with its own terms, its log, revoking many, corrections."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from reports import links
from reports.models import Link, SnapshotJob
from tenants.audit import Actor
from tenants.scope import platform_scope, tenant_scope
from tests.factories import make_link, make_occurrence, make_schedule

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def text(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


class TestMaking:
    def test_a_link_with_days_downloads_and_a_passcode(self, as_adam, ready_job):
        wanted = {"days": 3, "max_uses": 1, "protection": "passcode", "passcode": "open sesame", "email": "GM@customer.example"}

        made = as_adam.post(f"/t/acme/jobs/{ready_job.pk}/links/", wanted, follow=True)

        with tenant_scope(ready_job.tenant):
            link = Link.objects.get()
        assert (link.max_uses, link.protection, link.email) == (1, "passcode", "gm@customer.example")
        assert "/d/" in made.content.decode()
        assert "open sesame" not in made.content.decode()

    @pytest.mark.parametrize(
        ("wanted", "told"),
        [
            ({"max_uses": 1}, "A link for one download needs a passcode or a mailed code"),
            ({"days": 91}, "A link works for 1 to 90 days."),
            ({"protection": "passcode", "passcode": "abc"}, "Choose a passcode of 6 to 64 characters."),
            ({"protection": "mailed"}, "Say whom the link is for."),
            ({"email": "gm@elsewhere.example"}, "Reports may not go to elsewhere.example"),
        ],
    )
    def test_says_at_its_field_what_cannot_be(self, wanted, told, as_adam, acme, ready_job):
        with platform_scope():
            type(acme).objects.filter(pk=acme.pk).update(recipient_domains=["customer.example"])

        answer = as_adam.post(f"/t/acme/jobs/{ready_job.pk}/links/", wanted)

        assert answer.status_code == 422
        assert told in text(answer)
        with tenant_scope(acme):
            assert not Link.objects.exists()


class TestTheLog:
    def test_says_when_what_from_where_and_whether_it_was_counted(self, stored, as_adam, client, ready_job):
        row, token = make_link(job=ready_job)
        visitor = type(client)()
        for _ in range(2):
            visitor.post(f"/d/{ready_job.tenant.code}/{token}", REMOTE_ADDR="192.0.2.9", headers={"User-Agent": FIREFOX})

        shown = text(as_adam.get(f"/t/acme/links/{row.pk}/"))

        assert shown.count("daily-calls.pdf") == 2
        assert shown.count("192.0.2.9") == 2
        assert shown.count("Firefox") == 2
        assert (shown.count("One use"), shown.count("Repeated, free")) == (1, 1)

    def test_of_a_locked_link_says_so(self, as_adam, ready_job):
        row, _token = make_link(job=ready_job, protection="passcode", wrong_codes=10)

        assert "no answer opens this link any more" in text(as_adam.get(f"/t/acme/links/{row.pk}/"))


class TestTheList:
    def test_names_recipient_and_protection_and_is_searched_by_recipient(self, as_adam, ready_job):
        make_link(job=ready_job, email="gm@azurebay.example", protection="mailed")
        make_link(job=ready_job, email="ops@azurebay.example")

        found = text(as_adam.get("/t/acme/links/?q=gm@azure"))

        assert "gm@azurebay.example" in found
        assert "Mailed code" in found
        assert "ops@azurebay.example" not in found

    def test_is_narrowed_to_a_report_and_to_those_that_end_today(self, as_adam, ready_job):
        today, _token = make_link(job=ready_job, expires_at=timezone.now().replace(hour=23, minute=59, second=59))
        later, _token = make_link(job=ready_job)

        ending, other = (text(as_adam.get(f"/t/acme/links/?{query}")) for query in ("status=today", "report=no-such-report"))

        assert today.reference in ending
        assert later.reference not in ending
        assert "No links match" in other


class TestRevokingMany:
    def count(self, tenant) -> int:
        with tenant_scope(tenant):
            return Link.objects.exclude(revoked_at=None).count()

    def test_by_recipient_asks_whose_then_names_the_number_then_revokes(self, as_adam, acme, ready_job):
        for _ in range(2):
            make_link(job=ready_job, email="gm@azurebay.example")
        make_link(job=ready_job, email="ops@azurebay.example")

        whose, asked = as_adam.get("/t/acme/links/revoke/"), as_adam.get("/t/acme/links/revoke/?address=GM@azurebay.example")
        before = self.count(acme)
        done = as_adam.post("/t/acme/links/revoke/", {"address": "gm@azurebay.example"}, follow=True)

        assert "See the links" in text(whose)
        assert "Revoke 2 links" in text(asked)
        assert before == 0
        assert self.count(acme) == 2
        assert "2 links were revoked." in text(done)

    def test_by_job_and_by_schedule(self, as_adam, acme, ready_job):
        schedule = make_schedule(tenant=acme, report=ready_job.report, slug="weekdays")
        occurrence = make_occurrence(schedule=schedule)
        with tenant_scope(acme):
            SnapshotJob.objects.filter(pk=ready_job.pk).update(occurrence=occurrence)
        make_link(job=ready_job)

        by_job, by_schedule = (as_adam.get(f"/t/acme/links/revoke/?{which}") for which in (f"job={ready_job.pk}", "schedule=weekdays"))
        as_adam.post("/t/acme/links/revoke/", {"schedule": "weekdays"})

        assert "Revoke 1 link" in text(by_job)
        assert "the schedule “Daily call volume”" in text(by_schedule)
        assert self.count(acme) == 1

    @pytest.mark.parametrize("which", ["job=nonsense", "job=0b5e6b00-0000-4000-8000-000000000000", "schedule=none"])
    def test_of_what_is_not_there_is_not_found(self, which, as_adam):
        assert as_adam.get(f"/t/acme/links/revoke/?{which}").status_code == 404

    def test_is_not_for_viewers(self, as_alice, acme, ready_job):
        make_link(job=ready_job, email="gm@azurebay.example")

        assert as_alice.post("/t/acme/links/revoke/", {"address": "gm@azurebay.example"}).status_code == 403
        assert self.count(acme) == 0

    def test_refuses_a_click_at_once(self, stored, as_adam, client, ready_job):
        _row, token = make_link(job=ready_job)
        visitor, path = type(client)(), f"/d/{ready_job.tenant.code}/{token}"
        first = visitor.post(path)

        as_adam.post("/t/acme/links/revoke/", {"job": str(ready_job.pk)})

        assert (first.status_code, visitor.post(path).status_code) == (303, 404)


class TestACorrection:
    def test_is_asked_for_with_a_sentence_for_the_customers(self, as_adam, ready_job):
        form = as_adam.get(f"/t/acme/jobs/{ready_job.pk}/correct/")
        key = re.search(r'name="form_key" value="([^"]+)"', form.content.decode()).group(1)
        wanted = {"form_key": key, "because": "Faro Beach was missing."}

        answers = [as_adam.post(f"/t/acme/jobs/{ready_job.pk}/correct/", wanted) for _ in range(2)]

        with tenant_scope(ready_job.tenant):
            newer = SnapshotJob.objects.exclude(pk=ready_job.pk).get()
        assert {answer["Location"] for answer in answers} == {f"/t/acme/jobs/{newer.pk}/"}
        assert (newer.replaces_id, newer.replaces_because) == (ready_job.pk, "Faro Beach was missing.")

    def test_without_a_sentence_is_not_run(self, as_adam, ready_job):
        answer = as_adam.post(f"/t/acme/jobs/{ready_job.pk}/correct/", {"because": " "})

        assert answer.status_code == 422
        with tenant_scope(ready_job.tenant):
            assert SnapshotJob.objects.count() == 1

    def test_is_shown_on_the_links_of_the_old_version(self, as_adam, acme, ready_job):
        with tenant_scope(acme):
            newer = links.create(ready_job, Actor("adam"), now=timezone.now()).link
            Link.objects.filter(pk=newer.pk).update(superseded_by=ready_job)

        assert "Corrected since" in text(as_adam.get("/t/acme/links/"))
