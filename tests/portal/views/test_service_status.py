"""`/status/`: for everybody, without a session, from one statement each quarter of a minute, and without a database from what was known."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from portal import status_page
from portal.status_page import Known, page
from reports.models import Alarm, ServiceDay, ServiceNote, ServicePart, ServiceSpell
from reports.uptime import judging, keeping, reading, words
from tenants.scope import engine_scope, staff_scope

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def nothing_kept():
    status_page.KEPT.forget()
    yield
    status_page.KEPT.forget()


def all_works(now: datetime, **changes: dict) -> None:
    with engine_scope():
        ServicePart.objects.all().delete()
        for part in ServicePart.Part.values:
            ServicePart.objects.create(part=part, **{"state": "works", "looked_at": now} | changes.get(part, {}))


def shown(client, **options) -> str:
    status_page.KEPT.forget()
    answer = client.get("/status/", **options)
    assert answer.status_code == 200
    return answer.content.decode()


def drawn(now: datetime, *, is_away: bool = False):
    return page(Known(reading.service(now), is_away), now)


def test_it_tells_everybody_that_all_works(client):
    all_works(timezone.now())

    told = shown(client)

    assert "Everything works" in told
    assert [name for name in map(str, ServicePart.Part.labels) if name.replace("&", "&amp;") not in told] == []
    assert "Nothing happened in the last 60 days." in told
    assert "Looked at <time datetime=" in told
    assert "UTC, again every minute" in told


def test_it_asks_again_by_a_header_and_has_no_script_and_no_cookie(client):
    all_works(timezone.now())

    answer = client.get("/status/")

    assert answer["Refresh"] == "60"
    assert "<script" not in answer.content.decode()
    assert not answer.cookies


def test_it_is_one_statement_also_for_who_is_signed_in_and_none_for_the_next(as_adam, django_assert_num_queries):
    all_works(timezone.now())
    status_page.KEPT.forget()

    with django_assert_num_queries(1):
        as_adam.get("/status/")
    with django_assert_num_queries(0):
        for _ in range(20):
            as_adam.get("/status/")


def test_it_keeps_the_visitors_theme_and_language(client):
    all_works(timezone.now())
    client.cookies["theme"] = "dark"

    assert 'lang="de" data-theme="dark"' in shown(client, headers={"accept-language": "de"})


@pytest.mark.parametrize(
    ("part", "state", "cause", "title", "badge"),
    [
        ("making", "slow", "waits", "Reports take longer right now", "Slower than usual"),
        ("making", "down", "unanswered", "Reports wait", "Does not work"),
        ("mail", "down", "mail_refused", "Emails wait", "Does not work"),
        ("elsewhere", "slow", "files_late", "Files reach servers late", "Slower than usual"),
        ("site", "down", "errors", "Pages answer with errors", "Does not work"),
        ("api", "slow", "answers_slowly", "The API is slow", "Slower than usual"),
    ],
)
def test_trouble_stands_on_top_with_what_goes_on_working(client, part, state, cause, title, badge):
    all_works(timezone.now(), **{part: {"state": state, "cause": cause}})

    told = shown(client)

    assert f"<h2>{title}</h2>" in told
    assert "Everything else works." in told
    assert told.count(badge) == 1


def test_the_worst_part_decides(client):
    all_works(timezone.now(), api={"state": "slow", "cause": "answers_slowly"}, mail={"state": "down", "cause": "mail_paused"})

    told = shown(client)

    assert "<h2>Emails wait</h2>" in told
    assert "Everything else works." not in told


def test_every_cause_that_is_judged_has_words():
    written = {
        cause
        for module in (judging, keeping)
        for cause in re.findall(r'Verdict\(State\.\w+(?: if is_all else State\.\w+)?, "(\w+)"', Path(module.__file__).read_text())
    }

    assert {"restored", "waits", "mail_late", "worker_away"} <= written
    assert written | {"refused", "unanswered", "paused", "errors", "answers_slowly"} <= set(words.CAUSES)


class TestDays:
    def test_a_day_is_marked_by_the_minutes_that_were_lost(self):
        now = datetime(2026, 11, 23, 9, 17, tzinfo=UTC)
        minutes = [(1440, 1440, 0), (1440, 1436, 4), (1440, 1435, 0), (1440, 1426, 14), (1440, 1425, 15), (0, 0, 0)]
        with engine_scope():
            for ago, (looked, good, down) in enumerate(minutes):
                ServiceDay.objects.create(part="mail", day=now.date() - timedelta(days=ago), looked=looked, good=good, down=down)

        mail = drawn(now).rows[2]

        assert [mark.tone for mark in reversed(mail.strip.marks)] == ["ok", "ok", "warn", "warn", "bad", *["idle"] * 55]
        assert (mail.share, mail.since) == ("99.47%", "19 November 2026")
        assert mail.strip.words == (
            "Emails and links: 99.47% since 19 November 2026, 2 days with trouble, 1 bad day; of the days before nothing is known"
        )

    def test_sixty_days_are_claimed_only_where_all_of_them_are_known(self, client):
        today = timezone.now().astimezone(UTC).date()
        all_works(timezone.now())
        with engine_scope():
            ServiceDay.objects.create(part="mail", day=today, looked=9, good=9)

        told = shown(client)

        assert f"100% since {today:%-d %B %Y}<" in told
        assert "Short grey marks: days of which nothing is known." in told
        with engine_scope():
            for part in ServicePart.Part.values:
                for ago in range(part == "mail", 60):
                    ServiceDay.objects.create(part=part, day=today - timedelta(days=ago), looked=9, good=9)
        told = shown(client)
        assert told.count('<span class="num">100%</span>') == 5
        assert told.count("100% in the last 60 days") == 5
        assert "Short grey marks" not in told

    def test_only_what_is_all_of_it_is_a_hundred_percent(self):
        now = timezone.now()
        with engine_scope():
            ServiceDay.objects.create(part="api", day=now.date(), looked=30_000, good=29_999)
            ServiceDay.objects.create(part="mail", day=now.date(), looked=1, good=1)

        assert [row.share for row in drawn(now).rows] == ["", "", "100%", "", "99.99%"]


class TestWhatHappened:
    def test_times_of_trouble_and_what_staff_wrote_stand_in_one_row(self, client, ines):
        now = timezone.now()
        all_works(now)
        with engine_scope():
            times = {"began_at": now - 90 * MINUTE, "ended_at": now - 60 * MINUTE}
            ServiceSpell.objects.create(part="mail", state="slow", cause="mail_late", **times)
        with staff_scope(ines):
            ServiceNote.objects.create(kind="work", title="A new release", begins_at=now + 60 * MINUTE, by="x")
            ServiceNote.objects.create(
                kind="work", title="Planned work", begins_at=now - 300 * MINUTE, ends_at=now - 295 * MINUTE, by="ines@platform.example"
            )

        told = shown(client)

        assert told.index("A new release") < told.index("Emails were late") < told.index("Planned work, done")
        assert "for 30 min<" in told
        assert "ines@platform.example" not in told

    def test_what_lasts_is_told_as_now(self, client):
        now = timezone.now()
        with engine_scope():
            ServiceSpell.objects.create(part="making", state="down", cause="unanswered", began_at=now - 90 * MINUTE)

        assert "Reports wait" in shown(client)


class TestWithoutADatabase:
    @pytest.fixture
    def gone(self):
        """As after the server went: each statement says so."""

        def go(error=OperationalError):
            def refuse(execute, sql, params, many, context):
                raise error("the connection is closed")

            return connection.execute_wrapper(refuse)

        return go

    @pytest.mark.parametrize("error", [OperationalError, InterfaceError])
    def test_what_was_known_is_shown_with_its_time(self, client, gone, error, monkeypatch):
        monkeypatch.setattr(connection, "close", lambda: None)
        all_works(timezone.now())
        client.get("/status/")
        status_page.KEPT._until = 0

        with gone(error):
            told = client.get("/status/")

        assert told.status_code == 200
        assert "Our records do not answer just now. This is how it was today," in told.content.decode()
        assert "We do not know how it is right now" in told.content.decode()

    def test_who_is_signed_in_gets_it_too(self, as_adam, gone, monkeypatch):
        """Whose session they have, nobody asks."""
        monkeypatch.setattr(connection, "close", lambda: None)

        with gone():
            assert as_adam.get("/status/").status_code == 200

    def test_a_process_that_never_read_anything_answers_too(self, client, gone, monkeypatch):
        monkeypatch.setattr(connection, "close", lambda: None)

        with gone():
            told = client.get("/status/")

        assert told.status_code == 200
        assert "Our records do not answer just now." in told.content.decode()
        assert told.content.decode().count("Not known") == 5

    def test_a_worker_that_is_away_is_told(self, client):
        all_works(timezone.now() - 4 * MINUTE)

        told = shown(client)

        assert "Nobody has looked since today" in told
        assert "Everything works" not in told


def test_before_anybody_looked_nothing_is_claimed(client):
    told = shown(client)

    assert "Nobody has looked yet." in told
    assert "Everything works" not in told


def test_it_names_no_company_report_or_account(client, acme, daily_calls):
    now = timezone.now()
    all_works(now, making={"state": "down", "cause": "refused"})
    with engine_scope():
        ServiceSpell.objects.create(part="making", state="down", cause="refused", began_at=now - 60 * MINUTE)
    Alarm.objects.create(
        code="account_refused", subject="main", sentence="Account main of acme is paused: AccessDenied.", raised_at=now, last_at=now
    )

    told = shown(client).lower()

    assert [word for word in ("acme", "main is", "accessdenied", "daily call", "account_refused") if word in told] == []
