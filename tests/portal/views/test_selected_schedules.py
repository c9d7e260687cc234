from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from reports import undoing
from reports.destinations import removing
from reports.models import AudienceDestination, Schedule, Undo
from tenants.audit import Actor
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests.factories import make_audience, make_destination, make_member, make_schedule, make_template
from tests.portal.views.undo import press_undo, toast_of
from tests.recently import sign_in

pytestmark = pytest.mark.django_db
LIST, PEOPLE = "/t/acme/schedules/", "/t/acme/recipients/"


@pytest.fixture
def three(acme, daily_calls):
    return [make_schedule(tenant=acme, report=daily_calls, slug=f"s{n}", name=f"Pack {n}") for n in range(3)]


def post(browser, verb, rows, **more):
    return browser.post(f"{LIST}selected/{verb}/", {"id": [str(row.pk) for row in rows]} | more, follow=True)


def again(row):
    with tenant_scope(row.tenant_id):
        return type(row).objects.get(pk=row.pk)


def trail(tenant):
    with tenant_scope(tenant):
        return sorted(AuditEvent.objects.values_list("action", flat=True))


def test_several_are_paused_and_undo_puts_them_back(as_adam, three, acme):
    paused = post(as_adam, "pause", three)

    assert toast_of(paused)[2] == "3 schedules paused."
    assert [again(one).enabled for one in three] == [False] * 3

    told = press_undo(as_adam, paused)

    assert "Undone: 3 schedules are on again." in told.content.decode()
    assert [(again(one).enabled, again(one).paused_at, again(one).paused_by) for one in three] == [(True, None, "")] * 3
    assert trail(acme) == ["schedule.pause_undone"] * 3 + ["schedule.paused"] * 3


def test_what_was_done_and_why_some_could_not_be_is_told_in_the_readers_language(as_adam, three):
    as_adam.post("/language/", {"language": "de"})
    post(as_adam, "pause", three[:1])

    paused = post(as_adam, "pause", three)
    told = press_undo(as_adam, paused).content.decode()

    assert toast_of(paused)[2] == "2 Zeitpläne pausiert, 1 nicht möglich: schon pausiert."
    assert "Rückgängig gemacht: 2 Zeitpläne sind wieder aktiv." in told


def test_several_are_resumed_and_undo_pauses_them_again(as_adam, three):
    post(as_adam, "pause", three)

    resumed = post(as_adam, "resume", three)
    assert [again(one).enabled for one in three] == [True] * 3
    press_undo(as_adam, resumed)

    assert [again(one).enabled for one in three] == [False] * 3


def test_several_are_removed_and_undo_brings_them_back(as_adam, three):
    removed = post(as_adam, "remove", three[:2])
    assert "Pack 0" not in as_adam.get(LIST).content.decode()

    press_undo(as_adam, removed)

    assert [again(one).retired_at for one in three] == [None] * 3


def test_one_that_was_removed_comes_back(as_adam, three):
    removed = as_adam.post(f"{LIST}{three[0].pk}/remove/", follow=True)

    told = press_undo(as_adam, removed)

    assert "Undone: 1 schedule is back." in told.content.decode()
    assert again(three[0]).retired_at is None


@pytest.mark.parametrize("verb", ["one", "several"])
def test_undo_of_a_removed_one_says_which_destination_was_deleted_meanwhile(as_adam, three, acme, verb):
    kept, gone = make_destination(tenant=acme, name="Head office"), make_destination(tenant=acme, name="Old server")
    audience = make_audience(schedule=three[0])
    with tenant_scope(acme):
        for destination in (kept, gone):
            AudienceDestination.objects.create(tenant=acme, audience=audience, destination=destination)
    removed = post(as_adam, "remove", three[:2]) if verb == "several" else as_adam.post(f"{LIST}{three[0].pk}/remove/", follow=True)
    with tenant_scope(acme):
        removing.remove(gone, Actor("somebody else"), now=timezone.now())

    told = press_undo(as_adam, removed).content.decode()

    assert "back. A destination was deleted meanwhile, and nothing is sent there any more: Old server." in told
    assert "Head office" not in told
    with tenant_scope(acme):
        assert list(audience.destinations.all()) == [kept]
    assert again(three[0]).retired_at is None


def test_undo_leaves_what_somebody_changed_since(as_adam, three):
    paused = post(as_adam, "pause", three)
    post(as_adam, "resume", three[:1])
    post(as_adam, "pause", three[:1])

    told = press_undo(as_adam, paused).content.decode()

    assert "Undone: 2 schedules are on again, 1 could not be: changed since." in told
    assert "Pack 0: changed since" in told
    assert [again(one).enabled for one in three] == [False, True, True]


def test_undo_of_a_resumed_one_leaves_what_was_edited_since(as_adam, three):
    post(as_adam, "pause", three[:1])
    resumed = post(as_adam, "resume", three[:1])
    with tenant_scope(three[0].tenant_id):
        Schedule.objects.filter(pk=three[0].pk).update(cron="0 6 * * *")

    press_undo(as_adam, resumed)

    assert again(three[0]).enabled


def test_undo_is_good_once(as_adam, three):
    paused = post(as_adam, "pause", three)
    press_undo(as_adam, paused)
    post(as_adam, "pause", three)

    told = press_undo(as_adam, paused)

    assert "can no longer be undone" in told.content.decode()
    assert not again(three[0]).enabled


def test_undo_is_nobody_elses(as_adam, three, acme):
    paused = post(as_adam, "pause", three)
    another = sign_in(Client(), make_member(tenant=acme, role="owner"))

    told = press_undo(another, paused)

    assert "can no longer be undone" in told.content.decode()
    assert not again(three[0]).enabled


def test_undo_is_of_no_other_company(as_adam, adam, three, globex):
    make_member(tenant=globex, role="owner", user=adam)
    paused = post(as_adam, "pause", three)

    told = as_adam.post("/t/globex/schedules/undo/", {"token": toast_of(paused)[1]}, follow=True)

    assert "can no longer be undone" in told.content.decode()
    assert not again(three[0]).enabled


def test_undo_lasts_ten_minutes(as_adam, three, acme):
    paused = post(as_adam, "pause", three)
    with tenant_scope(acme):
        Undo.objects.update(created_at=timezone.now() - timedelta(minutes=10, seconds=1))

    press_undo(as_adam, paused)

    assert not again(three[0]).enabled


@pytest.mark.parametrize(
    "token",
    ["", "x", "\0", signing.dumps(["a"], salt=undoing.SALT), signing.dumps([uuid.uuid4().hex, "", 1])],
    ids=["empty", "letter", "nul", "other list", "other salt"],
)
def test_a_token_that_is_none_undoes_nothing(as_adam, three, token):
    answer = as_adam.post(f"{LIST}undo/", {"token": token}, follow=True)

    assert "can no longer be undone" in answer.content.decode()


def test_a_viewer_sees_no_boxes_and_may_do_nothing(as_alice, three):
    assert 'form="selected"' not in as_alice.get(LIST).content.decode()
    for verb in ("pause", "resume", "remove"):
        assert as_alice.post(f"{LIST}selected/{verb}/", {"id": str(three[0].pk)}).status_code == 403
    assert again(three[0]).enabled


def test_what_another_company_has_is_not_found_and_not_touched(as_adam, three, globex):
    theirs = make_schedule(tenant=globex)

    told = post(as_adam, "pause", [three[0], theirs]).content.decode()
    unknown = as_adam.post(f"{LIST}selected/pause/", {"id": [str(three[1].pk), str(uuid.uuid4())]}, follow=True).content.decode()

    assert again(theirs).enabled
    for shown in (told, unknown):
        assert "1 schedule paused, 1 could not be: not found." in shown


@pytest.mark.parametrize(("ids", "told"), [([], "Nothing was selected."), ([uuid.uuid4() for _ in range(101)], "At most 100 rows")])
def test_too_few_and_too_many_are_refused(as_adam, three, ids, told):
    assert told in as_adam.post(f"{LIST}selected/pause/", {"id": ids}, follow=True).content.decode()


def test_a_schedule_of_the_platform_stays(as_adam, three, acme, daily_calls, ines):
    template = make_template(staff=ines, report=daily_calls)
    with tenant_scope(acme):
        Schedule.objects.filter(pk=three[0].pk).update(template=template)

    told = post(as_adam, "remove", three[:1]).content.decode()

    assert "0 schedules removed, 1 could not be: set up by the platform, which removes it." in told
    assert again(three[0]).retired_at is None


@pytest.mark.parametrize("verb", ["pause", "remove"])
def test_fifty_take_as_many_statements_as_one(as_adam, acme, daily_calls, django_assert_max_num_queries, verb):
    many = [make_schedule(tenant=acme, report=daily_calls, slug=f"m{n}") for n in range(50)]

    with django_assert_max_num_queries(20):
        as_adam.post(f"{LIST}selected/{verb}/", {"id": [str(one.pk) for one in many]})

    assert {verb == "pause" or bool(again(one).retired_at) for one in many} == {True}


def test_a_program_that_acts_is_not_offered_undo(acme):
    with tenant_scope(acme):
        assert undoing.remember(acme, Actor("a key"), Undo.Act.SCHEDULES_PAUSED, [{"id": "1"}], timezone.now()) == ""
        assert not Undo.objects.exists()
