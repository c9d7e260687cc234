from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from reports.aws import clients
from tests.factories import make_account, make_grant, make_report
from tests.pretend_aws import ACCOUNT, REGION, Server, start_server
from tests.reports.engine.readings import OTHER, OURS

QUICK = {"job_seconds": 0.3, "small_files": True, "requests_per_second": 1000}


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for the package, so that clients live as long as in the product: making one costs more than most tests."""
    state: Path = tmp_path_factory.mktemp("aws")
    server = start_server(state, **QUICK)
    clients.forget()
    yield server
    clients.forget()
    server.stop()


@pytest.fixture(scope="package")
def contrary_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = start_server(tmp_path_factory.mktemp("aws"), other_readings=True, **QUICK)
    yield server
    server.stop()


@pytest.fixture
def aws(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, settings) -> Server:
    """The pretend AWS, clean, and this process pointed at it by the names that boto3 itself reads."""
    server: Server = request.getfixturevalue("contrary_server" if getattr(request, "param", OURS) == OTHER else "server")
    for name, value in server.environment.items():
        monkeypatch.setitem(os.environ, name, value)
    settings.PORTAL_BUCKET = server.environment["PORTAL_BUCKET"]
    settings.S3_ENDPOINT_URL = settings.S3_PUBLIC_ENDPOINT_URL = server.url
    server.control.reset()
    return server


@pytest.fixture
def new_clients() -> Iterator[None]:
    """For tests that change where or how clients call."""
    clients.forget()
    yield
    clients.forget()


@pytest.fixture
def account(db: None):
    """The account of the pretend AWS, as the factories' reports use it. Asked step by step, so that each can be seen."""
    return make_account(aws_account_id=ACCOUNT, region=REGION, slots=12, requests_per_second=100, look="describe")


@pytest.fixture
def daily_calls(account, acme, globex):
    """The sample dashboard, offered to both tenants. It may take its time: tests let hours pass while it renders for a moment."""
    report = make_report(slug="daily-calls", account=account, render_minutes=600)
    for tenant in (acme, globex):
        make_grant(tenant=tenant, report=report)
    return report
