"""Row 10. Credentials that run out in the middle of work: read afresh once; while they are refused the account is paused, and few ask."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from portal.local.aws.options import ACCESS_KEY, SECRET_KEY
from reports.models import Account
from tenants.scope import engine_scope
from tests.faults.outcome import assert_delivered, assert_exactly_once, use_slots
from tests.reports.engine import steps
from tests.reports.engine.worker import environment_of, running_worker, wait_for

pytestmark = pytest.mark.django_db(transaction=True)
SLOTS = 3
HOUR = 3600


@pytest.fixture
def keys(tmp_path: Path):
    """A file of credentials as a rotation writes it: in one move."""
    file = tmp_path / "credentials"

    def write(access_key: str, secret_key: str, token: str = "") -> Path:
        text = f"[default]\naws_access_key_id = {access_key}\naws_secret_access_key = {secret_key}\n"
        file.with_suffix(".new").write_text(text + (f"aws_session_token = {token}\n" if token else ""))
        file.with_suffix(".new").rename(file)
        return file

    return write


def short_lived(aws) -> tuple[str, str, str]:
    role = {"RoleArn": "arn:aws:iam::111122223333:role/fanfold", "RoleSessionName": "fault", "DurationSeconds": HOUR}
    given = aws.client("sts").assume_role(**role)["Credentials"]
    return given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]


def environment(aws, database_env: dict[str, str], file: Path) -> dict[str, str]:
    names = {name: value for name, value in aws.environment.items() if name not in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    all_of_it = environment_of(database_env, names) | {"AWS_SHARED_CREDENTIALS_FILE": str(file)}
    return {name: value for name, value in all_of_it.items() if name not in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}


def account_now(account) -> Account:
    with engine_scope():
        return Account.objects.get(pk=account.pk)


def test_credentials_that_run_out_pause_the_account_and_fresh_ones_let_every_job_go_on(
    aws, account, acme, daily_calls, database_env, keys, tmp_path: Path
):
    use_slots(account, aws, SLOTS)
    aws.control.stuck_jobs(times=2)
    running = [steps.submit(acme) for _ in range(2)]

    with running_worker(environment(aws, database_env, keys(*short_lived(aws))), tmp_path):
        wait_for(lambda: [steps.status_of(job) for job in running] == ["running"] * 2, 30, "two jobs run")
        aws.control.advance_clock(2 * HOUR)
        wait_for(lambda: account_now(account).refused_since, 30, "the account is paused")
        waiting = [steps.submit(acme) for _ in range(2)]
        wait_for(lambda: {steps.now_of(job).waiting for job in running} >= {"no_access"}, 20, "a job says why it waits")
        paused = account_now(account)
        while_paused = [steps.status_of(job) for job in (*running, *waiting)]
        keys(ACCESS_KEY, SECRET_KEY)
        for job in running:
            aws.control.finish(str(steps.attempts_of(job)[0].pk))
        probe_now(account)
        wait_for(lambda: all(steps.now_of(job).has_ended for job in (*running, *waiting)), 40, "all jobs ended")

    log = [json.loads(line) for line in (tmp_path / "worker.log").read_text().splitlines()]
    alerts = [line["message"].partition(":")[0] for line in log if line["logger"] == "reports.alerts"]
    assert paused.refused_code == "ExpiredTokenException"
    assert while_paused == ["running"] * 2 + ["queued"] * 2
    assert alerts == ["account_refused"]
    assert account_now(account).refused_since is None
    assert_exactly_once(aws, account, [*running, *waiting], slots=SLOTS)
    assert_delivered([*running, *waiting])


def test_credentials_that_were_rotated_in_time_cost_nobody_anything(aws, account, acme, daily_calls, database_env, keys, tmp_path: Path):
    use_slots(account, aws, SLOTS)
    aws.control.stuck_jobs()
    job = steps.submit(acme)

    with running_worker(environment(aws, database_env, keys(*short_lived(aws))), tmp_path):
        wait_for(lambda: steps.status_of(job) == "running", 30, "the job runs")
        keys(ACCESS_KEY, SECRET_KEY)
        aws.control.advance_clock(2 * HOUR)
        aws.control.finish(str(steps.attempts_of(job)[0].pk))
        wait_for(lambda: steps.now_of(job).has_ended, 30, "the job ended")

    assert "account_refused" not in (tmp_path / "worker.log").read_text()
    assert steps.events_of(job, "no_access") == []
    assert_exactly_once(aws, account, [job], slots=SLOTS)
    assert_delivered([job])


def probe_now(account) -> None:
    """As if the half minute until the next probe had gone by."""
    with engine_scope():
        Account.objects.filter(pk=account.pk).update(probe_at=None)
