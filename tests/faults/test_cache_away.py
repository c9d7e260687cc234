"""Row 21. The cache loses what it has, or is away, beneath real web processes and a real worker: what is limited stays limited."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Any

import pytest
import requests

from portal import sign_in_limits
from reports.models import SnapshotJob
from tenants import roles
from tenants.scope import tenant_scope
from tests.factories import PASSWORD, make_api_key
from tests.faults.outcome import assert_delivered, assert_exactly_once, use_slots
from tests.faults.web import Web, running_web, session_of
from tests.redis_server import needs_redis, redis_server
from tests.reports.engine import steps
from tests.reports.engine.worker import environment_of, running_worker, wait_for

__all__ = ["redis_server"]
pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
LOGIN = "/accounts/login/"
JOB = {"report": "daily-calls", "formats": ["CSV"], "visuals": ["table-1"]}
WANTED = {"formats": ["PDF"], "parameter-0": ["North"], "parameter-1": "2026-11-22", "parameter-2": "15"}
SLOTS, JOBS = 3, 4
# What an account's owner may try from one address.
TRIES = sign_in_limits.ACCOUNT_HERE.most


def send_form(browser: requests.Session, page: str, files: Any = None, **fields: object) -> requests.Response:
    token = TOKEN.search(browser.get(page, timeout=60).text)
    assert token, page
    return browser.post(page, data=fields | {"csrfmiddlewaretoken": token[1]}, files=files, timeout=60, allow_redirects=False)


def sign_in(web: Web, person, password: str = PASSWORD) -> tuple[int, bool]:
    """The answer, and whether it let us in."""
    browser = requests.Session()
    answer = send_form(browser, web.address + LOGIN, login=person.email, password=password)
    return answer.status_code, browser.get(f"{web.address}/choose/", timeout=60, allow_redirects=False).status_code == 200


def ask(web: Web, key: str, method: str = "GET", path: str = "me/", *, once: str = "", **options: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {key}"} | ({"Idempotency-Key": once} if once else {})
    return requests.request(method, f"{web.address}/api/v1/{path}", headers=headers, timeout=60, **options)


def create(web: Web, key: str, name: str) -> requests.Response:
    return ask(web, key, "POST", "jobs/", once=name, json=JOB)


def press_run(web: Web, tenant) -> int:
    """The form of a page, by somebody who signed in before."""
    page = f"{web.address}/t/{tenant.slug}/reports/daily-calls/run/"
    browser = requests.Session()
    browser.cookies.set("session", web.session)
    return send_form(browser, page, **WANTED, form_key=str(uuid.uuid4())).status_code


@needs_redis
def test_row_21_while_redis_is_away_nobody_gets_in_unlimited_and_afterwards_all_goes_on(
    redis_server, aws, account, acme, adam, daily_calls, database_env, tmp_path: Path
):
    use_slots(account, aws, SLOTS)
    environment = environment_of(database_env, aws.environment) | redis_server.environment
    key, session = make_api_key(tenant=acme)[1], session_of(adam)
    made = [steps.submit(acme) for _ in range(JOBS)]

    with running_web(environment, tmp_path) as web, running_worker(environment, tmp_path / "worker"):
        web.session = session
        before = sign_in(web, adam)
        wait_for(lambda: any(steps.now_of(job).has_ended for job in made), 60, "work goes on")
        redis_server.stop()
        away = {
            "right": sign_in(web, adam),
            "wrong": {sign_in(web, adam, f"guess {number}") for number in range(TRIES + 1)},
            "page": web.status("/t/acme/"),
            "read": ask(web, key).status_code,
            "create": create(web, key, "order-1").status_code,
            "run": press_run(web, acme),
        }
        redis_server.start()
        created = create(web, key, "order-1")
        wait_for(lambda: sign_in(web, adam) == (302, True), 30, "people sign in")
        made = all_jobs(acme)
        wait_for(lambda: all(steps.now_of(job).has_ended for job in made), 90, "all jobs ended")

    assert before == (302, True)
    assert away == {"right": (503, False), "wrong": {(503, False)}, "page": 200, "read": 200, "create": 503, "run": 303}
    assert created.status_code == 201
    assert len(made) == JOBS + 2
    assert_exactly_once(aws, account, made, slots=SLOTS)
    assert_delivered(made)


def all_jobs(tenant) -> list[SnapshotJob]:
    with tenant_scope(tenant):
        return list(SnapshotJob.objects.for_tenant(tenant).order_by("created_at"))


def guess(web: Web, person) -> list[int]:
    """Wrong passwords, until one is refused; and the right one then."""
    answers = [sign_in(web, person, f"guess {number}")[0] for number in range(TRIES + 1)]
    return [*answers, sign_in(web, person)[0]]


@pytest.mark.parametrize("kind", ["table", pytest.param("redis", marks=needs_redis)])
def test_row_21_a_cache_that_forgot_everything_counts_again_from_the_first_try(kind, request, adam, database_env, login, tmp_path: Path):
    redis = request.getfixturevalue("redis_server") if kind == "redis" else None
    environment = database_env | ({"CACHE_URL": redis.environment["CACHE_URL"]} if redis else {})

    with running_web(environment, tmp_path) as web:
        first = guess(web, adam)
        redis.wipe() if redis else login(roles.OWNER).execute("truncate portal_cache")
        again = guess(web, adam)

    assert first == again == [200] * TRIES + [429, 429]


def test_row_21_a_cache_table_that_answers_nobody_lets_nobody_in(acme, adam, database_env, login, tmp_path: Path):
    session, key = session_of(adam), make_api_key(tenant=acme)[1]
    owner = login(roles.OWNER)

    with running_web(database_env, tmp_path) as web:
        web.session = session
        with owner.transaction():
            owner.execute("lock table portal_cache in access exclusive mode")
            away = sign_in(web, adam), web.status("/t/acme/"), create(web, key, "order-1").status_code
        back = sign_in(web, adam)

    assert away == ((503, False), 200, 503)
    assert back == (302, True)
