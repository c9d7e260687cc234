"""A draft becomes a report, in one transaction or not at all."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from reports.aws.quicksight import QuickSight
from reports.catalogue import check_and_store, facts_of
from reports.importing import asking, working
from reports.importing.wanted import May
from reports.models import CatalogueImport, Grant, Report
from reports.refused import Refused
from tenants.models import AuditEvent, User
from tenants.scope import platform_scope, staff_scope, tenant_scope
from tests.factories import make_report, make_tenant
from tests.reports.engine.threads import together

pytestmark = pytest.mark.django_db
WHY = "Exchange rates of the European Central Bank"


@pytest.fixture
def ready(desk, acme):
    """The daily calls, for acme: nothing is open."""
    desk.choose("daily-calls")
    desk.save(tenants=[str(acme.pk)])
    return desk


@pytest.fixture
def open_desk(desk, acme):
    """The benchmark, whose one data set has no rule: Ines has said why that is right."""
    desk.choose("market-benchmark")
    desk.save(open_data_sets=("market",), reason=WHY, tenants=[str(acme.pk)])
    return desk


def reports() -> list[Report]:
    with platform_scope():
        return list(Report.objects.prefetch_related("parameters"))


def audited(user: User) -> dict[str, AuditEvent]:
    """What happened to the platform itself, by action."""
    with staff_scope(user):
        return {event.action: event for event in AuditEvent.objects.filter(tenant=None)}


def test_a_draft_is_published_with_its_parameters_and_grants(ready, acme, globex):
    parameters = [
        type(parameter)(**vars(parameter) | {"may": May.PINNED, "default": [30]}) if parameter.name == "MinSeconds" else parameter
        for parameter in ready.wanted.parameters
        if parameter.name in ("Region", "MinSeconds")
    ]

    assert ready.save(publish=True, parameters=parameters)

    (report,) = reports()
    assert (report.slug, report.sheet_id, report.required_tags, report.preflight) == (
        "daily-call-volume",
        "sheet-1",
        ["tenant_id"],
        "passed",
    )
    assert [(p.name, p.choices, p.default) for p in report.parameters.all()] == [
        ("Region", ["North", "South", "East", "West"], ["North", "South", "East", "West"]),
        ("MinSeconds", None, [30]),
    ]
    with tenant_scope(acme):
        assert Grant.objects.get().parameters == {"MinSeconds": [30]}
    with tenant_scope(globex):
        assert not Grant.objects.exists()
    assert (ready.draft.report_id, ready.draft.work, ready.draft.fault) == (report.pk, "", "")


def test_publishing_is_audited_by_the_name_of_the_one_who_asked(ready, acme, ines):
    ready.save(publish=True)

    created = audited(ines)["report.created"]
    assert (created.actor, created.after["slug"]) == ("ines@anycompany.example", "daily-call-volume")
    with tenant_scope(acme):
        granted = AuditEvent.objects.get(action="grant.created")
    assert (granted.actor, granted.after["report"]) == ("ines@anycompany.example", "daily-call-volume")


def test_what_was_published_passes_the_engines_own_check(ready, account):
    ready.save(publish=True)
    (report,) = reports()

    assert check_and_store(QuickSight(facts_of(account)), report.pk, account.pk, timezone.now()).status == "passed"


def test_a_published_draft_cannot_be_published_again(ready):
    ready.save(publish=True)

    with pytest.raises(Refused, match="changed in the meantime"):
        ready.save(publish=True)
    assert len(reports()) == 1


def test_a_dashboard_published_again_since_the_check_is_not_published(ready, aws):
    aws.control.republish("daily-calls")

    ready.ask(asking.save, asking.Choices(ready.wanted, [], ""), publish=True)
    ready.work()

    assert reports() == []
    assert "was published again since it was checked: version 2, not 1" in ready.draft.fault


def test_read_again_it_may_be_published(ready, aws):
    aws.control.republish("daily-calls")
    ready.ask(asking.read_again)
    ready.work()

    ready.save(publish=True)

    (report,) = reports()
    assert (report.dashboard_version, ready.draft.dashboards[1]["version"]) == (2, 2)


def test_rules_switched_off_since_the_check_stop_the_publishing(ready, aws):
    aws.control.rules("calls", "DISABLED")

    ready.save(publish=True)

    assert reports() == []
    assert "Calls: The tag rules are switched off." in ready.draft.fault


def test_a_slug_taken_meanwhile_stops_the_publishing(ready, account):
    make_report(slug="daily-call-volume", name="Quicker", account=account, dashboard_id="other")

    ready.save(publish=True)

    assert [report.name for report in reports()] == ["Quicker"]
    assert "taken by “Quicker”" in ready.draft.fault


def test_a_tenant_without_the_tag_stops_the_publishing_for_all(ready, acme):
    hollis = make_tenant(slug="hollis", name="Hollis Health", session_tags={})

    ready.save(publish=True, tenants=[str(acme.pk), str(hollis.pk)])

    assert reports() == []
    assert "Hollis Health: " in ready.draft.fault
    with tenant_scope(acme):
        assert not Grant.objects.exists()


def test_who_is_no_longer_staff_publishes_nothing(ready, ines):
    ready.ask(asking.save, asking.Choices(ready.wanted, [], ""), publish=True)
    with platform_scope():
        User.objects.filter(pk=ines.pk).update(is_staff=False)

    ready.work()

    assert reports() == []
    assert "no longer staff" in ready.draft.fault


def test_two_publishers_of_the_same_sheet_make_one_report(ready, acme, ines, account):
    with staff_scope(ines):
        other = asking.begin(account, ines, timezone.now())
    second = type(ready)(other, ines)
    second.work()
    second.choose("daily-calls")
    second.save(slug="another-slug", name="Another")

    ready.save(publish=True)
    second.save(publish=True)

    assert [report.slug for report in reports()] == ["daily-call-volume"]
    assert "in the catalogue already" in second.draft.fault


def test_open_rows_are_not_published_on_one_persons_word(open_desk):
    assert not open_desk.save(open_data_sets=("market",), reason=WHY, publish=True)

    assert open_desk.open_faults == []
    assert reports() == []


def test_nobody_agrees_with_themselves(open_desk, ines, omar):
    with pytest.raises(Refused, match="You said it yourself"):
        open_desk.ask(asking.agree)

    with platform_scope(), pytest.raises(IntegrityError, match="two_people_agree_on_open_rows"), transaction.atomic():
        CatalogueImport.objects.update(agreed_by=ines)
    with platform_scope(), pytest.raises(IntegrityError, match="two_people_agree_on_open_rows"), transaction.atomic():
        CatalogueImport.objects.update(agreed_by=omar, said_by=None)


def test_two_who_agree_publish_open_rows_and_both_are_on_record(open_desk, ines, omar, acme):
    open_desk.ask(asking.agree, user=omar)

    assert open_desk.save(open_data_sets=("market",), reason=WHY, publish=True)

    (report,) = reports()
    assert (report.same_for_everyone, report.open_data_sets, report.required_tags) == (False, ["market"], [])
    said = audited(ines)["report.same_for_everyone"]
    assert said.after == {"data_sets": ["market"], "reason": WHY, "said_by": ines.email, "agreed_by": omar.email}
    with tenant_scope(acme):
        assert Grant.objects.filter(report=report).exists()


def test_what_joins_a_dashboard_whose_data_sets_were_all_agreed_on_is_open_to_nobody(open_desk, omar, account, aws):
    open_desk.ask(asking.agree, user=omar)
    open_desk.save(open_data_sets=("market",), reason=WHY, publish=True)
    (report,) = reports()
    as_published = checked_again(report, account)
    aws.control.rules("calls", "NONE")

    aws.control.republish("market-benchmark", dataset="calls")

    assert (as_published, checked_again(report, account)) == ("passed", "refused")
    assert "Data set “Calls” (calls) is not among those that are the same for everyone" in reports()[0].preflight_detail


@pytest.mark.parametrize("change", [{"reason": "Another reason"}, {"open_data_sets": ()}])
def test_another_claim_needs_another_agreement(open_desk, omar, change):
    open_desk.ask(asking.agree, user=omar)

    on_its_way = open_desk.save(**{"open_data_sets": ("market",), "reason": WHY, "publish": bool(change.get("reason"))} | change)

    assert (on_its_way, open_desk.draft.agreed_by_id) == (False, None)
    assert reports() == []


def test_an_agreement_of_somebody_who_is_no_longer_staff_is_none(open_desk, omar):
    open_desk.ask(asking.agree, user=omar)
    open_desk.ask(asking.save, asking.Choices(open_desk.wanted, ["market"], WHY), publish=True)
    with platform_scope():
        User.objects.filter(pk=omar.pk).update(is_active=False)

    open_desk.work()

    assert reports() == []
    assert "no longer staff" in open_desk.draft.fault


@pytest.fixture
def mixed(desk, aws, acme, omar):
    """Calls, which have a rule, beside a benchmark, which has none: two agreed that it is open, and the report is published."""
    aws.control.republish("daily-calls", dataset="market")
    desk.choose("daily-calls")
    desk.save(open_data_sets=("market",), reason=WHY, tenants=[str(acme.pk)])
    desk.ask(asking.agree, user=omar)
    desk.save(open_data_sets=("market",), reason=WHY, publish=True)
    (report,) = reports()
    return report


def checked_again(report: Report, account) -> str:
    return check_and_store(QuickSight(facts_of(account)), report.pk, account.pk, timezone.now()).status


def test_a_report_with_one_open_data_set_runs_and_still_needs_its_tag(mixed, account):
    assert (mixed.same_for_everyone, mixed.open_data_sets, mixed.required_tags) == (False, ["market"], ["tenant_id"])
    assert checked_again(mixed, account) == "passed"


@pytest.mark.parametrize("status", ["DISABLED", "NONE"])
def test_rules_of_another_data_set_that_are_switched_off_later_refuse_it(mixed, account, aws, status):
    aws.control.rules("calls", status)

    assert checked_again(mixed, account) == "refused"
    assert reports()[0].preflight == "refused"


def test_a_data_set_without_a_rule_that_joins_later_is_not_open(ready, account, aws):
    ready.save(publish=True)
    aws.control.republish("daily-calls", dataset="market")

    assert checked_again(reports()[0], account) == "refused"


def test_the_staff_role_marks_nothing_as_published(ready, ines):
    with staff_scope(ines), pytest.raises(Exception, match="permission denied"), transaction.atomic():
        CatalogueImport.objects.update(published_at=timezone.now())
    with staff_scope(ines), connection.cursor() as cursor, pytest.raises(Exception, match="permission denied"), transaction.atomic():
        cursor.execute("select password from tenants_user")


def test_a_draft_changed_by_somebody_else_is_not_overwritten(ready, omar, ines):
    seen = ready.draft
    mine = asking.Choices(ready.wanted, [], "")
    ready.save(user=omar, name="Calls of Omar")

    with staff_scope(ines), pytest.raises(Refused, match="changed in the meantime"):
        asking.save(seen, seen.turn, mine, ines, timezone.now(), publish=False)
    assert ready.wanted.name == "Calls of Omar"


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_the_same_message_publish_once(ready):
    ready.ask(asking.save, asking.Choices(ready.wanted, [], ""), publish=True)
    turn = ready.draft.turn

    faults = together(*[lambda: working.work(ready.pk, turn, timezone.now())] * 3)

    assert faults == []
    assert len(reports()) == 1
    assert ready.draft.fault == ""
