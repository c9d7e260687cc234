"""Clients of the older API, written from its description alone, against a running server: another process that shares nothing with us."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from django.conf import settings

from reports.models import Download
from tenants.scope import tenant_scope
from tests.factories import make_api_key, make_grant, make_report
from tests.reports.engine import steps

pytestmark = pytest.mark.django_db(transaction=True)

# Polls without a pause, sends its content type with every call, reads members without looking at any status.
OLDER_SCRIPT = """
import json, sys, urllib.request

base_url, key, dashboard_id, sheet_id, output_format, *visuals = sys.argv[1:]
headers = {"x-api-key": key, "Content-Type": "application/json"}

def call(method, address, body=None):
    request = urllib.request.Request(address, body and json.dumps(body).encode(), headers, method=method)
    return json.loads(urllib.request.urlopen(request).read())

payload = {"dashboardId": dashboard_id, "sheetId": sheet_id, "format": output_format, "parameters": None,
           "bucketConfiguration": {"BucketPrefix": "snapshots/" + dashboard_id}}
if visuals:
    payload["visualId"] = visuals
job = call("POST", base_url, payload)["SnapshotJobId"]
while True:
    status = call("GET", f"{base_url}/describe_job/{dashboard_id}/{job}")["JobStatus"]
    if status == "COMPLETED":
        break
    if status == "FAILED":
        sys.exit("failed")
url = call("GET", f"{base_url}/download_output/{dashboard_id}/{job}")["presignedUrl"]
items = call("GET", f"{base_url}?dashboardId={dashboard_id}")["Items"]
assert [item["jobStatus"] for item in items if item["jobId"] == job] == ["COMPLETED"], items
sys.stdout.buffer.write(urllib.request.urlopen(url).read())
"""


def documented_client() -> str:
    page = (settings.BASE_DIR / "docs" / "integrations.md").read_text()
    [code] = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    return code


@pytest.fixture
def daily_calls(account, acme):
    """The dashboard that the pretend AWS knows."""
    report = make_report(slug="daily-calls", account=account)
    make_grant(tenant=acme, report=report)
    return report


def run_while_the_engine_works(account, path: Path, *arguments: str) -> tuple[int, bytes, str]:
    with subprocess.Popen([sys.executable, path, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as client:
        for _ in range(600):
            if client.poll() is not None:
                break
            steps.turn(account)
            time.sleep(0.05)
        else:
            client.kill()
        out, error = client.communicate()
    return client.returncode, out, error.decode()


@pytest.mark.parametrize("script", [OLDER_SCRIPT, documented_client()], ids=["polls without a pause", "of the documentation"])
@pytest.mark.parametrize(
    ("file", "begins"),
    [(("PDF",), b"%PDF-"), (("CSV", "table-1"), b""), (("XLS", "table-1", "pivot-1"), b"PK\x03\x04")],
    ids=["pdf", "csv", "excel"],
)
def test_an_older_client_gets_its_file(live_server, aws, account, acme, daily_calls, tmp_path, script, file, begins):
    path = tmp_path / "client.py"
    path.write_text(script)
    key = make_api_key(tenant=acme)[1]

    code, out, error = run_while_the_engine_works(
        account, path, f"{live_server.url}/Prod/qs-anonymous-snapshot", key, "daily-calls", "sheet-1", *file
    )

    assert (code, error) == (0, "")
    assert out.startswith(begins)
    assert out
    assert begins or b"," in out.splitlines()[0]
    with tenant_scope(acme):
        assert Download.objects.count() == 1


def test_an_older_client_learns_of_a_failure(live_server, aws, account, acme, daily_calls, tmp_path):
    aws.control.fail_jobs(error_type="DASHBOARD_ACCESS_DENIED")
    path = tmp_path / "client.py"
    path.write_text(documented_client())
    key = make_api_key(tenant=acme)[1]

    code, out, error = run_while_the_engine_works(
        account, path, f"{live_server.url}/qs-anonymous-snapshot", key, "daily-calls", "sheet-1", "PDF"
    )

    assert (code, out) == (1, b"")
    assert error.startswith("failed: QuickSight")


def test_a_body_that_is_far_too_large_is_answered_over_a_real_connection(live_server, acme):
    answer = requests.post(
        f"{live_server.url}/qs-anonymous-snapshot", data=b" " * 5_000_000, headers={"x-api-key": make_api_key(tenant=acme)[1]}
    )

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
