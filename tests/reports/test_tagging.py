"""A company's session tags change by a draft that is reviewed and tried; a dry run is staff's alone."""

from __future__ import annotations

import pytest
import requests
from django.test import Client
from django.utils import timezone

from reports import tagging
from reports.models import Attempt, SnapshotJob
from reports.refused import Refused
from tenants.audit import Actor
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests import factories
from tests.recently import sign_in
from tests.reports.engine import steps
from tests.reports.engine.conftest import account, aws, new_clients, server
from tests.reports.engine.conftest import daily_calls as rendered
from tests.reports.engine.threads import together

__all__ = ["account", "aws", "new_clients", "rendered", "server"]
pytestmark = pytest.mark.django_db
INES = Actor("ines@anycompany.example")


def drafted(tenant, tags):
    with tenant_scope(tenant):
        tagging.draft(tenant, tags, INES, timezone.now())
        return tagging.draft_of(tenant)


def in_force(tenant) -> dict[str, str]:
    with tenant_scope(tenant):
        return tagging.in_force(tenant)


def put_in_force(tenant, draft, reason="The depot went live, see SUP-4419.") -> None:
    with tenant_scope(tenant):
        tagging.put_in_force(draft, reason, INES, timezone.now())


def test_a_draft_changes_nothing_until_it_is_put_in_force(acme, daily_calls):
    draft = drafted(acme, {"tenant_id": "acme", "region": "north"})
    before = in_force(acme)

    put_in_force(acme, draft)

    assert before == {"tenant_id": "acme"}
    assert in_force(acme) == {"tenant_id": "acme", "region": "north"}


def test_the_change_is_on_record_with_its_reason(acme, daily_calls):
    put_in_force(acme, drafted(acme, {"tenant_id": "acme-2"}))

    with tenant_scope(acme):
        row = AuditEvent.objects.get(action="session_tags.changed")
    assert row.before == {"tenant_id": "acme"}
    assert row.after == {"tenant_id": "acme-2", "reason": "The depot went live, see SUP-4419."}


@pytest.mark.parametrize("tags", [{"tenant_id": "  "}, {"tenant_id": "a" * 257}, {"": "acme"}, {"tenant_id": "acme\u200b"}])
def test_what_quicksight_could_not_take_is_no_draft(acme, tags):
    with pytest.raises(Refused):
        drafted(acme, tags)


@pytest.mark.parametrize("value", ["*", "acme,globex"])
def test_a_value_that_shows_more_than_one_companys_rows_is_refused(acme, daily_calls, value):
    draft = drafted(acme, {"tenant_id": value})

    with pytest.raises(Refused, match="Daily call volume"):
        put_in_force(acme, draft)

    assert in_force(acme) == {"tenant_id": "acme"}


def test_a_report_that_could_not_run_before_stops_nobody(acme, daily_calls):
    factories.make_grant(tenant=acme, report=factories.make_report(slug="depots", required_tags=["depot"]))

    put_in_force(acme, drafted(acme, {"tenant_id": "acme-2"}))

    assert in_force(acme) == {"tenant_id": "acme-2"}


def test_the_review_tells_whose_rows_change_and_what_is_mended(acme, daily_calls):
    rules = [{"dataset": "depots", "enabled": True, "rules": [{"key": "depot", "delimiter": "", "match_all": ""}]}]
    factories.make_grant(tenant=acme, report=factories.make_report(slug="depots", required_tags=["depot"], row_rules=rules))
    draft = drafted(acme, {"tenant_id": "acme", "depot": "north"})

    with tenant_scope(acme):
        told = {one.report.slug: (one.changes, one.breaks, one.mends) for one in tagging.review(draft)}

    assert told == {"daily-calls": (False, False, False), "depots": (True, False, True)}


def test_a_draft_made_from_older_tags_is_not_put_in_force(acme, daily_calls):
    first = drafted(acme, {"tenant_id": "acme-2"})
    put_in_force(acme, first)
    with tenant_scope(acme):
        stale = first
        stale.ended_at = None
        stale.save()

    with pytest.raises(Refused, match="Somebody changed the tags"):
        put_in_force(acme, stale)


@pytest.mark.django_db(transaction=True)
def test_of_two_at_one_moment_one_is_put_in_force(acme, daily_calls):
    draft = drafted(acme, {"tenant_id": "acme-2"})

    faults = together(*[lambda: put_in_force(acme, draft)] * 2)

    assert [type(fault) for fault in faults] == [Refused]
    with tenant_scope(acme):
        assert AuditEvent.objects.filter(action="session_tags.changed").count() == 1


def test_a_change_without_a_reason_is_none(acme, daily_calls):
    with pytest.raises(Refused):
        put_in_force(acme, drafted(acme, {"tenant_id": "acme-2"}), reason="   ")


@pytest.mark.django_db(transaction=True)
def test_a_dry_run_shows_the_drafts_rows_to_staff_and_to_nobody_else(aws, account, acme, rendered, olga, ines):
    draft = drafted(acme, {"tenant_id": "globex"})
    with tenant_scope(acme):
        job = tagging.dry_run(draft, "daily-calls", INES, timezone.now())
    steps.run_until_ended(account, job)
    file = max(steps.files_of(job), key=lambda one: one.data_rows)
    owner, staff = sign_in(Client(), olga), sign_in(Client(), ines)

    seen = [
        owner.get(f"/t/acme/jobs/{job.pk}/").status_code,
        owner.post(f"/t/acme/jobs/{job.pk}/files/{file.pk}/").status_code,
        owner.get(f"/t/acme/jobs/{job.pk}/files/{file.pk}/proof/").status_code,
        owner.post(f"/t/acme/jobs/{job.pk}/retry/").status_code,
        owner.get(f"/t/acme/jobs/{job.pk}/links/").status_code,
        owner.get(f"/t/acme/jobs/{job.pk}/correct/").status_code,
    ]
    pages = [owner.get(path).content.decode() for path in ("/t/acme/", "/t/acme/jobs/")]
    found = owner.get(f"/t/acme/jobs/?q={job.pk}").context["page"].rows
    answer = staff.post(f"/staff/tenants/acme/tags/dry-run/{file.pk}/")

    with tenant_scope(acme):
        assert Attempt.objects.get(job=job).session_tags == {"tenant_id": "globex"}
    assert in_force(acme) == {"tenant_id": "acme"}
    assert seen == [404] * 6
    assert not any(str(job.pk) in page for page in pages)
    assert found == []
    assert answer.status_code == 303
    assert file.data_rows
    assert "globex" in _text_at(answer["Location"])
    with tenant_scope(acme):
        actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"session_tags.dry_run", "session_tags.dry_run_read"} <= actions


def _text_at(url: str) -> str:
    return requests.get(url, timeout=30).text


def test_a_dry_run_takes_nothing_of_the_companys_day(acme, daily_calls):
    acme.jobs_per_day = 0
    draft = drafted(acme, {"tenant_id": "other"})

    with tenant_scope(acme):
        job = tagging.dry_run(draft, "daily-calls", INES, timezone.now())

        assert list(SnapshotJob.objects.for_tenant(acme)) == []
        assert job.trigger == "dry_run"


def test_a_second_press_makes_no_second_dry_run(acme, daily_calls):
    drafted(acme, {"tenant_id": "other"})
    with tenant_scope(acme):
        made = {tagging.dry_run(tagging.draft_of(acme), "daily-calls", INES, timezone.now()).pk for _ in range(2)}

    assert len(made) == 1


def test_staff_work_it_on_pages(acme, daily_calls, ines, client):
    sign_in(client, ines)
    factories.make_job(tenant=acme, report=daily_calls, status="failed", failure_code="rows_not_isolated")

    drafted_ = client.post("/staff/tenants/acme/tags/", {"key": ["tenant_id", "region", ""], "value": ["acme", "north", ""]})
    review = client.get("/staff/tenants/acme/tags/review/").content.decode()
    saved = client.post("/staff/tenants/acme/tags/review/", {"reason": "SUP-1", "again": "on"})

    assert (drafted_.status_code, saved.status_code) == (303, 303)
    assert "<ins>region: north</ins>" in review
    assert in_force(acme) == {"tenant_id": "acme", "region": "north"}
    with tenant_scope(acme):
        assert SnapshotJob.objects.for_tenant(acme).filter(status="queued").count() == 1


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"key": ["tenant_id", "tenant_id"], "value": ["a", "b"]}, "Each key once"),
        ({"key": [""], "value": ["north"]}, "A value without a key"),
        ({"key": ["tenant_id"], "value": [""]}, "is blank"),
    ],
)
def test_what_is_wrong_is_said_and_kept_in_the_form(acme, daily_calls, ines, client, answers, said):
    answer = sign_in(client, ines).post("/staff/tenants/acme/tags/", answers)

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert in_force(acme) == {"tenant_id": "acme"}


def test_members_change_no_tags(acme, olga, client):
    sign_in(client, olga)

    answer = client.post("/staff/tenants/acme/tags/", {"key": ["tenant_id"], "value": ["globex"]})

    assert answer.status_code == 404
    assert in_force(acme) == {"tenant_id": "acme"}
