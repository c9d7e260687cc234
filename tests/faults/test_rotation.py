"""Keys are changed while work goes on: the signing key, the encryption key and an API key, one after the other. Nothing fails."""

from __future__ import annotations

import base64
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from allauth.mfa.models import Authenticator
from django.utils import timezone

from portal.second_step_secrets import place
from reports.models import SnapshotJob
from tenants import encryption, keys
from tenants.audit import Actor
from tenants.scope import tenant_scope
from tests.faults.outcome import assert_delivered, assert_exactly_once, use_slots
from tests.faults.web import session_of
from tests.reports.engine.worker import ROOT, environment_of, running_worker, wait_for

pytestmark = pytest.mark.django_db(transaction=True)
SLOTS = 3
OLD_KEY, NEW_KEY = (base64.b64encode(bytes([number]) * 32).decode() for number in (5, 6))
SECOND_STEP = "JBSWY3DPEHPK3PXP"
NEW_SECRET = "a new signing key, long enough to be one: 0123456789"


@dataclass
class Client:
    """Asks for a report a few times a second and looks at one, with whatever key is in `secret`, until told to stop."""

    address: str
    secret: str
    made: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    ends: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        body = {"dashboardId": "daily-calls", "sheetId": "sheet-1", "format": "PDF"}
        while not self.ends.wait(0.4):
            try:
                answer = requests.post(
                    f"{self.address}/qs-anonymous-snapshot",
                    json=body,
                    headers={"x-api-key": self.secret},
                    timeout=60,
                    allow_redirects=False,
                )
            except requests.RequestException as error:
                self.refused.append(repr(error))
                continue
            if answer.status_code >= 300:
                self.refused.append(f"{answer.status_code} {answer.text}")
            else:
                self.made.append(answer.text)


@contextmanager
def web_on(listener: socket.socket, environment: dict[str, str], state: Path) -> Iterator[None]:
    """A web process at a socket that outlives it: who calls between two processes waits in the socket's queue, as behind a proxy."""
    port = listener.getsockname()[1]
    options = {"config": "python:portal.gunicorn", "bind": f"fd://{listener.fileno()}", "workers": 1}
    with (state / "web.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *(f"--{name}={value}" for name, value in options.items())],
            cwd=ROOT,
            env=environment | {"PORTAL_STATE_DIR": str(state)},
            pass_fds=[listener.fileno()],
            stdout=log,
            stderr=log,
        )
    try:
        wait_for(lambda: requests.get(f"http://127.0.0.1:{port}/healthz", timeout=60).status_code == 200, 30, "the web process answers")
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


def test_all_keys_are_changed_while_jobs_run(aws, account, acme, olga, daily_calls, database_env, tmp_path: Path, settings):
    use_slots(account, aws, SLOTS)
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    settings.PORTAL_ENCRYPTION_KEYS = [OLD_KEY]
    _give_a_second_step(olga)
    with tenant_scope(acme):
        wanted = keys.Wanted("integration", ("jobs:write",))
        first = keys.create(acme, olga, Actor(olga.email, user_id=olga.pk), wanted, now=timezone.now())
    session = session_of(olga)
    before = environment_of(database_env, aws.environment) | {"PORTAL_ENCRYPTION_KEYS": OLD_KEY}
    after = before | {
        "SECRET_KEY": NEW_SECRET,
        "SECRET_KEY_FALLBACKS": before["SECRET_KEY"],
        "PORTAL_ENCRYPTION_KEYS": f"{NEW_KEY},{OLD_KEY}",
    }

    with socket.create_server(("127.0.0.1", 0), backlog=200) as listener, ExitStack() as old:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        old.enter_context(running_worker(before, tmp_path / "one"))
        old.enter_context(web_on(listener, before, tmp_path / "one"))
        client = Client(address, first.secret)
        asking = threading.Thread(target=client.run)
        asking.start()
        wait_for(lambda: len(client.made) >= 4, 60, "jobs are made")

        # The old worker and the old web process end while the new ones are there: as a deployment replaces them.
        with running_worker(after, tmp_path / "two"), web_on(listener, after, tmp_path / "two"):
            old.close()
            subprocess.run([sys.executable, "manage.py", "reencrypt"], cwd=ROOT, env=after, check=True, capture_output=True)
            with tenant_scope(acme):
                second = keys.rotate(first.key, olga, Actor(olga.email, user_id=olga.pk), now=timezone.now())
            both = [_status(address, secret) for secret in (first.secret, second.secret)]
            client.secret = second.secret
            made = len(client.made)
            wait_for(lambda: len(client.made) >= made + 4, 60, "jobs are made with the new key")
            cookies = {settings.SESSION_COOKIE_NAME: session}
            home = requests.get(f"{address}/t/acme/", cookies=cookies, timeout=60, allow_redirects=False)
            client.ends.set()
            asking.join()
            wait_for(lambda: all(job.has_ended for job in _jobs(acme)), 120, "all jobs ended")

    assert client.refused == []
    assert both == [200, 200]
    assert home.status_code == 200
    settings.PORTAL_ENCRYPTION_KEYS = [NEW_KEY]
    assert encryption.decrypt(Authenticator.objects.get(user=olga).data["secret"], place(olga.pk)) == SECOND_STEP
    assert_exactly_once(aws, account, _jobs(acme), slots=SLOTS)
    assert_delivered(_jobs(acme))


def _give_a_second_step(person) -> None:
    secret = encryption.encrypt(SECOND_STEP, place(person.pk))
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": secret})


def _status(address: str, secret: str) -> int:
    return requests.get(f"{address}/qs-anonymous-snapshot?dashboardId=daily-calls", headers={"x-api-key": secret}, timeout=60).status_code


def _jobs(tenant) -> list[SnapshotJob]:
    with tenant_scope(tenant):
        return list(SnapshotJob.objects.filter(tenant=tenant).order_by("created_at"))
