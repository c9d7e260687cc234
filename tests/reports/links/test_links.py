"""Links: only for files that are there, known by their hash, counted to the last use, dead from the revocation on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from reports import links
from reports.models import Download, Link
from reports.refused import Refused
from tenants.audit import Actor
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tenants.secrets import secret_hash
from tests.factories import make_job, make_link, make_tenant
from tests.reports.engine.threads import together

pytestmark = pytest.mark.django_db
ADAM, VISITOR = Actor("adam@acme.example"), Actor("LNK-VISITOR1", ip="192.0.2.9", user_agent="curl/8")


def create(job, now):
    with tenant_scope(job.tenant):
        return links.create(job, ADAM, now=now)


def revoke(link, now) -> None:
    with tenant_scope(link.tenant_id):
        links.revoke(link, ADAM, now=now)


def redeem(link, now, *, repeated: bool = False) -> bool:
    with tenant_scope(link.tenant_id):
        return links.redeem(link, [link.job.files.get()], VISITOR, repeated=repeated, now=now)


def seen(link) -> tuple[int, int]:
    """Uses that were counted, and downloads that were written down."""
    with tenant_scope(link.tenant_id):
        return Link.objects.get(pk=link.pk).uses, Download.objects.filter(link=link).count()


def audited(tenant) -> list[tuple]:
    with tenant_scope(tenant):
        return list(AuditEvent.objects.order_by("at").values_list("action", "actor", "after"))


class TestANewLink:
    @pytest.mark.parametrize("status", ["queued", "starting", "running", "collecting", "failed", "cancelled"])
    def test_is_made_only_for_a_completed_job(self, status, acme, daily_calls, now):
        job = make_job(tenant=acme, report=daily_calls, status=status, now=now)

        with pytest.raises(Refused) as refused:
            create(job, now)

        assert (refused.value.code, refused.value.detail) == ("file_not_ready", "This job has no files yet.")
        with tenant_scope(acme):
            assert not Link.objects.exists()

    def test_is_known_to_us_by_the_hash_of_its_token_alone(self, ready, now, settings):
        settings.PORTAL_BASE_URL = "https://portal.example"

        made = create(ready, now)

        start, token = made.url.rsplit("/", 1)
        assert start == f"https://portal.example/d/{ready.tenant.code}"
        with tenant_scope(ready.tenant):
            (row,) = Link.objects.values()
        assert bytes(row["token_sha256"]) == secret_hash(token)
        assert token not in str(row | {"token_sha256": ""})
        assert token not in str(audited(ready.tenant))

    def test_never_repeats_a_token(self, ready, now):
        assert len({create(ready, now).url for _ in range(3)}) == 3

    def test_lives_and_counts_as_its_company_decided(self, daily_calls, now):
        strict = make_tenant(slug="strict", link_days=2, link_max_uses=3)
        job = make_job(tenant=strict, report=daily_calls, status="completed", now=now)

        link = create(job, now).link

        assert (link.expires_at, link.max_uses, link.uses) == (now + timedelta(days=2), 3, 0)

    def test_is_written_down_with_who_made_it(self, ready, now):
        link = create(ready, now).link

        after = {"job": str(ready.pk), "reference": link.reference}
        assert audited(ready.tenant) == [("link.created", "adam@acme.example", after)]
        assert link.created_by == "adam@acme.example"


class TestRedeeming:
    def test_counts_one_use_and_writes_down_who_got_what(self, ready, now):
        link = create(ready, now).link

        assert redeem(link, now)

        assert seen(link) == (1, 1)
        with tenant_scope(ready.tenant):
            (row,) = Download.objects.select_related("file")
        assert (row.actor, row.ip, row.user_agent, row.at, row.file.job_id) == ("LNK-VISITOR1", "192.0.2.9", "curl/8", now, ready.pk)

    def test_gives_nothing_once_all_uses_are_taken(self, ready, now):
        link, _token = make_link(job=ready, now=now, max_uses=2)

        assert [redeem(link, now) for _ in range(4)] == [True, True, False, False]
        assert seen(link) == (2, 2)

    def test_gives_nothing_from_the_very_moment_of_its_end(self, ready, now):
        link, _token = make_link(job=ready, now=now, expires_at=now + timedelta(days=1))

        answers = [redeem(link, now + timedelta(days=1, seconds=late)) for late in (-1, 0, 1)]

        assert answers == [True, False, False]
        assert seen(link) == (1, 1)

    @pytest.mark.django_db(transaction=True)
    def test_by_eight_visitors_at_once_gives_exactly_what_is_left(self, ready, now):
        link, _token = make_link(job=ready, now=now, max_uses=5, uses=2)
        granted: list[bool] = []

        faults = together(*[lambda: granted.append(redeem(link, now))] * 8)

        assert faults == []
        assert sorted(granted) == [False] * 5 + [True] * 3
        assert seen(link) == (5, 3)


class TestARepeat:
    def test_costs_no_use_even_after_the_last_one(self, ready, now):
        link, _token = make_link(job=ready, now=now, max_uses=1)
        redeem(link, now)

        assert redeem(link, now + timedelta(minutes=9), repeated=True)
        assert seen(link) == (1, 2)

    def test_is_free_a_few_times_only(self, ready, now):
        link, _token = make_link(job=ready, now=now, max_uses=1)
        redeem(link, now)

        answers = [redeem(link, now + timedelta(seconds=later), repeated=True) for later in range(1, 9)]

        assert answers == [True] * 5 + [False] * 3
        assert seen(link) == (1, 6)

    @pytest.mark.django_db(transaction=True)
    def test_asked_for_eight_times_at_once_is_free_a_few_times_only(self, ready, now):
        link, _token = make_link(job=ready, now=now, max_uses=1)
        redeem(link, now)
        answers: list[bool] = []

        faults = together(*[lambda: answers.append(redeem(link, now, repeated=True))] * 8)

        assert faults == []
        assert sum(answers) == 5
        assert seen(link) == (1, 6)

    def test_is_not_given_where_nothing_was_given_before(self, ready, now):
        link, _token = make_link(job=ready, now=now)

        assert not redeem(link, now, repeated=True)
        assert seen(link) == (0, 0)

    def test_is_not_given_once_ten_minutes_have_passed(self, ready, now):
        link, _token = make_link(job=ready, now=now)
        redeem(link, now)

        assert not redeem(link, now + timedelta(minutes=11), repeated=True)
        assert seen(link) == (1, 1)

    def test_is_not_given_after_the_link_was_revoked(self, ready, now):
        link, _token = make_link(job=ready, now=now)
        redeem(link, now)

        revoke(link, now)

        assert not redeem(link, now, repeated=True)
        assert seen(link) == (1, 1)

    def test_is_not_given_after_the_link_has_ended(self, ready, now):
        link, _token = make_link(job=ready, now=now, expires_at=now + timedelta(minutes=1))
        redeem(link, now)

        assert not redeem(link, now + timedelta(minutes=1), repeated=True)
        assert seen(link) == (1, 1)


class TestRevoking:
    def test_refuses_from_then_on(self, ready, now):
        link = create(ready, now).link

        revoke(link, now + timedelta(hours=1))

        assert not redeem(link, now + timedelta(hours=1))
        assert link.revoked_at == now + timedelta(hours=1)

    def test_twice_keeps_the_first_time_and_is_written_down_once(self, ready, now):
        link = create(ready, now).link
        revoke(link, now + timedelta(hours=1))

        revoke(link, now + timedelta(hours=2))

        assert link.revoked_at == now + timedelta(hours=1)
        assert [action for action, _actor, _after in audited(ready.tenant)] == ["link.created", "link.revoked"]

    def test_leaves_the_other_links_of_the_job_alone(self, ready, now):
        first, second = create(ready, now).link, create(ready, now).link

        revoke(first, now)

        assert redeem(second, now)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({}, "Active"),
        ({"uses": 49}, "Active"),
        ({"uses": 50}, "Used up"),
        ({"expires_at": timedelta(0)}, "Expired"),
        ({"expires_at": timedelta(0), "uses": 50}, "Expired"),
        ({"revoked_at": timedelta(0), "expires_at": timedelta(0), "uses": 50}, "Revoked"),
    ],
)
def test_a_link_says_in_one_word_how_it_stands(fields, word, ready, now):
    times = {name: now + value if isinstance(value, timedelta) else value for name, value in fields.items()}
    link, _token = make_link(job=ready, now=now, **times)

    assert link.status(now).label == word


def test_the_last_download_of_each_link_is_told(ready, now):
    used, unused = (make_link(job=ready, now=now)[0] for _ in range(2))
    for later in (1, 3, 2):
        redeem(used, now + timedelta(seconds=later))

    with tenant_scope(ready.tenant):
        told = dict(Link.objects.for_tenant(ready.tenant).with_last_download().values_list("pk", "last_download_at"))

    assert told == {used.pk: now + timedelta(seconds=3), unused.pk: None}


def test_a_code_leads_to_its_company(acme, globex):
    assert links.tenant_of(acme.code) == acme
    assert links.tenant_of(globex.code) == globex


@pytest.mark.parametrize(
    "odd",
    [
        lambda code: code.lower(),
        lambda code: f"{code}A",
        lambda code: code[:-1],
        lambda code: f"{code[:-1]}\0",
        lambda code: f"{code}\0",
        lambda code: f"{code[:-1]}Ａ",
        lambda code: f"{code[:-1]}\ud800",
        lambda code: f"{code[:-1]}1",
        lambda code: f" {code}",
        lambda code: "",
        lambda code: "A" * 100_000,
    ],
    ids=["lower case", "nine", "seven", "NUL", "NUL behind", "wide letter", "half a pair", "not in the alphabet", "space", "empty", "long"],
)
def test_an_odd_code_leads_to_nobodys_links_with_as_many_statements_as_a_true_one(odd, acme, django_assert_num_queries):
    with django_assert_num_queries(1):
        found = links.tenant_of(odd(acme.code))
    with django_assert_num_queries(1):
        links.tenant_of(acme.code)

    assert found != acme
    with tenant_scope(found):
        assert links.find(found, "x" * 43) is None


def test_a_token_is_found_in_its_own_company_alone(ready, globex):
    link, token = make_link(job=ready, now=timezone.now())

    with tenant_scope(ready.tenant):
        own, odd = links.find(ready.tenant, token), links.find(ready.tenant, f"{token}\0")
    with tenant_scope(globex):
        foreign = links.find(globex, token)

    assert (own, odd, foreign) == (link, None, None)
