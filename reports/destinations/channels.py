"""Which channel carries to which kind of destination."""

from __future__ import annotations

from reports.delivery.chat import Chat
from reports.delivery.s3copy import S3Copy
from reports.delivery.sftp import Sftp
from reports.destinations.config import Config, S3Config, SftpConfig

AnyChannel = Sftp | S3Copy | Chat


def channel_of(kind: str, config: Config, secret: str) -> AnyChannel:
    """`secret` as reports/destinations/secrets.py reads it."""
    match config:
        case S3Config():
            return S3Copy(config)
        case SftpConfig():
            return Sftp(config, secret)
        case _:
            return Chat(kind, secret)
