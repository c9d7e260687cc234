"""Minutes become days, states become times of trouble, and a worker that was away is no gap for what only it does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from reports.models import Heartbeat, ServiceDay, ServicePart, ServiceSpell
from reports.uptime import answering, keeping, reading
from reports.uptime.judging import Verdict
from tenants import roles
from tenants.scope import engine_scope
from tests.factories import make_pause, the_account

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def account():
    return the_account()


def look(at: datetime, *, works: bool = True) -> bool:
    """As the task does each minute, with an engine that gave a sign just then, or long ago."""
    with engine_scope():
        Heartbeat.objects.update_or_create(cluster="portal", defaults={"beat_at": at if works else at - timedelta(hours=1)})
    return keeping.note_minute(at)


def days(part: str = "making") -> dict[date, tuple[int, int, int]]:
    with engine_scope():
        rows = ServiceDay.objects.filter(part=part).order_by("day")
        return {row.day: (row.looked, row.good, row.down) for row in rows}


def spells(part: str = "making") -> list[tuple[str, str, datetime, datetime | None]]:
    with engine_scope():
        return list(ServiceSpell.objects.filter(part=part).order_by("began_at").values_list("state", "cause", "began_at", "ended_at"))


def test_minutes_add_up(account):
    for number in range(4):
        assert look(NOON + number * MINUTE, works=number != 2)

    assert days() == {NOON.date(): (4, 3, 1)}
    assert days("mail") == {NOON.date(): (4, 4, 0)}
    assert days("site") == {}


def test_twice_in_a_minute_is_once():
    assert look(NOON)
    assert not look(NOON + timedelta(seconds=59))

    assert days() == {NOON.date(): (1, 1, 0)}


def test_trouble_lasts_from_its_first_minute_to_the_first_good_one():
    for number, works in enumerate((True, False, False, True)):
        look(NOON + number * MINUTE, works=works)

    assert spells() == [("down", "engine_silent", NOON + MINUTE, NOON + 3 * MINUTE)]


def test_another_cause_is_another_time(account):
    look(NOON, works=False)
    make_pause(kind="account", account=account, by="ines")
    look(NOON + MINUTE)

    assert spells() == [("down", "engine_silent", NOON, NOON + MINUTE), ("down", "paused", NOON + MINUTE, None)]


def test_a_time_without_a_worker_did_not_work_and_of_the_site_nobody_knows():
    answering.tell({"site": Verdict("works"), "api": Verdict("works")})
    with engine_scope():
        ServicePart.objects.update(answered_at=NOON)
    look(NOON)
    with engine_scope():
        ServicePart.objects.update(answered_at=NOON + 30 * MINUTE)
    look(NOON + 30 * MINUTE)

    assert days() == {NOON.date(): (31, 2, 29)}
    assert spells() == [("down", "worker_away", NOON + MINUTE, NOON + 30 * MINUTE)]
    assert days("site") == {NOON.date(): (2, 2, 0)}
    assert spells("site") == []


def test_a_minute_or_two_without_a_look_are_a_gap():
    look(NOON)
    look(NOON + 2 * MINUTE)

    assert days() == {NOON.date(): (2, 2, 0)}
    assert spells() == []


def test_an_absence_over_midnight_is_of_both_days():
    late = NOON.replace(hour=23, minute=50)
    look(late)
    look(late + 20 * MINUTE)

    assert days() == {late.date(): (10, 1, 9), date(2026, 11, 24): (11, 1, 10)}


def test_what_is_long_past_is_forgotten():
    look(NOON, works=False)
    look(NOON + MINUTE)
    with engine_scope():
        keeping.forget_old(NOON + keeping.KEPT + timedelta(days=2))

    assert (days(), spells()) == ({}, [])


class TestAnswering:
    def test_one_process_looks_and_the_others_do_not(self):
        assert answering.take_turn()
        assert not answering.take_turn()

    def test_a_minute_later_it_is_anybodys_turn(self):
        answering.take_turn()
        with engine_scope():
            ServicePart.objects.update(asked_at=NOON)

        assert answering.take_turn()

    def test_what_it_found_becomes_the_part(self):
        answering.tell({"site": Verdict("down", "errors"), "api": Verdict("works")})
        now = datetime.now(UTC)

        look(now)

        found = {part.part: part for part in reading.service(now).parts}
        assert (found["site"].state, found["site"].cause, found["api"].state) == ("down", "errors", "works")


class TestReading:
    def test_one_statement_tells_all(self, django_assert_num_queries):
        look(NOON, works=False)
        look(NOON + 20 * MINUTE)

        with django_assert_num_queries(1):
            found = reading.service(NOON + 20 * MINUTE)

        making = next(part for part in found.parts if part.part == "making")
        assert [part.part for part in found.parts] == ServicePart.Part.values
        assert (making.state, making.looked_at) == ("works", NOON + 20 * MINUTE)
        assert making.share == pytest.approx(100 / 21)
        assert [spell.cause for spell in found.spells if spell.part == "making"] == ["worker_away"]

    def test_what_nobody_noticed_is_not_told(self):
        look(NOON, works=False)
        look(NOON + MINUTE)

        assert reading.service(NOON + MINUTE).spells == []

    def test_before_the_first_look_nothing_is_known(self):
        found = reading.service(NOON)

        assert {(part.state, part.looked_at, part.share) for part in found.parts} == {("", None, None)}
        assert (found.spells, found.notes) == ([], [])

    def test_days_are_the_last_sixty(self):
        with engine_scope():
            for ago in (0, 59, 60):
                ServiceDay.objects.create(part="mail", day=NOON.date() - timedelta(days=ago), looked=1440, good=1440)

        (mail,) = [part for part in reading.service(NOON).parts if part.part == "mail"]

        assert sorted(mail.days) == [NOON.date() - timedelta(days=59), NOON.date()]


def test_the_web_login_can_do_its_part_and_no_more(login):
    web = login(roles.WEB)
    web.execute("select * from reports_servicepart, reports_serviceday, reports_servicespell, reports_servicenote")
    with web.transaction(force_rollback=True):
        web.execute("insert into reports_servicepart (part, asked_at) values ('site', now())")
        web.execute("update reports_servicepart set answered = 'works', answered_at = now(), answered_cause = '', asked_at = now()")
    for refused in (
        "update reports_servicepart set state = 'works'",
        "delete from reports_servicespell",
        "insert into reports_servicenote (kind, title, text, begins_at, by) values ('work', 'x', '', now(), 'x')",
        "insert into reports_serviceday (part, day, looked, good, down) values ('site', now(), 1, 1, 0)",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            web.execute(refused)
