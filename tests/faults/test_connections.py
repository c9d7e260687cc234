"""Row 4. Connections to the database that are reset, refused, swallowed, slow: at most one failed request each, and nobody has to help."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from reports import tasks
from tenants import roles
from tests.faults import proxy
from tests.faults.outcome import assert_delivered, assert_exactly_once, use_slots
from tests.faults.proxy import Proxy
from tests.faults.web import THREADS, Web, running_web, session_of
from tests.reports.engine import steps
from tests.reports.engine.worker import environment_of, running_worker, wait_for

pytestmark = pytest.mark.django_db(transaction=True)
HOME = "/t/acme/"
SLOTS = 3


@pytest.fixture
def network(database_env) -> Iterator[Proxy]:
    parts = urlsplit(database_env[roles.URL_VARIABLES[roles.WEB]])
    if not parts.query:
        pytest.skip("the tests' own PostgreSQL is not the embedded one, whose socket this proxy stands before")
    given = parse_qs(parts.query)
    with Proxy(f"{given['host'][0]}/.s.PGSQL.{given['port'][0]}") as between:
        yield between


@pytest.fixture
def environment(network, aws, database_env) -> dict[str, str]:
    """Web and worker reach the database through the proxy, the test itself does not."""
    name = urlsplit(database_env[roles.URL_VARIABLES[roles.WEB]]).path
    urls = {variable: f"postgresql://{login}@127.0.0.1:{network.port}{name}" for login, variable in roles.URL_VARIABLES.items()}
    return environment_of(database_env | urls, aws.environment)


@pytest.fixture
def web(environment, adam, daily_calls, tmp_path: Path) -> Iterator[Web]:
    tasks.beat(tasks.ENGINE)
    with running_web(environment, tmp_path) as web:
        web.session = session_of(adam)
        for _ in range(2 * THREADS):
            assert web.status(HOME) == 200
        yield web


class TestAWebProcess:
    def test_loses_at_most_one_request_for_each_connection_that_is_reset(self, web, network):
        had = network.connections

        network.reset()
        answers = [web.status(HOME) for _ in range(4 * THREADS)]

        assert had >= 1
        assert len([answer for answer in answers if answer != 200]) <= had
        assert answers[-THREADS:] == [200] * THREADS
        assert web.status("/readyz") == 200

    def test_says_that_it_is_not_ready_while_connections_are_refused_and_recovers(self, web, network):
        network.refuse()
        away = [web.status("/readyz"), web.status(HOME), web.status("/healthz")]
        network.listen()
        back = [web.status("/readyz"), web.status(HOME), web.status(HOME)]

        assert away == [503, 503, 200]
        assert back == [200, 200, 200]

    def test_is_not_called_ready_by_a_server_that_takes_everything_and_says_nothing(self, web, network):
        network.mode = proxy.SWALLOW
        silent = web.status("/readyz", timeout=2)
        network.mode = proxy.PASS
        network.reset()

        assert silent != 200
        wait_for(lambda: web.status("/readyz", timeout=2) == 200, 10, "it is ready again")
        assert web.status(HOME) == 200

    def test_gives_up_on_a_new_connection_that_gets_no_word_within_seconds(self, web, network):
        network.reset()
        network.mode = proxy.SWALLOW
        answer = web.status("/readyz", timeout=25)
        network.mode = proxy.PASS

        assert answer == 503
        assert web.status("/readyz") == 200

    def test_serves_on_a_slow_line(self, web, network):
        network.mode = proxy.SLOW

        assert [web.status("/readyz"), web.status(HOME)] == [200, 200]


def test_a_worker_goes_on_by_itself_through_all_of_it_and_starts_no_job_twice(
    network, environment, aws, account, acme, daily_calls, tmp_path: Path
):
    use_slots(account, aws, SLOTS)
    aws.control.stuck_jobs(times=SLOTS)
    submitted = [steps.submit(acme) for _ in range(6)]

    with running_worker(environment, tmp_path):
        wait_for(lambda: len(held(submitted, "running")) == SLOTS, 30, "as many jobs run as may")
        network.reset()
        network.mode = proxy.SLOW
        release(aws, submitted)
        wait_for(lambda: len(held(submitted, "completed")) > SLOTS, 40, "jobs go on over a slow line")
        network.mode = proxy.SWALLOW
        time.sleep(2)
        network.mode = proxy.PASS
        network.refuse()
        time.sleep(2)
        network.listen()
        wait_for(lambda: len(held(submitted, "completed")) == len(submitted), 60, "all jobs completed")

    assert_exactly_once(aws, account, submitted, slots=SLOTS)
    assert_delivered(submitted)
    assert {steps.now_of(job).crashes for job in submitted} == {0}


def held(jobs, status: str) -> list:
    return [job for job in jobs if steps.status_of(job) == status]


def release(aws, jobs) -> None:
    for job in held(jobs, "running"):
        aws.control.finish(str(steps.attempts_of(job)[0].pk))
