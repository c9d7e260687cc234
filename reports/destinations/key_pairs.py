"""Key pairs of ours for SFTP servers that know us by one: the public half is shown, the private half is sealed and never leaves."""

from __future__ import annotations

from dataclasses import dataclass, field

import asyncssh

ALGORITHM = "ssh-ed25519"


@dataclass(frozen=True)
class KeyPair:
    """`public` as in authorized_keys; `private` in OpenSSH's form."""

    public: str
    private: str = field(repr=False)


def make(comment: str) -> KeyPair:
    """`comment`: by which the server's operator knows it again."""
    key = asyncssh.generate_private_key(ALGORITHM, comment=comment)
    return KeyPair(key.export_public_key().decode().strip(), key.export_private_key().decode())
