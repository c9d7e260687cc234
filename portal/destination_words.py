"""What destinations are called on pages, and what their owners have to allow us."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from reports.delivery.failures import cause_of
from reports.destinations import config, naming
from reports.destinations.config import S3Config, SftpConfig
from reports.models import Delivery, Destination

Kind = Destination.Kind
ICONS = {Kind.SFTP: "server", Kind.S3: "bucket", Kind.SLACK: "message", Kind.TEAMS: "message"}
# Where the platform's own account is not known here.
ASK_US = "ACCOUNT-OF-THE-PLATFORM"


def icon_of(kind: str) -> str:
    return ICONS[Kind(kind)]


def summary(destination: Destination) -> str:
    """`SFTP server, sftp.acme.example, folder /in`"""
    read = config.read(destination)
    words = [str(destination.get_kind_display())]
    if isinstance(read, SftpConfig):
        words += [read.host if read.port == 22 else f"{read.host}:{read.port}"]
    if isinstance(read, S3Config):
        words += [read.bucket, read.region]
    if isinstance(read, SftpConfig | S3Config) and read.folder.strip("/"):
        words.append(_("folder %(folder)s") % {"folder": read.folder})
    return ", ".join(words)


def to_whom(delivery: Delivery) -> str:
    """The address, or the destination's name."""
    if delivery.address:
        return delivery.address
    return delivery.destination.name if delivery.destination else _("a deleted destination")


def trouble(destination: Destination) -> tuple[str, str]:
    """Why nothing arrives and what to do; both empty where all is well."""
    if not destination.failure_code:
        return "", ""
    cause = cause_of(destination.failure_code)
    return str(cause.message), str(cause.advice)


def trust_policy(destination: Destination) -> str:
    """For the role: who may take it on, and by which id."""
    account = settings.PORTAL_AWS_ACCOUNT or ASK_US
    condition = {"StringEquals": {"sts:ExternalId": destination.config["external_id"]}}
    allow = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole", "Condition": condition}
    return _json([allow])


def permissions_policy(destination: Destination) -> str:
    """For the role: what it may do, and nothing else."""
    read = config.read(destination)
    assert isinstance(read, S3Config)
    folder = naming.fixed_folder(read.folder)
    where = f"arn:aws:s3:::{read.bucket}/{folder}/*" if folder else f"arn:aws:s3:::{read.bucket}/*"
    return _json([{"Effect": "Allow", "Action": "s3:PutObject", "Resource": where}])


def _json(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2)
