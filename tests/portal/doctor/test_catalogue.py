"""Reports and tenants: what would refuse a job before QuickSight is asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_grant, make_report, make_tenant

pytestmark = pytest.mark.django_db


def test_reports_that_are_refused_unchecked_or_checked_long_ago_are_told(ask):
    make_report(slug="fine")
    make_report(slug="gone", retired_at=timezone.now(), preflight="refused")
    make_report(slug="new", preflight="not_checked", preflight_at=None)
    make_report(slug="old", preflight_at=timezone.now() - timedelta(days=2))
    make_report(slug="open", preflight="refused", preflight_detail="Data set “calls” has no tag rule for “tenant_id”.")

    new, old, refused = ask("preflight")

    assert new.startswith("WARN preflight new: is not checked yet. Remedy: wait ten minutes; then see worker work and recurring above")
    assert old.startswith("WARN preflight old: was last checked at ")
    assert refused.startswith("FAIL preflight open: Data set “calls” has no tag rule for “tenant_id”. Remedy: put it right in QuickSight")


def test_what_the_check_itself_advises_comes_before_what_helps_in_general(ask):
    make_report(preflight="refused", preflight_detail="It has no sheet “x”.", preflight_remedy="Correct the report's sheet_id.")

    (line,) = ask("preflight")

    assert line.endswith(": It has no sheet “x”. Remedy: Correct the report's sheet_id.")


@pytest.mark.parametrize(("age", "level"), [(timedelta(days=1, minutes=30), "OK"), (timedelta(days=1, minutes=90), "WARN")])
def test_a_report_that_is_just_due_is_no_fault_yet(ask, age, level):
    make_report(preflight_at=timezone.now() - age)

    assert ask("preflight")[0].startswith(f"{level} preflight")


def test_reports_that_passed_lately_are_counted(daily_calls, ask):
    assert ask("preflight") == ["OK preflight: reports that passed their last check: 1."]


def test_a_tenant_without_the_tags_of_its_reports_is_named_and_no_value_is(ask):
    report = make_report(slug="daily-calls")
    for slug, tags in {"acme": {"tenant_id": "acme"}, "bare": {}, "wide": {"tenant_id": "secret-one,secret-two"}}.items():
        make_grant(tenant=make_tenant(slug=slug, session_tags=tags), report=report)

    bare, wide = ask("session-tags")

    assert bare.startswith("FAIL session-tags bare/daily-calls: There are no session tags. Session tag “tenant_id” is missing.")
    assert "Remedy: session_tags of the tenant in the platform file." in bare
    assert wide.startswith("FAIL session-tags wide/daily-calls: Session tag “tenant_id” contains the delimiter")
    assert "secret" not in wide


def test_tenants_with_their_tags_are_counted(daily_calls, ask):
    assert ask("session-tags") == ["OK session-tags: reports offered to tenants with all the tags they need: 2."]
