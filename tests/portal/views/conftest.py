from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from django.test import Client

from reports.aws import clients
from tenants.scope import tenant_scope
from tests.factories import make_file, make_job, make_link
from tests.pretend_aws import BUCKET, Server, start_server
from tests.recently import sign_in

BODY = b"%PDF-1.7 a report"


@pytest.fixture
def as_adam(client: Client, adam) -> Client:
    """A browser in which an admin of acme is signed in."""
    sign_in(client, adam)
    return client


@pytest.fixture
def as_alice(alice) -> Client:
    """A browser in which a viewer of acme is signed in."""
    browser = Client()
    sign_in(browser, alice)
    return browser


@pytest.fixture
def ready_job(acme, daily_calls):
    """A job of acme with one PDF."""
    job = make_job(tenant=acme, report=daily_calls, status="completed", attempt_count=1)
    make_file(job=job, body=BODY, bucket=BUCKET, name="daily-calls.pdf")
    return job


@pytest.fixture
def link(ready_job):
    """A link to its PDF, and the path of its page."""
    link, token = make_link(job=ready_job)
    return link, f"/d/{ready_job.tenant.code}/{token}"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = start_server(tmp_path_factory.mktemp("aws"))
    yield server
    server.stop()


@pytest.fixture
def aws(server: Server, monkeypatch: pytest.MonkeyPatch, settings) -> Iterator[Server]:
    """The pretend AWS, and this process pointed at it by the names that boto3 itself reads."""
    for name, value in server.environment.items():
        monkeypatch.setitem(os.environ, name, value)
    settings.S3_ENDPOINT_URL = settings.S3_PUBLIC_ENDPOINT_URL = server.url
    clients.forget()
    yield server
    clients.forget()


@pytest.fixture
def stored(aws: Server, ready_job):
    """Puts a file of the job into S3, as QuickSight did when the job was made; the ready job's own is there."""

    def store(file):
        aws.client("s3").put_object(Bucket=file.bucket, Key=file.key, Body=BODY)
        return file

    with tenant_scope(ready_job.tenant):
        file = ready_job.files.get()
    store(file)
    return store
