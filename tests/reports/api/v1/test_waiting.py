"""Long-polls: answered by news, by the end of their time, or at once where nobody may wait. No test waits for real."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from reports.api.v1 import waiting
from reports.api.v1.waiting import Room, wait_for_news
from reports.models import SnapshotJob
from tenants.scope import tenant_scope
from tests.factories import make_api_key, make_grant, make_job, make_report, make_tenant
from tests.reports.api.v1.conftest import V1Client

ADDRESS = "/api/v1/jobs/"
ANYBODY = uuid.uuid4()


class Watch:
    """Time that passes only while somebody rests."""

    def __init__(self) -> None:
        self.now, self.rests = 0.0, list[float]()
        self.meanwhile: Callable[[], object] = lambda: None

    def __call__(self) -> float:
        return self.now

    def rest(self, seconds: float) -> None:
        self.meanwhile()
        self.rests.append(seconds)
        self.now += seconds


def wait(seconds: float, *seen: int, watch: Watch, room: Room | None = None) -> int:
    """Each look sees the next of `seen`, and the last one for ever; 1 is news."""
    left = list(seen)
    return wait_for_news(
        lambda: left.pop(0) if len(left) > 1 else left[0],
        lambda number: number == 1,
        seconds,
        ANYBODY,
        room=room or Room(),
        rest=watch.rest,
        clock=watch,
    )


def test_news_are_told_at_once():
    watch = Watch()

    assert wait(30, 1, watch=watch) == 1
    assert watch.rests == []


def test_the_first_look_follows_soon_and_the_others_by_the_second():
    watch = Watch()

    assert wait(30, 0, 0, 0, 1, watch=watch) == 1
    assert watch.rests == [0.5, 1.0, 1.0]


@pytest.mark.parametrize(("seconds", "waited"), [(0, 0), (1, 1), (3, 3), (25, 25), (30, 25)])
def test_without_news_the_last_look_is_told_when_the_time_is_over(seconds, waited):
    watch = Watch()

    assert wait(seconds, 0, watch=watch) == 0
    assert watch.now == waited


def test_a_process_that_is_told_to_stop_keeps_nobody():
    watch, room = Watch(), Room()
    room.is_ending = lambda: watch.now >= 1.5

    assert wait(25, 0, watch=watch, room=room) == 0
    assert watch.now == 1.5


@pytest.mark.parametrize(("most", "most_of_one"), [(3, 1), (1, 3)])
def test_who_finds_no_place_is_answered_at_once(most, most_of_one):
    room, inside, second = Room(most=most, most_of_one=most_of_one), Watch(), Watch()
    inside.meanwhile = lambda: wait(25, 0, watch=second, room=room)

    wait(1, 0, watch=inside, room=room)

    assert (inside.rests, second.rests) == ([0.5, 0.5], [])


def test_a_process_without_threads_to_spare_keeps_nobody():
    watch = Watch()

    assert wait(25, 0, watch=watch, room=Room(most=0)) == 0
    assert watch.rests == []


def test_a_callers_places_are_nobody_elses_and_are_free_again_afterwards():
    room = Room(most=2, most_of_one=1)

    with room.place(ANYBODY) as first, room.place(ANYBODY) as second, room.place(uuid.uuid4()) as others:
        assert (first, second, others) == (True, False, True)
    with pytest.raises(KeyError), room.place(ANYBODY):
        raise KeyError
    with room.place(ANYBODY) as again:
        assert again
    assert not room._waiting


@pytest.mark.django_db(transaction=True)
class TestAJob:
    @pytest.fixture(autouse=True)
    def things(self, monkeypatch):
        cache.clear()
        self.tenant, report = make_tenant(), make_report(slug="daily-calls")
        make_grant(tenant=self.tenant, report=report)
        self.job = make_job(tenant=self.tenant, report=report)
        self.client = V1Client(make_api_key(tenant=self.tenant)[1])
        self.rests: list[float] = []
        self.meanwhile: Callable[[], object] = lambda: None
        monkeypatch.setattr(waiting, "time", SimpleNamespace(sleep=self.sleep))

    def sleep(self, seconds: float) -> None:
        assert connection.connection is None
        self.rests.append(seconds)
        self.meanwhile()

    def change(self, **columns) -> None:
        """As somebody else does."""

        def work() -> None:
            with tenant_scope(self.tenant):
                SnapshotJob.objects.filter(pk=self.job.pk).update(**columns)
            connection.close()

        other = threading.Thread(target=work)
        other.start()
        other.join()

    def get(self, wait: str = "?wait=30", **headers: str):
        return self.client.get(f"{ADDRESS}{self.job.pk}/{wait}", **headers)

    def test_that_ends_meanwhile_is_told_then(self):
        self.meanwhile = lambda: self.change(status="cancelled", finished_at=timezone.now())

        answer = self.get()

        assert (answer.status_code, answer.json()["status"], self.rests) == (200, "cancelled", [0.5])

    def test_that_only_moves_on_is_news_for_one_who_has_a_version(self):
        known = self.get("")["ETag"]
        self.meanwhile = lambda: self.change(status="starting")

        answer = self.get(if_none_match=known)

        assert (answer.status_code, answer.json()["status"], len(self.rests)) == (200, "starting", 1)
        assert answer["ETag"] != known

    def test_whose_known_version_is_still_so_is_304_in_the_end(self, monkeypatch):
        monkeypatch.setattr(waiting.ROOM, "is_ending", lambda: len(self.rests) == 3)
        known = self.get("")["ETag"]

        answer = self.get(if_none_match=known)

        assert (answer.status_code, answer["ETag"]) == (304, known)
        assert len(self.rests) == 3

    @pytest.mark.parametrize("wait", ["?wait=0", ""])
    def test_is_told_at_once_to_one_who_does_not_wait(self, wait):
        assert self.get(wait).json()["status"] == "queued"
        assert self.rests == []

    def test_that_has_ended_keeps_nobody_waiting(self):
        self.change(status="cancelled", finished_at=timezone.now())
        known = self.get()["ETag"]

        assert self.get(if_none_match=known).status_code == 304
        assert self.rests == []
        assert "Retry-After" not in self.get()

    def test_that_is_hidden_meanwhile_is_gone(self):
        self.meanwhile = lambda: self.change(hidden_at=timezone.now())

        assert self.get().status_code == 404

    def test_counts_once_for_its_callers_rate(self, monkeypatch):
        monkeypatch.setattr(waiting.ROOM, "is_ending", lambda: len(self.rests) == 3)
        first = self.get()
        second = self.get("")

        left = [int(answer["RateLimit"].partition("r=")[2].partition(";")[0]) for answer in (first, second)]
        assert len(self.rests) == 3
        assert left[0] - left[1] <= 1

    def test_that_moves_says_when_to_look_again(self):
        assert self.get("")["Retry-After"] == "5"

    @pytest.mark.parametrize("wait", ["?wait=31", "?wait=-1", "?wait=x", "?wait=", "?wait=1&wait=2"])
    def test_is_waited_for_within_bounds(self, wait):
        assert self.get(wait).status_code == 400

    def test_is_told_in_part_too(self):
        self.meanwhile = lambda: self.change(status="cancelled", finished_at=timezone.now())

        assert self.get("?wait=30&fields=reference").json() == {"id": str(self.job.pk), "reference": None}
        assert len(self.rests) == 1
