"""Two megabytes on their way to a company's SFTP server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from reports.models import AudienceDestination, Delivery
from tenants.scope import tenant_scope
from tests import factories
from tests.pretend_aws import BUCKET
from tests.sftp_server import PASSWORD, SftpPeer

BODY = b"%PDF-1.7 " + bytes(range(256)) * 8_000


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[SftpPeer]:
    (tmp_path / "server" / "in").mkdir(parents=True)
    with SftpPeer(tmp_path / "server") as running:
        yield running


@pytest.fixture
def delivery(acme, daily_calls, aws, peer) -> Delivery:
    schedule = factories.make_schedule(tenant=acme, report=daily_calls)
    run = factories.make_occurrence(schedule=schedule, status="running", expanded_at=timezone.now())
    job = factories.make_job(tenant=acme, report=daily_calls, status="completed", occurrence=run)
    file = factories.make_file(job=job, body=BODY, bucket=BUCKET)
    aws.client("s3").put_object(Bucket=BUCKET, Key=file.key, Body=BODY)
    destination = factories.make_destination(tenant=acme, config=peer.config, secret=PASSWORD, status="ok")
    audience, now = factories.make_audience(schedule=schedule), timezone.now()
    facts = {"channel": "sftp", "destination": destination, "name": destination.name, "audience": audience, "next_try_at": now}
    with tenant_scope(acme):
        AudienceDestination.objects.create(tenant=acme, audience=audience, destination=destination)
        return Delivery.objects.create(tenant=acme, job=job, occurrence=run, created_at=now, **facts)
