"""docs/examples/fanfold.py as an outside caller: its own process, a real web process, a real worker, the pretend AWS."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reports.models import SnapshotFile, SnapshotJob
from tenants.scope import tenant_scope
from tests.factories import make_api_key, make_schedule
from tests.portal.web_process import Web, running_web
from tests.pretend_aws import ROOT
from tests.reports.engine.worker import environment_of, running_worker

pytestmark = pytest.mark.django_db(transaction=True)
CLIENT = ROOT / "docs" / "examples" / "fanfold.py"
SCOPES = ("jobs:write", "schedules:read")


@pytest.fixture
def served(aws, account, acme, daily_calls, database_env, tmp_path) -> Iterator[Web]:
    environment = environment_of(database_env, aws.environment)
    with running_worker(environment, tmp_path / "worker"), running_web(environment, tmp_path) as web:
        yield web


def call(web: Web, key: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "REPORTS_URL": f"http://127.0.0.1:{web.port}", "REPORTS_KEY": key}
    return subprocess.run([sys.executable, CLIENT, *arguments], env=environment, capture_output=True, text=True, check=False)


def test_it_runs_a_report_and_saves_its_files_lists_what_was_run_and_what_runs_by_itself(served, acme, globex, daily_calls, tmp_path):
    key = make_api_key(tenant=acme, scopes=SCOPES)[1]
    make_schedule(tenant=acme, report=daily_calls, slug="weekday-morning")
    make_schedule(tenant=globex, report=daily_calls, slug="of-another-company")
    saved = tmp_path / "saved"

    offered = call(served, key, "reports")
    run = call(served, key, "run", "daily-calls", "--format", "PDF", "--format", "EXCEL", "--save", str(saved), "--once", "order-4711")
    again = call(served, key, "run", "daily-calls", "--format", "PDF", "--format", "EXCEL", "--save", str(saved), "--once", "order-4711")
    listed = call(served, key, "jobs", "--status", "completed")
    planned = call(served, key, "schedules")

    assert (offered.returncode, offered.stdout) == (0, "daily-calls\tPDF,CSV,EXCEL\tDaily Calls\n"), offered.stderr
    assert run.returncode == again.returncode == 0, run.stderr
    files = [Path(line) for line in run.stdout.splitlines()]
    with tenant_scope(acme):
        (job,) = SnapshotJob.objects.for_tenant(acme)
        hashes = {bytes(file.sha256) for file in SnapshotFile.objects.for_tenant(acme).filter(job=job)}
    assert {hashlib.sha256(file.read_bytes()).digest() for file in files} == hashes
    assert len(files) == len(list(saved.iterdir())) == 2
    assert listed.stdout.split("\t")[:3] == [str(job.pk), "completed", "daily-calls"]
    assert planned.stdout.split("\t")[1:3] == ["weekday-morning", "30 7 * * 1-5"]
    assert "of-another-company" not in planned.stdout


def test_it_says_in_words_what_was_refused(served, acme, daily_calls):
    key = make_api_key(tenant=acme, scopes=("jobs:read",))[1]

    refused = call(served, key, "run", "daily-calls")
    unknown = call(served, "fan_nobody", "reports")

    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("missing_scope: ")
    assert (unknown.returncode, unknown.stderr.split(":")[0]) == (2, "invalid_key")
