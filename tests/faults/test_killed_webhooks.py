"""A worker that is killed while it tells a company's program: the next one tells it, under the same id, and the receiver can see it."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests import factories
from tests.faults import killing
from tests.reports.engine.worker import environment_of, running_worker, wait_for
from tests.reports.webhooks import steps
from tests.webhook import Receiver

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("step", "arrivals"), [("webhook prepared", 1), ("webhook posted", 2)])
def test_a_worker_killed_around_a_call_costs_no_message_and_the_id_stays(step, arrivals, aws, acme, database_env, tmp_path: Path):
    with Receiver() as receiver:
        factories.make_webhook(tenant=acme, url=receiver.url)
        event = steps.happen(acme)
        environment = environment_of(database_env, aws.environment) | {"PORTAL_OUTBOUND_ALLOW": f"127.0.0.1:{receiver.port}"}
        marks = tmp_path / "marks"
        marks.mkdir()
        trap = {"DJANGO_SETTINGS_MODULE": "tests.faults.settings", killing.STEP: step, killing.MARKS: str(marks)}

        with running_worker(environment | trap, tmp_path) as killed:
            killed.wait(timeout=60)
        (left_behind,) = steps.deliveries(acme)
        steps.let_pass(acme, minutes=2)
        with running_worker(environment, tmp_path):
            wait_for(lambda: steps.deliveries(acme)[0].status == "succeeded", 60, "the message is taken")

    assert (killed.returncode, killing.sprung(marks)) == (-signal.SIGKILL, {step})
    assert (left_behind.status, left_behind.tries) == ("pending", 1)
    assert [got.headers["webhook-id"] for got in receiver.received] == [str(event.pk)] * arrivals
    assert len(steps.log(acme)) == 1
