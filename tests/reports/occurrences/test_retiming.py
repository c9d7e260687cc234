"""A zone's rules change while schedules wait: the new rules hold for what is still to come."""

from __future__ import annotations

import shutil
import zoneinfo
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from reports.models import Schedule
from reports.occurrences.retiming import retime
from reports.scheduling import next_run
from tenants.scope import tenant_scope
from tests import factories

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TOMORROW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)


@pytest.fixture
def summer_time_for_ever(tmp_path):
    """Berlin's clocks as a new release of the time zone data has them: always two hours ahead."""
    before = zoneinfo.TZPATH
    two_hours = next(path for folder in before if (path := Path(folder) / "Etc" / "GMT-2").exists())
    (tmp_path / "Europe").mkdir()

    def release() -> None:
        shutil.copy(two_hours, tmp_path / "Europe" / "Berlin")
        zoneinfo.reset_tzpath([tmp_path, *before])
        ZoneInfo.clear_cache()

    yield release
    zoneinfo.reset_tzpath(before)
    ZoneInfo.clear_cache()


def due(schedule):
    with tenant_scope(schedule.tenant_id):
        return Schedule.objects.get(pk=schedule.pk).next_run_at


@pytest.fixture
def schedule(acme):
    return factories.make_schedule(tenant=acme, timezone="Europe/Berlin", next_run_at=TOMORROW)


def test_without_new_rules_nothing_moves(schedule):
    assert retime(NOON) == 0
    assert due(schedule) == TOMORROW


def test_a_schedule_that_waits_is_due_by_the_new_rules(schedule, summer_time_for_ever):
    summer_time_for_ever()

    assert retime(NOON) == 1

    assert due(schedule) == TOMORROW - timedelta(hours=1)
    assert next_run(schedule, NOON).astimezone(ZoneInfo("Europe/Berlin")).strftime("%H:%M") == "07:30"


def test_an_instant_that_is_due_already_is_not_lost(schedule, summer_time_for_ever):
    summer_time_for_ever()

    assert retime(TOMORROW) == 0
    assert due(schedule) == TOMORROW


def test_a_paused_one_moves_too_and_a_retired_one_does_not(acme, summer_time_for_ever):
    paused, retired = (
        factories.make_schedule(tenant=acme, timezone="Europe/Berlin", next_run_at=TOMORROW, **fields)
        for fields in ({"enabled": False}, {"retired_at": NOON})
    )
    summer_time_for_ever()

    assert retime(NOON) == 1
    assert (due(paused), due(retired)) == (TOMORROW - timedelta(hours=1), TOMORROW)


@pytest.mark.parametrize("fields", [{"cron": "whenever"}, {"timezone": "Atlantis/Capital"}])
def test_one_that_cannot_be_planned_keeps_no_other_waiting(acme, schedule, summer_time_for_ever, fields):
    broken = factories.make_schedule(tenant=acme, next_run_at=TOMORROW, **fields)
    summer_time_for_ever()

    assert retime(NOON) == 1
    assert (due(broken), due(schedule)) == (TOMORROW, TOMORROW - timedelta(hours=1))
