"""What a destination is set up with, by its kind: the members of `Destination.config`, and what of them has defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reports.models import Destination

# `{report}_{date}_{time}.{ext}` and the like; reports/destinations/naming.py has the words that may stand in braces.
FILE_NAME = "{report}_{date}_{time}.{ext}"
PASSWORD, OUR_KEY = "password", "key"


@dataclass(frozen=True)
class SftpConfig:
    """`host_key`: the pinned one, as in known_hosts without the host (`ssh-ed25519 AAAA…`); empty: not pinned yet, and nothing is sent.

    `sign_in`: by password, or by the private half of `public_key`, which we made.
    """

    host: str
    username: str
    port: int = 22
    sign_in: str = PASSWORD
    public_key: str = ""
    host_key: str = ""
    folder: str = "/"
    file_name: str = FILE_NAME


@dataclass(frozen=True)
class S3Config:
    """`external_id` is ours, and stands in the role's trust policy. `owner_account`: whose the bucket has to be; empty: anybody's."""

    bucket: str
    region: str
    role_arn: str
    external_id: str
    folder: str = ""
    file_name: str = FILE_NAME
    owner_account: str = ""


@dataclass(frozen=True)
class ChatConfig:
    """The URL is a secret, because whoever has it may write there."""


Config = SftpConfig | S3Config | ChatConfig
CONFIGS: dict[str, type[Config]] = {
    Destination.Kind.SFTP: SftpConfig,
    Destination.Kind.S3: S3Config,
    Destination.Kind.SLACK: ChatConfig,
    Destination.Kind.TEAMS: ChatConfig,
}


def read(destination: Destination) -> Config:
    """Members that this release does not know were written by a newer one, and are left alone."""
    kind = CONFIGS[destination.kind]
    known: dict[str, Any] = {name: value for name, value in destination.config.items() if name in kind.__dataclass_fields__}
    return kind(**known)
