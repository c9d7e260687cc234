"""A company's session tags change by a draft that is reviewed and tried; a dry run is staff's alone."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import requests
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from reports import clearing, recounting, tagging, usage
from reports.delivery.sent_log import Log
from reports.models import Attempt, SnapshotJob, TagDraft
from reports.refused import Refused
from reports.restoring import findings
from reports.usual import usual_seconds
from tenants.audit import Actor
from tenants.models import AuditEvent, SessionTag
from tenants.scope import as_tag_writer, staff_scope, tenant_scope
from tests import factories
from tests.recently import sign_in
from tests.reports.engine import steps
from tests.reports.engine.conftest import account, aws, new_clients, server
from tests.reports.engine.conftest import daily_calls as rendered
from tests.reports.engine.threads import together

__all__ = ["account", "aws", "new_clients", "rendered", "server"]
pytestmark = pytest.mark.django_db
INES = Actor("ines@anycompany.example")


def mark_on(page: str) -> str:
    """Which draft the page shows."""
    return re.search(r'name="draft" value="([0-9a-f]{64})"', page)[1]


def dry_run(tenant, draft) -> SnapshotJob:
    with tenant_scope(tenant):
        return tagging.dry_run(draft, "daily-calls", INES, timezone.now())


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


def test_the_review_of_a_draft_made_from_older_tags_says_so(acme, daily_calls, ines, client):
    drafted(acme, {"tenant_id": "acme-2"})
    factories.give_tags(acme, {"tenant_id": "acme", "desk": "north"})

    page = sign_in(client, ines).get("/staff/tenants/acme/tags/review/").content.decode()

    assert "Somebody changed the tags since this draft was made" in page


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
    saved = client.post("/staff/tenants/acme/tags/review/", {"reason": "SUP-1", "again": "on", "draft": mark_on(review)})

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


def test_what_a_colleague_drafted_meanwhile_is_not_put_in_force_unseen(acme, daily_calls, ines, client):
    sign_in(client, ines)
    drafted(acme, {"tenant_id": "acme-2"})
    seen = client.get("/staff/tenants/acme/tags/review/").content.decode()
    drafted(acme, {"tenant_id": "acme-3"})

    answer = client.post("/staff/tenants/acme/tags/review/", {"reason": "SUP-1", "draft": mark_on(seen)})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Somebody changed this draft meanwhile" in page
    assert "<ins>tenant_id: acme-3</ins>" in page
    assert in_force(acme) == {"tenant_id": "acme"}
    again = client.post("/staff/tenants/acme/tags/review/", {"reason": "SUP-1", "draft": mark_on(page)})
    assert again.status_code == 303
    assert in_force(acme) == {"tenant_id": "acme-3"}


def test_a_draft_that_was_read_before_it_changed_neither_runs_nor_comes_in_force(acme, daily_calls):
    read_before = drafted(acme, {"tenant_id": "acme-2"})
    drafted(acme, {"tenant_id": "acme-3"})

    for act in (put_in_force, dry_run):
        with pytest.raises(Refused, match="Somebody changed this draft"):
            act(acme, read_before)

    with tenant_scope(acme):
        assert not SnapshotJob.objects.filter(tenant=acme).exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_dry_runs_at_one_moment_there_is_one(acme, daily_calls):
    draft = drafted(acme, {"tenant_id": "acme-2"})

    faults = together(*[lambda: dry_run(acme, draft)] * 2)

    assert faults == []
    with tenant_scope(acme):
        assert SnapshotJob.objects.filter(tenant=acme).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_first_drafts_at_one_moment_one_stays_open(acme, daily_calls):
    faults = together(*[lambda n=n: drafted(acme, {"tenant_id": f"acme-{n}"}) for n in (2, 3)])

    assert faults == []
    with tenant_scope(acme):
        assert TagDraft.objects.filter(tenant=acme, ended_at=None).count() == 1


@pytest.mark.parametrize("end", ["discard", "draft anew", "put in force"])
def test_a_dry_run_nobody_will_look_at_waits_for_no_slot(acme, daily_calls, end):
    draft = drafted(acme, {"tenant_id": "acme-2"})
    job = dry_run(acme, draft)
    with tenant_scope(acme):
        draft = tagging.draft_of(acme)
        if end == "discard":
            tagging.discard(draft, timezone.now())
        elif end == "draft anew":
            tagging.draft(acme, {"tenant_id": "acme-3"}, INES, timezone.now())
        else:
            tagging.put_in_force(draft, "SUP-1", INES, timezone.now())

    assert steps.now_of(job).status == "cancelled"


def test_people_of_the_company_neither_count_nor_clear_a_dry_run(acme, daily_calls):
    job = dry_run(acme, drafted(acme, {"tenant_id": "other"}))

    counted = clearing.count(tenant=acme)
    cleared = clearing.clear(actor=INES, because="All of it.", now=timezone.now(), tenant=acme)

    assert (counted, cleared) == (0, 0)
    assert steps.now_of(job).status == "queued"


def test_a_dry_run_changes_no_usual_time_and_no_storage(acme, daily_calls):
    now = timezone.now()
    took = {"status": "completed", "started_at": now - timedelta(hours=3), "finished_at": now}
    factories.make_file(job=factories.make_dry_run(tenant=acme, report=daily_calls, **took))

    with tenant_scope(acme):
        before = usage.stored_bytes(acme)
        usual = usual_seconds(acme, [daily_calls.pk])
    recounting.recount(acme.pk, now)

    with tenant_scope(acme):
        assert (before, usage.stored_bytes(acme), usual) == (0, 0, {})


def test_a_restored_database_gives_a_dry_run_its_time_again(acme, daily_calls):
    factories.make_dry_run(tenant=acme, report=daily_calls, status="running")

    with tenant_scope(acme):
        found = findings.of_tenant(acme, findings.Evidence(timezone.now(), Log(), []), timezone.now())

    assert found.asked == 1


def test_a_key_by_which_an_audience_is_narrowed_breaks_its_schedule(acme):
    rules = [{"key": key, "delimiter": "", "match_all": ""} for key in ("tenant_id", "desk")]
    ruled = {"dataset": "calls", "enabled": True, "rules": rules, "groups": [["tenant_id"], ["tenant_id", "desk"]]}
    schedule = factories.make_schedule(tenant=acme, report=factories.make_report(row_rules=[ruled]), name="Every Monday")
    factories.make_audience(schedule=schedule, name="North desk", session_tags={"desk": "north"})
    draft = drafted(acme, {"tenant_id": "acme", "desk": "south"})

    with tenant_scope(acme):
        (reviewed,) = tagging.review(draft)

    assert "Schedule “Every Monday”, audience “North desk”" in reviewed.fault
    with pytest.raises(Refused, match="would not start any more"):
        put_in_force(acme, draft)


@pytest.mark.parametrize("value", ["*", "acme,globex"])
def test_a_widening_value_is_refused_also_for_a_report_that_could_not_run_before(acme, value):
    factories.make_grant(tenant=acme, report=factories.make_report(slug="depots", required_tags=["tenant_id", "depot"]))

    with pytest.raises(Refused, match="would not start any more"):
        put_in_force(acme, drafted(acme, {"tenant_id": value}))


def test_rows_are_said_to_change_where_nobody_has_read_the_rules_yet(acme):
    unread = factories.make_report(slug="new", row_rules=[], preflight="not_checked", required_tags=["tenant_id"])
    factories.make_grant(tenant=acme, report=unread)
    draft = drafted(acme, {"tenant_id": "acme-2"})

    with tenant_scope(acme):
        (reviewed,) = tagging.review(draft)

    assert reviewed.changes


@pytest.mark.parametrize("key", ["tenant_id\u200b", "tenant\x00id", "tenant\nid", "t\u202eenant", "k" * 129, "tenant_id "])
def test_a_key_that_looks_like_another_or_cannot_be_kept_is_no_draft(acme, daily_calls, key):
    with pytest.raises(Refused):
        drafted(acme, {"tenant_id": "acme", key: "globex"})


@pytest.mark.parametrize(
    "tags",
    [
        {"tenant_id": "北" * 256, "ключ": "значение", "k" * 128: "\N{PILE OF POO}"},
        {f"key-{number}": "v" * 256 for number in range(49)} | {"tenant_id": "acme"},
    ],
    ids=["letters of everywhere", "as many and as long as there may be"],
)
def test_long_and_foreign_tags_are_kept_to_the_letter(acme, daily_calls, ines, client, tags):
    sign_in(client, ines)
    client.post("/staff/tenants/acme/tags/", {"key": list(tags), "value": list(tags.values())})
    review = client.get("/staff/tenants/acme/tags/review/").content.decode()

    client.post("/staff/tenants/acme/tags/review/", {"reason": "SUP-1", "draft": mark_on(review)})

    assert in_force(acme) == tags


def test_no_line_of_the_form_is_left_out_without_a_word(acme, daily_calls, ines, client):
    keys = [f"key-{number}" for number in range(60)]

    answer = sign_in(client, ines).post("/staff/tenants/acme/tags/", {"key": ["", *keys], "value": ["", *keys]})

    assert answer.status_code == 422
    assert "at most 50" in answer.content.decode()
    assert keys[-1] in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_inside_a_company_nothing_writes_session_tags(acme, daily_calls):
    for write in (
        lambda: SessionTag.objects.create(tenant=acme, key="desk", value="north"),
        lambda: SessionTag.objects.filter(tenant=acme).update(value="globex"),
        lambda: SessionTag.objects.filter(tenant=acme).delete(),
    ):
        with pytest.raises(DatabaseError, match="permission denied"), tenant_scope(acme):
            write()

    assert in_force(acme) == {"tenant_id": "acme"}


def test_staff_write_the_tags_of_one_company_at_a_time(acme, globex, ines):
    with tenant_scope(acme), as_tag_writer():
        changed = SessionTag.objects.filter(tenant=globex, key="tenant_id").update(value="acme")
    with staff_scope(ines):
        across = SessionTag.objects.filter(key="tenant_id").update(value="acme")

    assert (changed, across) == (0, 0)
    assert (in_force(acme), in_force(globex)) == ({"tenant_id": "acme"}, {"tenant_id": "globex"})


def test_the_review_keeps_what_is_typed_while_a_dry_run_moves(acme, daily_calls, ines, client):
    dry_run(acme, drafted(acme, {"tenant_id": "other"}))
    page = sign_in(client, ines).get("/staff/tenants/acme/tags/review/").content.decode()

    part = client.get("/staff/tenants/acme/tags/review/", headers={"HX-Request": "true", "HX-Request-Type": "partial"}).content.decode()

    assert "http-equiv" not in page
    assert 'hx-get="/staff/tenants/acme/tags/review/?seen=' in page
    assert 'name="reason"' not in part
    assert "Queued" in part


def test_its_rows_stand_beside_those_of_the_newest_run_with_the_present_tags(acme, daily_calls):
    now = timezone.now()
    draft = drafted(acme, {"tenant_id": "other"})
    for tags, rows in ((None, 7), ({"tenant_id": "other"}, 3)):
        job = factories.make_job(tenant=acme, report=daily_calls, status="completed", dry_run_tags=tags, now=now)
        factories.make_file(job=job, format="CSV", visual_id="table-1", data_rows=rows)
    with tenant_scope(acme):
        TagDraft.objects.filter(pk=draft.pk).update(dry_run=job)

        (file,) = tagging.dry_files(tagging.draft_of(acme))

    assert (file.data_rows, file.rows_now) == (3, 7)


def test_a_dry_runs_file_is_handed_out_as_long_as_the_companys_are(acme, daily_calls):
    now = timezone.now()
    draft = drafted(acme, {"tenant_id": "other"})
    job = factories.make_dry_run(tenant=acme, report=daily_calls, status="completed", now=now)
    file = factories.make_file(job=job)
    with tenant_scope(acme):
        TagDraft.objects.filter(pk=draft.pk).update(dry_run=job)
        draft = tagging.draft_of(acme)

        handed_out = [tagging.dry_file(draft, file.pk, now + timedelta(days=days)) is not None for days in (0, 89, 91)]

    assert handed_out == [True, True, False]
