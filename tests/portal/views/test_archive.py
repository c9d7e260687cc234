"""An end customer's archive: what was mailed to one address in one company, for whoever reads its mail, and not one row of anybody else."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import count

import pytest
import requests
from django.db import connection
from django.test import Client
from django.utils import timezone

from reports import archive, jobs, links
from reports.delivery.last_look import reason_not_to_send
from reports.erasing import asking as erasing
from reports.job_ends import job_ended
from reports.mails.letters import letter_of_notice
from reports.models import ArchiveVisit, Delivery, Download, Link, Notice, Recipient, SnapshotJob
from reports.recalling import recall
from tenants import roles
from tenants.audit import Actor
from tenants.models import Tenant
from tenants.scope import platform_scope, tenant_scope
from tests import factories
from tests.portal.views.conftest import BODY
from tests.pretend_aws import BUCKET

pytestmark = pytest.mark.django_db
ADAM = Actor("adam@acme.example")
EVA, NORA = "eva@customer.example", "nora@customer.example"
_numbers = count()


@pytest.fixture
def visitor() -> Client:
    """Somebody without an account, whose forms are checked."""
    return Client(enforce_csrf_checks=True)


def send(tenant, report, address=EVA, *, name="", days_ago=0.0, status="sent", **fields) -> Delivery:
    """A mail that arrived, with its link and its file."""
    now = timezone.now() - timedelta(days=days_ago)
    schedule = factories.make_schedule(tenant=tenant, report=report, name=name or f"Report {next(_numbers)}")
    with tenant_scope(tenant):
        person = Recipient.objects.filter(email=address).first()
    person = person or factories.make_recipient(tenant=tenant, email=address)
    audience = factories.make_audience(schedule=schedule, recipients=[person])
    run = factories.make_occurrence(schedule=schedule, status="delivered", planned_at=now)
    job = factories.make_job(tenant=tenant, report=report, status="completed", now=now, occurrence=run)
    factories.make_file(job=job, body=BODY, bucket=BUCKET)
    fields = {"recipient": person, "audience": audience, "sent_at": now, "created_at": now, "status": status} | fields
    mailed = factories.make_delivery(job=job, address=address, **fields)
    with tenant_scope(tenant):
        links.for_delivery(mailed, now=now)
    return mailed


def way_in(tenant, address=EVA) -> str:
    """The path in the mail that the address gets; empty: nothing is mailed there."""
    with tenant_scope(tenant):
        notice = Notice.objects.filter(kind="archive", address=address).latest("created_at")
        if reason_not_to_send(notice, timezone.now()):
            return ""
        letter = letter_of_notice(notice, timezone.now())
    found = re.search(r"https?://[^/]+(/a/\S+)", letter.message.body) if letter else None
    return found[1] if found else ""


def press(browser, path, **values):
    token = browser.get(path).context["csrf_token"]
    return browser.post(path, values | {"csrfmiddlewaretoken": token})


def ask(browser, tenant, address=EVA):
    return press(browser, f"/d/{tenant.code}/", address=address)


def enter(browser, tenant, address=EVA):
    """The page of the archive, after the mail was asked for and its button pressed."""
    ask(browser, tenant, address)
    answer = press(browser, way_in(tenant, address))
    assert answer.status_code == 303, answer.status_code
    return browser.get(answer["Location"])


def titles(answer) -> list[str]:
    return re.findall(r'<p class="strong">([^<]*)</p>', answer.content.decode())


class TestTheWayIn:
    def test_is_mailed_to_the_address_and_opens_everything_that_was_sent_there(self, visitor, acme, daily_calls):
        send(acme, daily_calls, name="Daily calls")
        send(acme, daily_calls, name="Weekly calls", days_ago=20)

        shown = enter(visitor, acme)

        assert titles(shown) == ["Daily calls", "Weekly calls"]
        assert (shown["Cache-Control"], shown["X-Robots-Tag"]) == ("no-store", "noindex")

    def test_is_asked_for_on_the_page_of_a_link_without_typing_anything(self, visitor, acme, daily_calls):
        mailed = send(acme, daily_calls, name="Daily calls")
        with tenant_scope(acme):
            path = links.for_delivery(mailed, now=timezone.now()).url.partition("/d/")[2]

        answer = press(visitor, f"/d/{path}", act="reports")

        assert "on its way there" in answer.content.decode()
        assert EVA not in answer.content.decode()
        assert titles(visitor.get(press(visitor, way_in(acme))["Location"])) == ["Daily calls"]

    @pytest.mark.parametrize(
        "ended",
        [{"revoked_at": True}, {"expires_at": True}, {"uses": 50, "max_uses": 50}, {"wrong_codes": 10}],
        ids=["revoked", "expired", "used up", "locked"],
    )
    def test_is_on_the_page_of_a_link_that_has_ended_too(self, ended, visitor, acme, daily_calls):
        mailed = send(acme, daily_calls)
        ended = {name: timezone.now() if value is True else value for name, value in ended.items()}
        with tenant_scope(acme):
            made = links.for_delivery(mailed, now=timezone.now())
            Link.objects.filter(pk=made.link.pk).update(**ended)

        answer = press(visitor, "/d/" + made.url.partition("/d/")[2], act="reports")

        assert answer.status_code == 200
        assert way_in(acme)

    def test_is_not_on_the_page_of_a_link_that_nobodys_address_is_known_for(self, visitor, acme, daily_calls):
        job = factories.make_job(tenant=acme, report=daily_calls, status="completed")
        factories.make_file(job=job)
        _link, token = factories.make_link(job=job)
        path = f"/d/{acme.code}/{token}"

        shown, pressed = visitor.get(path), press(visitor, path, act="reports")

        assert "Send me my reports" not in shown.content.decode()
        assert pressed.status_code == 200
        with tenant_scope(acme):
            assert not Notice.objects.exists()

    def test_opens_nothing_by_a_visit_which_mail_scanners_make(self, visitor, acme, daily_calls):
        send(acme, daily_calls)
        ask(visitor, acme)
        path = way_in(acme)

        for _ in range(3):
            assert Client().get(path).status_code == 200
            assert Client().head(path).status_code == 200

        with tenant_scope(acme):
            assert ArchiveVisit.objects.get().opened_at is None
        assert press(visitor, path).status_code == 303

    def test_opens_once_and_the_same_browser_may_press_again(self, visitor, acme, daily_calls):
        send(acme, daily_calls)
        ask(visitor, acme)
        path = way_in(acme)
        other = Client()

        first, again = press(visitor, path), visitor.get(path)
        elsewhere = other.post(path)

        assert (first.status_code, again.status_code, elsewhere.status_code) == (303, 303, 404)
        assert "somebody opened it already" in elsewhere.content.decode()
        assert not other.cookies

    def test_is_good_for_half_an_hour(self, visitor, acme, daily_calls):
        send(acme, daily_calls)
        ask(visitor, acme)
        path = way_in(acme)
        with tenant_scope(acme):
            ArchiveVisit.objects.update(expires_at=timezone.now())

        answer = Client().post(path)

        assert answer.status_code == 404
        assert "those are over" in answer.content.decode()

    def test_is_the_same_each_time_its_mail_is_tried(self, visitor, acme, daily_calls):
        send(acme, daily_calls)
        ask(visitor, acme)

        assert way_in(acme) == way_in(acme) != ""

    def test_is_mailed_once_in_ten_minutes(self, acme, now):
        now = now.replace(minute=0, second=1)
        with tenant_scope(acme):
            for minutes in (0, 1, 9, 11):
                archive.ask(acme, EVA, language="en", now=now + timedelta(minutes=minutes))

            assert Notice.objects.count() == 2

    @pytest.mark.parametrize(("reason", "sent"), [("unsubscribed", True), ("bounced", False), ("complained", False)])
    def test_is_mailed_to_who_stopped_the_regular_mails_and_not_where_mail_came_back(self, reason, sent, visitor, acme, daily_calls):
        send(acme, daily_calls)
        factories.make_suppression(tenant=acme, email=EVA, reason=reason)
        ask(visitor, acme)

        assert bool(way_in(acme)) == sent

    def test_nothing_secret_is_stored(self, visitor, acme, daily_calls):
        send(acme, daily_calls)
        shown = enter(visitor, acme)
        (cookie,) = [cookie for name, cookie in visitor.cookies.items() if "archive" in name]

        with tenant_scope(acme):
            stored = str(ArchiveVisit.objects.values().get()) + str(list(Notice.objects.values()))

        assert shown.status_code == 200
        assert cookie.value not in stored
        assert way_in(acme).rpartition("/")[2] not in stored


class TestItTellsNobodyWhetherAnAddressExists:
    def test_the_answer_is_the_same_for_every_address_and_company(self, acme, globex, daily_calls):
        send(acme, daily_calls)
        wanted = [(acme.code, EVA), (acme.code, NORA), (globex.code, EVA), ("AAAAAAAA", EVA), ("no such code", EVA)]

        def answer(code, address):
            browser = Client()
            posted = browser.post(f"/d/{code}/", {"address": address})
            asked = browser.get(f"/d/{code}/")
            return posted.status_code, posted.content, asked.status_code, re.sub(rb'value="\w{64}"', b"", asked.content), {*posted.cookies}

        assert len({repr(answer(*one)) for one in wanted}) == 1

    def test_the_same_is_done_for_one_that_got_reports_and_one_that_did_not(self, acme, daily_calls, django_assert_num_queries):
        send(acme, daily_calls)
        with tenant_scope(acme):
            for address in (EVA, NORA):
                # With the savepoint around the insert.
                with django_assert_num_queries(4):
                    archive.ask(acme, address, language="en", now=timezone.now())

    def test_who_got_nothing_is_mailed_nothing(self, visitor, acme, daily_calls):
        send(acme, daily_calls)

        ask(visitor, acme, NORA)

        assert way_in(acme, NORA) == ""
        with tenant_scope(acme):
            assert not ArchiveVisit.objects.exists()

    @pytest.mark.parametrize("typed", ["", "eva", "eva@", "@customer.example", "eva@customer.example\0", "x" * 400])
    def test_what_is_no_address_is_said_to_be_none(self, typed, visitor, acme):
        answer = ask(visitor, acme, typed)

        assert answer.status_code == 422
        with tenant_scope(acme):
            assert not Notice.objects.exists()

    def test_buttons_are_limited(self, visitor, acme):
        answers = [Client().post(f"/d/{acme.code}/", {"address": f"guest{number}@customer.example"}) for number in range(31)]

        assert [answer.status_code for answer in answers] == [200] * 30 + [429]


class TestNotOneForeignRow:
    def test_of_another_address_of_the_company(self, visitor, acme, daily_calls):
        send(acme, daily_calls, name="Hers")
        send(acme, daily_calls, NORA, name="Of another")

        assert titles(enter(visitor, acme)) == ["Hers"]

    def test_of_the_same_address_in_another_company(self, visitor, acme, globex, daily_calls):
        send(acme, daily_calls, name="Of Acme")
        send(globex, daily_calls, name="Of Globex")

        assert titles(enter(visitor, acme)) == ["Of Acme"]
        assert titles(enter(visitor, globex)) == ["Of Globex"]
        assert titles(visitor.get(f"/d/{acme.code}/")) == ["Of Acme"]

    @pytest.mark.parametrize(
        "other",
        [
            "eva+reports@customer.example",
            "xeva@customer.example",
            "eva@customer.example.evil.example",
            "eva@xcustomer.example",
            "e_a@customer.example",
        ],
    )
    def test_of_an_address_that_looks_like_it(self, other, visitor, acme, daily_calls):
        send(acme, daily_calls, name="Hers")
        send(acme, daily_calls, other, name="Of another")

        assert titles(enter(visitor, acme)) == ["Hers"]
        assert titles(enter(Client(), acme, other)) == ["Of another"]

    def test_the_case_of_an_address_is_no_difference(self, visitor, acme, daily_calls):
        send(acme, daily_calls, name="Hers")

        ask(visitor, acme, "  EVA@Customer.Example ")

        assert titles(visitor.get(press(visitor, way_in(acme))["Location"])) == ["Hers"]

    @pytest.mark.parametrize("pattern", ["%", "_", "%@customer.example", "*@customer.example", "'or''='@customer.example"])
    def test_by_a_pattern_in_place_of_an_address(self, pattern, visitor, acme, daily_calls):
        send(acme, daily_calls)

        ask(visitor, acme, pattern)

        with tenant_scope(acme):
            for notice in Notice.objects.filter(kind="archive"):
                assert letter_of_notice(notice, timezone.now()) is None
            assert not ArchiveVisit.objects.exists()

    def test_the_cookie_of_another_company_opens_nothing(self, visitor, acme, globex, daily_calls):
        send(acme, daily_calls, name="Of Acme")
        send(globex, daily_calls, name="Of Globex")
        enter(visitor, acme)
        thief = Client()
        for cookie in list(visitor.cookies.values()):
            thief.cookies[cookie.key.replace(acme.code, globex.code)] = cookie.value

        answer = thief.get(f"/d/{globex.code}/")

        assert titles(answer) == []
        assert "Email address" in answer.content.decode()

    def test_the_mailed_address_of_another_company_opens_nothing(self, visitor, acme, globex, daily_calls):
        send(acme, daily_calls)
        ask(visitor, acme)
        path = way_in(acme).replace(acme.code, globex.code)

        assert (visitor.get(path).status_code, Client().post(path).status_code) == (404, 404)

    def test_a_row_of_somebody_else_is_neither_opened_nor_renewed(self, visitor, acme, globex, daily_calls):
        send(acme, daily_calls)
        theirs = [send(acme, daily_calls, NORA), send(globex, daily_calls)]
        enter(visitor, acme)

        for foreign in theirs:
            opened = press(visitor, f"/d/{acme.code}/", open=str(foreign.pk))
            press(visitor, f"/d/{acme.code}/", renew=str(foreign.pk))
            assert opened["Location"] == f"/d/{acme.code}/"
        for tenant in (acme, globex):
            with tenant_scope(tenant):
                assert not Notice.objects.filter(kind="new_link").exists()

    @pytest.mark.parametrize("value", ["", "nonsense", "0", "\0", "00000000-0000-0000-0000-000000000000"])
    def test_what_is_no_row_opens_nothing(self, value, visitor, acme, daily_calls):
        send(acme, daily_calls)
        enter(visitor, acme)

        assert press(visitor, f"/d/{acme.code}/", open=value)["Location"] == f"/d/{acme.code}/"

    def test_of_what_was_never_sent_or_is_older_or_went_elsewhere(self, visitor, acme, daily_calls):
        kept = send(acme, daily_calls, name="Hers")
        for status in ("pending", "failed", "bounced", "suppressed"):
            send(acme, daily_calls, status=status, sent_at=None)
        send(acme, daily_calls, days_ago=91)
        destination = factories.make_destination(tenant=acme)
        with tenant_scope(acme):
            Delivery.objects.create(
                tenant=acme, job=kept.job, channel="sftp", destination=destination, status="sent", sent_at=kept.sent_at,
                ended_at=kept.sent_at, created_at=kept.created_at,
            )  # fmt: skip
        factories.make_link(job=kept.job, email=EVA)

        assert titles(enter(visitor, acme)) == ["Hers"]

    def test_an_empty_address_has_none(self, acme, now):
        with tenant_scope(acme):
            assert list(archive.sent_to(acme, "", now)) == []

    def test_of_before_a_person_was_erased(self, visitor, acme, daily_calls, olga):
        send(acme, daily_calls, name="Before")
        enter(visitor, acme)
        with tenant_scope(acme):
            erasing.erase(acme, Actor("olga"), EVA, "She asked for it.", now=timezone.now())

        during = visitor.get(f"/d/{acme.code}/")
        send(acme, daily_calls, name="After")
        again = Client()
        after = enter(again, acme)

        assert titles(during) == []
        assert titles(after) == ["After"]

    def test_after_it_was_closed_or_its_half_hour_is_over(self, visitor, acme, daily_calls):
        send(acme, daily_calls)
        enter(visitor, acme)
        kept = {cookie.key: cookie.value for cookie in visitor.cookies.values()}

        press(visitor, f"/d/{acme.code}/", act="close")
        again = Client()
        for name, value in kept.items():
            again.cookies[name] = value

        assert titles(visitor.get(f"/d/{acme.code}/")) == []
        assert titles(again.get(f"/d/{acme.code}/")) == []

    def test_when_its_half_hour_is_over(self, visitor, acme, daily_calls):
        send(acme, daily_calls)
        enter(visitor, acme)
        with tenant_scope(acme):
            ArchiveVisit.objects.update(session_ends_at=timezone.now())

        assert titles(visitor.get(f"/d/{acme.code}/")) == []

    def test_nor_by_searching_or_paging(self, visitor, acme, daily_calls):
        send(acme, daily_calls, name="Hers", days_ago=1)
        theirs = send(acme, daily_calls, NORA, name="Of another")
        enter(visitor, acme)

        for query in ("q=Another", "q=%25", "q=_", f"before={10**16}-{theirs.pk.hex}", f"after=0-{theirs.pk.hex}"):
            assert set(titles(visitor.get(f"/d/{acme.code}/?{query}"))) <= {"Hers"}


class TestItsRows:
    def test_open_by_the_page_of_their_own_link_which_counts(self, aws, visitor, acme, daily_calls):
        mailed = send(acme, daily_calls)
        with tenant_scope(acme):
            file = mailed.job.files.get()
        aws.client("s3").put_object(Bucket=file.bucket, Key=file.key, Body=BODY)
        enter(visitor, acme)

        page = press(visitor, f"/d/{acme.code}/", open=str(mailed.pk))["Location"]
        given = press(visitor, "/d/" + page.partition("/d/")[2])

        assert requests.get(given["Location"], timeout=10).content == BODY
        with tenant_scope(acme):
            assert (Link.objects.get().uses, Download.objects.count()) == (1, 1)
        assert "Downloaded once" in visitor.get(f"/d/{acme.code}/").content.decode()

    def test_with_a_passcode_keep_asking_for_it(self, visitor, acme, daily_calls):
        mailed = send(acme, daily_calls)
        with tenant_scope(acme):
            Link.objects.update(protection="passcode", passcode="hashed")
        enter(visitor, acme)

        page = press(visitor, f"/d/{acme.code}/", open=str(mailed.pk))["Location"]

        assert "Passcode" in visitor.get("/d/" + page.partition("/d/")[2]).content.decode()

    def test_that_have_ended_ask_for_a_new_link(self, visitor, acme, daily_calls):
        mailed = send(acme, daily_calls)
        with tenant_scope(acme):
            Link.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
        shown = enter(visitor, acme)

        told = press(visitor, f"/d/{acme.code}/", renew=str(mailed.pk))

        assert "Ask for a new link" in shown.content.decode()
        assert 'name="open"' not in shown.content.decode()
        assert "on its way to eva@customer.example" in told.content.decode()
        with tenant_scope(acme):
            assert Notice.objects.filter(kind="new_link").values_list("address", flat=True).get() == EVA

    def correct(self, mailed, **how) -> SnapshotJob:
        now = timezone.now()
        with tenant_scope(mailed.tenant):
            job = SnapshotJob.objects.select_related("tenant", "report").get(pk=mailed.job_id)
            newer = jobs.correct(job, ADAM, "It was wrong.", now=now, **how)
            SnapshotJob.objects.filter(pk=newer.pk).update(status="completed", finished_at=now)
            newer.status, newer.finished_at = "completed", now
            factories.make_file(job=newer)
            job_ended(newer, now)
        return newer

    @pytest.mark.parametrize("how", [{}, {"withdraw": True}], ids=["corrected", "withdrawn and corrected"])
    def test_that_were_corrected_lead_to_the_new_version(self, how, visitor, acme, daily_calls):
        mailed = send(acme, daily_calls)
        self.correct(mailed, **how)

        shown = enter(visitor, acme).content.decode()

        assert "Version 2" in shown
        assert "A corrected version came" in shown
        assert 'name="open"' in shown

    def test_say_nothing_of_a_new_version_to_who_would_not_be_sent_it(self, visitor, acme, daily_calls):
        mailed = send(acme, daily_calls)
        self.correct(mailed, withdraw=True)
        with tenant_scope(acme):
            Recipient.objects.filter(email=EVA).delete()

        shown = enter(visitor, acme).content.decode()

        assert "Withdrawn" in shown
        assert "ersion" not in re.sub(r"<head>.*</head>", "", shown, flags=re.DOTALL)
        assert 'name="open"' not in shown

    def test_that_were_withdrawn_say_so(self, visitor, acme, daily_calls):
        mailed = send(acme, daily_calls)
        with tenant_scope(acme):
            recall(SnapshotJob.objects.select_related("tenant").get(pk=mailed.job_id), "It was wrong.", ADAM, now=timezone.now())

        shown = enter(visitor, acme).content.decode()

        assert "Withdrawn" in shown
        assert 'name="open"' not in shown

    def test_whose_files_are_past_their_days_say_so(self, visitor, acme, daily_calls):
        send(acme, daily_calls, days_ago=40)
        with platform_scope():
            Tenant.objects.filter(pk=acme.pk).update(retention_days=30)

        shown = enter(visitor, acme).content.decode()

        assert "no longer kept" in shown
        assert 'name="open"' not in shown

    @pytest.mark.parametrize(
        "search", ["weekly", "WEEKLY CALLS", "%(iso)s", "%(day)d.%(month)d.", "%(day)d %(name)s", "%(day)d. %(name)s %(year)d"]
    )
    def test_are_found_by_name_and_by_day(self, search, visitor, acme, daily_calls):
        send(acme, daily_calls, name="Daily calls")
        old = send(acme, daily_calls, name="Weekly calls", days_ago=20)
        enter(visitor, acme)
        day = timezone.localtime(old.sent_at, acme.zone).date()
        words = {"iso": day.isoformat(), "day": day.day, "month": day.month, "name": f"{day:%B}", "year": day.year}

        assert titles(visitor.get(f"/d/{acme.code}/", {"q": search % words})) == ["Weekly calls"]

    @pytest.mark.parametrize("search", ["99.99.", "31.2.2026", "\0", "x" * 500, "2026-13-45", "0000-00-00"])
    def test_odd_searches_find_nothing(self, search, visitor, acme, daily_calls):
        send(acme, daily_calls)
        enter(visitor, acme)

        assert titles(visitor.get(f"/d/{acme.code}/", {"q": search})) == []

    def test_fifty_of_them_are_a_page_below_30_kb_without_any_script(self, visitor, acme, daily_calls, django_assert_max_num_queries):
        first = send(acme, daily_calls, name="A report with a rather long name, as there are: sixty letters")
        with tenant_scope(acme):
            for number in range(60):
                job = factories.make_job(tenant=acme, report=daily_calls, status="completed", occurrence=first.occurrence)
                factories.make_file(job=job)
                at = timezone.now() - timedelta(hours=number + 1)
                mailed = factories.make_delivery(
                    job=job, address=EVA, status="sent", recipient=first.recipient, audience=first.audience, sent_at=at, created_at=at
                )
                links.for_delivery(mailed, now=at)
        shown = enter(visitor, acme)
        older = re.search(r'href="(\?before=[^"]*)"', shown.content.decode())[1]

        with django_assert_max_num_queries(12):
            shown = visitor.get(f"/d/{acme.code}/")

        assert len(titles(shown)) == 50
        assert len(shown.content) < 30_000
        assert b"<script" not in shown.content
        assert b"style=" not in shown.content
        assert len(titles(visitor.get(f"/d/{acme.code}/{older}"))) == 11

    def test_a_suspended_company_shows_nothing_and_mails_nothing(self, visitor, acme, daily_calls):
        send(acme, daily_calls)
        enter(visitor, acme)
        with platform_scope():
            Tenant.objects.filter(pk=acme.pk).update(suspended_at=timezone.now())

        shown = visitor.get(f"/d/{acme.code}/")
        Client().post(f"/d/{acme.code}/", {"address": NORA})

        assert (shown.status_code, titles(shown)) == (403, [])
        with tenant_scope(acme):
            assert not Notice.objects.filter(address=NORA).exists()


COPIES = """
insert into reports_delivery (id, tenant_id, job_id, occurrence_id, address, language, name, audience_name, channel, status, tries, is_copy,
                              maybe_twice, failure_code, answer, sent_at, ended_at, created_at)
select gen_random_uuid(), tenant_id, job_id, occurrence_id, 'guest' || n || '@customer.example', language, '', '', channel, status, 1,
       is_copy, false, '', '', sent_at, ended_at, created_at - n * interval '1 minute'
  from reports_delivery, generate_series(1, %s) n where id = %s
"""


@pytest.mark.django_db(transaction=True)
def test_of_a_large_ledger_only_the_rows_of_the_address_are_read(acme, globex, daily_calls, login):
    for tenant in (acme, globex):
        mailed = send(tenant, daily_calls)
        with tenant_scope(tenant), connection.cursor() as cursor:
            cursor.execute(COPIES, [20_000, mailed.pk])
    login(roles.OWNER).execute("analyze reports_delivery")
    with tenant_scope(acme):
        plan = archive.sent_to(acme, EVA, timezone.now()).order_by("-created_at", "-id")[:51].explain()

    assert "delivery_by_address" in plan
    assert "Seq Scan" not in plan
