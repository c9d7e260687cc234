"""What the platform set of a schedule, a company does not change; all else it does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from reports.occurrences import acting
from reports.refused import Refused
from reports.schedules import audiences, editing
from tenants.audit import Actor
from tenants.scope import tenant_scope
from tests import factories
from tests.reports.templates import steps
from tests.reports.templates.steps import linked

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ADAM = Actor("adam@acme.example")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "Ours"),
        ("formats", ["CSV"]),
        ("parameters", {"MinSeconds": 9}),
        ("cron", "0 9 * * *"),
        ("missed", "skip"),
        ("subject", "Ours"),
        ("message", "Ours"),
        ("ends_on", date(2027, 1, 1)),
    ],
)
def test_what_the_template_sets_is_refused_with_its_place(name, value, acme, ines, daily_calls):
    steps.in_force(ines, NOW, [acme])
    before = getattr(linked(acme), name)

    with pytest.raises(Refused) as refused, tenant_scope(acme):
        editing.save(acme, ADAM, {name: value}, schedule=linked(acme), now=NOW)

    assert (refused.value.code, [place.path for place in refused.value.places]) == ("set_by_template", [(name,)])
    assert getattr(linked(acme), name) == before


def test_another_report_is_refused(acme, ines, daily_calls):
    other = factories.make_report(slug="other", parameters=[])
    factories.make_grant(tenant=acme, report=other)
    steps.in_force(ines, NOW, [acme])

    with pytest.raises(Refused) as refused, tenant_scope(acme):
        editing.save(acme, ADAM, {"report": "other"}, schedule=linked(acme), now=NOW)

    assert refused.value.places[0].path == ("report",)


def test_the_same_value_again_is_no_change(acme, ines, daily_calls):
    steps.in_force(ines, NOW, [acme])

    with tenant_scope(acme):
        editing.save(acme, ADAM, {"cron": "30 7 * * 1-5", "link_days": 5}, schedule=linked(acme), now=NOW)

    assert linked(acme).link_days == 5


def test_a_company_cannot_remove_it(acme, ines, daily_calls):
    steps.in_force(ines, NOW, [acme])

    with pytest.raises(Refused) as refused, tenant_scope(acme):
        acting.retire(linked(acme), ADAM, NOW)

    assert refused.value.code == "set_by_template"
    assert linked(acme).retired_at is None


def test_a_copy_is_the_companys_own(acme, ines, daily_calls):
    steps.in_force(ines, NOW, [acme])

    with tenant_scope(acme):
        copy = editing.save(acme, ADAM, {"report": "daily-calls", "formats": ["PDF"], "cron": "0 9 * * *"}, now=NOW)
        audiences.copy(linked(acme), copy, ADAM, now=NOW)
        acting.retire(copy, ADAM, NOW + timedelta(minutes=1))

    assert copy.template_id is None
