"""Passcodes and mailed codes: five tries a code, ten wrong answers a link, and nothing readable in the database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection

from reports import links
from reports.links import Answer, codes
from reports.models import Link, Notice
from tenants.scope import tenant_scope
from tests.factories import make_link
from tests.reports.engine.threads import together

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailed(ready, now):
    return make_link(job=ready, now=now, protection="mailed", email="gm@azurebay.example", language="de")[0]


@pytest.fixture
def guarded(ready, now):
    return make_link(job=ready, now=now, protection="passcode", passcode=make_password("open sesame"))[0]


def new_code(link, now) -> str:
    with tenant_scope(link.tenant_id):
        return links.new_code(link, now)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def ask(link, now) -> bool:
    with tenant_scope(link.tenant_id):
        return links.ask_for_code(Link.objects.get(pk=link.pk), now=now)


def row(link) -> Link:
    with tenant_scope(link.tenant_id):
        return Link.objects.get(pk=link.pk)


class TestAMailedCode:
    def test_opens_once(self, mailed, now):
        code = new_code(mailed, now)

        assert links.try_code(mailed, f" {code} ", now=now) == (Answer.RIGHT, 0)
        assert links.try_code(mailed, code, now=now) == (Answer.STALE, 0)
        assert row(mailed).wrong_codes == 0

    def test_is_stored_as_its_hash_alone(self, mailed, now):
        code = new_code(mailed, now)

        with tenant_scope(mailed.tenant_id):
            assert code not in str(Link.objects.values().get())

    def test_is_good_for_ten_minutes(self, mailed, now):
        code = new_code(mailed, now)

        assert links.try_code(mailed, code, now=now + timedelta(minutes=10))[0] is Answer.STALE
        assert links.try_code(mailed, code, now=now + timedelta(minutes=9, seconds=59))[0] is Answer.RIGHT

    def test_takes_the_place_of_the_one_before(self, mailed, now):
        first, second = new_code(mailed, now), new_code(mailed, now)

        assert first == second or links.try_code(mailed, first, now=now)[0] is Answer.WRONG
        assert links.try_code(mailed, second, now=now)[0] is Answer.RIGHT

    def test_of_one_link_does_not_open_another(self, mailed, ready, now):
        other, _token = make_link(job=ready, now=now, protection="mailed", email="gm@azurebay.example")
        code = new_code(mailed, now)
        with tenant_scope(ready.tenant):
            Link.objects.filter(pk=other.pk).update(code_sha256=row(mailed).code_sha256, code_expires_at=now + timedelta(minutes=5))

        assert links.try_code(other, code, now=now)[0] is Answer.WRONG

    def test_has_five_tries_and_says_how_many_are_left(self, mailed, now):
        code = new_code(mailed, now)

        answers = [links.try_code(mailed, wrong(code), now=now) for _ in range(5)]

        assert answers == [(Answer.WRONG, left) for left in (4, 3, 2, 1, 0)]
        assert links.try_code(mailed, code, now=now) == (Answer.STALE, 0)

    def test_after_ten_wrong_ones_in_all_nothing_opens_the_link(self, mailed, now):
        for _round in range(2):
            code = new_code(mailed, now)
            answers = [links.try_code(mailed, wrong(code), now=now)[0] for _ in range(5)]
        code = new_code(mailed, now)

        assert answers == [Answer.WRONG] * 4 + [Answer.LOCKED]
        assert links.try_code(mailed, code, now=now) == (Answer.LOCKED, 0)
        assert row(mailed).is_locked
        assert not ask(mailed, now)

    @pytest.mark.django_db(transaction=True)
    def test_guessed_by_eight_at_once_has_five_tries_all_the_same(self, mailed, now):
        code = new_code(mailed, now)
        answers: list[Answer] = []

        faults = together(*[lambda: answers.append(links.try_code(mailed, wrong(code), now=now)[0])] * 8)

        assert faults == []
        assert sorted(answer.value for answer in answers) == ["stale"] * 3 + ["wrong"] * 5
        assert row(mailed).wrong_codes == 5


class TestAskingForACode:
    def test_asks_for_one_mail_to_the_links_address_in_its_language(self, mailed, now):
        assert ask(mailed, now)

        with tenant_scope(mailed.tenant_id):
            (notice,) = Notice.objects.all()
        assert (notice.kind, notice.address, notice.language, notice.link_id) == ("code", "gm@azurebay.example", "de", mailed.pk)

    def test_again_within_a_minute_asks_for_nothing(self, mailed, now):
        assert [ask(mailed, now + timedelta(seconds=later)) for later in (0, 59, 61)] == [True, False, True]

    def test_is_heard_ten_times_an_hour(self, mailed, now):
        asked = [ask(mailed, now + timedelta(minutes=2 * number)) for number in range(12)]

        assert asked == [True] * 10 + [False] * 2
        assert ask(mailed, now + timedelta(minutes=61))

    @pytest.mark.parametrize("fields", [{"protection": "passcode"}, {"email": ""}, {"uses": 50}, {"wrong_codes": 10}])
    def test_is_not_heard_where_no_code_would_open_anything(self, fields, mailed, now):
        with tenant_scope(mailed.tenant_id):
            Link.objects.filter(pk=mailed.pk).update(**fields)

        assert not ask(mailed, now)

    @pytest.mark.django_db(transaction=True)
    def test_by_two_buttons_at_once_sends_one_mail(self, mailed, now):
        faults = together(*[lambda: ask(mailed, now)] * 4)

        with tenant_scope(mailed.tenant_id):
            assert (faults, Notice.objects.count()) == ([], 1)


class TestAPasscode:
    def test_opens_as_often_as_it_is_given(self, guarded, now):
        assert [links.try_code(guarded, "open sesame", now=now)[0] for _ in range(3)] == [Answer.RIGHT] * 3
        assert row(guarded).wrong_codes == 0

    def test_is_wrong_ten_times_and_then_locked_for_good(self, guarded, now):
        answers = [links.try_code(guarded, "wrong", now=now) for _ in range(10)]

        assert answers == [(Answer.WRONG, left) for left in range(9, 0, -1)] + [(Answer.LOCKED, 0)]
        assert links.try_code(guarded, "open sesame", now=now)[0] is Answer.LOCKED

    def test_is_locked_for_a_browser_that_had_answered_too(self, guarded, now):
        with tenant_scope(guarded.tenant_id):
            Link.objects.filter(pk=guarded.pk).update(wrong_codes=10)

            assert not Link.objects.for_tenant(guarded.tenant).take_use(guarded, now)

    def test_is_not_hashed_inside_a_transaction(self, guarded, now, monkeypatch):
        """It takes a while by design, and others wait for the row meanwhile."""

        open_blocks, check = [], codes.check_password

        def noting(*given):
            open_blocks.append(any(not block._from_testcase for block in connection.atomic_blocks))
            return check(*given)

        monkeypatch.setattr(codes, "check_password", noting)
        links.try_code(guarded, "open sesame", now=now)

        assert open_blocks == [False]
