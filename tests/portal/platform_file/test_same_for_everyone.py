"""A report whose rows are the same for everyone: said by the platform's people, with a reason, and on record."""

from __future__ import annotations

import pytest

from reports.catalogue import declare_same_for_everyone
from reports.models import Report
from reports.refused import Refused
from tenants.audit import Actor
from tenants.models import AuditEvent
from tenants.scope import platform_scope, staff_scope
from tests.factories import make_report, make_user

pytestmark = pytest.mark.django_db


def events() -> list[AuditEvent]:
    with staff_scope(make_user(is_staff=True)):
        return list(AuditEvent.objects.filter(action="report.same_for_everyone").order_by("at"))


def declare(report, declared=True, *, actor=None, reason="Public figures", now):
    with platform_scope():
        return declare_same_for_everyone(report, declared, actor or Actor("apply"), reason=reason, now=now)


def stored(report) -> Report:
    with platform_scope():
        return Report.objects.get(pk=report.pk)


def test_setting_it_by_the_file_is_planned_and_audited_with_its_reason(applied):
    applied.report.update(same_for_everyone=True, same_for_everyone_reason="Figures of the whole market")

    lines = applied.lines()

    assert lines == ["~ report daily-calls: same_for_everyone false -> true"]
    (event,) = events()
    with platform_scope():
        report = Report.objects.get(slug="daily-calls")
    assert (event.actor, event.object_type, event.object_id) == ("apply", "report", str(report.pk))
    assert event.before == {"same_for_everyone": False}
    assert event.after == {"same_for_everyone": True, "reason": "Figures of the whole market"}


def test_removing_it_is_audited_too_and_a_second_run_says_nothing(applied):
    applied.report["same_for_everyone"] = True
    applied.apply()
    applied.report["same_for_everyone"] = False

    applied.apply()

    assert applied.apply() == "no changes\n"
    assert [event.after["same_for_everyone"] for event in events()] == [True, False]


def test_a_new_report_that_is_the_same_for_everyone_is_on_record_from_its_first_day(platform):
    platform.report["same_for_everyone"] = True

    platform.apply()

    (event,) = events()
    assert event.after == {"same_for_everyone": True, "reason": "same_for_everyone in the platform file"}


def test_a_dry_run_writes_nothing_down(applied):
    applied.report["same_for_everyone"] = True

    applied.apply("--dry-run")

    assert events() == []


def test_a_report_that_was_checked_is_checked_anew(applied, aws, platform):
    platform.ask = True
    platform.report["parameter"][0] = {"name": "Region", "type": "string", "multiple": True}
    platform.apply()
    platform.report["same_for_everyone"] = True

    lines = platform.lines()

    assert lines == [
        '~ report daily-calls: same_for_everyone false -> true, preflight "passed" -> "not_checked"',
        '~ report daily-calls: preflight "not_checked" -> "passed"',
    ]


def test_staff_may_declare_it_and_what_was_checked_no_longer_counts(now):
    report = make_report()
    tom = make_user(email="tom@anycompany.example", is_staff=True)

    assert declare(report, actor=Actor(tom.email, user_id=tom.pk), now=now)

    (event,) = events()
    assert (event.actor, event.after["reason"], event.at) == (tom.email, "Public figures", now)
    after = stored(report)
    assert (after.same_for_everyone, after.preflight, after.preflight_at, after.row_rules) == (True, "not_checked", None, [])


def test_declaring_it_twice_is_one_event(now):
    report = make_report()

    assert [declare(report, now=now) for _ in range(2)] == [True, False]

    assert len(events()) == 1


@pytest.mark.parametrize("person", [{"is_staff": False}, {"is_staff": True, "is_active": False}], ids=["a member", "staff that left"])
def test_nobody_else_may_declare_it(person, now):
    report, somebody = make_report(), make_user(**person)

    with pytest.raises(Refused) as refused:
        declare(report, actor=Actor(somebody.email, user_id=somebody.pk), now=now)

    assert refused.value.code == "staff_only"
    assert (stored(report).same_for_everyone, events()) == (False, [])


def test_an_api_key_may_not_declare_it(now):
    report = make_report()

    with pytest.raises(Refused):
        declare(report, actor=Actor("integration", api_key_id=report.pk), now=now)

    assert not stored(report).same_for_everyone


def test_it_needs_a_reason(now):
    report = make_report()

    with pytest.raises(Refused) as refused:
        declare(report, reason=" ", now=now)

    assert refused.value.code == "reason_needed"
    assert not stored(report).same_for_everyone
