"""Destinations of every kind and in every state, with what their last test showed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from reports.models import Destination
from tenants.models import Tenant, User
from tests.factories import make_destination

Status = Destination.Status
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDqFkT0Yz1mS2Jt2WvXc3rH4nQ5bL6pM7sV8uY9xZ0aB fanfold-azure-bay"
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJk3mYp7Qw2Vr9Xz4Tn6Ld8Kc1Hf5Gb0Sj3Ne7Ua2Wi4"
ROLE = "arn:aws:iam::210987654321:role/azb-reports-writer"
SFTP = {"port": 22, "username": "azb-reports", "sign_in": "key", "public_key": PUBLIC_KEY, "host_key": HOST_KEY}
NAMES = {"folder": "/in/reports", "file_name": "{report}_{period}_{time}.{ext}"}
S3 = {"bucket": "azb-ops-reports", "region": "eu-west-1", "role_arn": ROLE, "external_id": "fanfold-EXAMPLE-77e0"}


def make_destinations(tenant: Tenant, marta: User, now: datetime) -> dict[str, str]:
    """What stands in the pages' addresses."""
    by: dict[str, Any] = {"tenant": tenant, "created_by": marta.email}
    day = timedelta(days=1)
    chat = make_destination(
        name="Revenue team", kind="slack", config={}, secret="https://hooks.slack.com/services/EXAMPLE", created_at=now - 2 * day, **by
    )
    bucket = make_destination(
        name="azb-ops-reports",
        kind="s3",
        secret="",
        config=S3 | NAMES | {"folder": "close", "owner_account": "210987654321"},
        status=Status.OK,
        last_sent_at=now - timedelta(hours=2),
        last_test=_told(now - day, "It works.", OF_BUCKET),
        created_at=now - 30 * day,
        **by,
    )
    server = make_destination(
        name="sftp.azurebay.example",
        config=SFTP | NAMES | {"host": "sftp.azurebay.example"},
        secret="a private key",
        status=Status.STOPPED,
        failure_code="sign_in_refused",
        failing_since=now - timedelta(hours=4),
        last_sent_at=now - day,
        last_test=_told(now - timedelta(minutes=9), "key accepted: publickey denied", OF_SERVER),
        created_at=now - 60 * day,
        **by,
    )
    make_destination(
        name="transfer.calderpike.example",
        config=SFTP | NAMES | {"host": "transfer.calderpike.example", "host_key": "", "folder": "/azure-bay"},
        secret="a private key",
        created_at=now - 3 * day,
        **by,
    )
    return {"sftp": str(server.pk), "bucket": str(bucket.pk), "chat": str(chat.pk)}


def make_long_destination(tenant: Tenant, owner: User, host: str, words: str, now: datetime) -> dict[str, str]:
    """Of a company in which everything is long."""
    row = make_destination(
        tenant=tenant,
        name=words,
        config=SFTP | {"host": host, "username": words, "folder": f"/{words}/{words}", "file_name": f"{words}_{{report}}.{{ext}}"},
        secret="a private key",
        status=Status.FAILING,
        failure_code="server_unreachable",
        failing_since=now - timedelta(days=1),
        last_test=_told(now, words, [("connected", "failed", words)]),
        created_by=owner.email,
        created_at=now - timedelta(days=9),
    )
    return {"sftp_long": str(row.pk)}


Steps = list[tuple[str, str, str]]
OF_BUCKET: Steps = [
    ("role", "ok", "took on role azb-reports-writer"),
    ("external_id", "ok", "the role asks for the external ID"),
    ("write", "ok", "wrote close/.fanfold-test, 12 bytes"),
    ("owner", "ok", "bucket owner is 210987654321"),
    ("elsewhere", "ok", "listing the bucket is refused"),
]
OF_SERVER: Steps = [
    ("address", "ok", "name resolved, public address"),
    ("connect", "ok", "connected to port 22, 84 ms"),
    ("host_key", "ok", "host key is the pinned one"),
    ("sign_in", "failed", "key accepted: publickey denied"),
    ("write", "skipped", "write, rename, delete: not reached"),
]


def _told(at: datetime, text: str, steps: Steps) -> dict[str, Any]:
    ok = all(state == "ok" for _name, state, _text in steps)
    told = [{"step": name, "state": state, "text": words} for name, state, words in steps]
    return {"at": at.isoformat(), "ok": ok, "text": text, "seconds": 0.84, "steps": told}
