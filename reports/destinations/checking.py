"""What people may set of a destination, by its kind, and what is right there. `reaching` asks the network, all else asks nobody."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from reports.delivery import chat
from reports.destinations import naming
from reports.destinations.config import FILE_NAME, OUR_KEY, PASSWORD
from reports.models import Destination
from reports.outbound import addresses, allowed
from reports.outbound.errors import NotCalled
from reports.refused import Place, Refused

Kind = Destination.Kind
SSH, FIRST_FREE_PORT, LAST_PORT = 22, 1024, 65535
MOST_TEXT = 255
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
ROLE = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):role/[A-Za-z0-9+=,.@_/-]{1,512}")
ACCOUNT = re.compile(r"[0-9]{12}")
USERNAME = re.compile(r"[^\x00-\x1f\x7f]{1,255}")
# With what stands in place of what is left out; None: it may not be.
DEFAULTS: dict[str, dict[str, Any]] = {
    Kind.SFTP: {"host": None, "port": SSH, "username": None, "sign_in": PASSWORD, "folder": "/", "file_name": FILE_NAME},
    Kind.S3: {"bucket": None, "region": None, "role_arn": None, "owner_account": "", "folder": "", "file_name": FILE_NAME},
    Kind.SLACK: {},
    Kind.TEAMS: {},
}


def checked(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """All that people set, whole. Raises Refused: invalid_config, bad_pattern, role_refused. In the tenant's scope."""
    known = DEFAULTS[kind]
    for name in given:
        if name not in known:
            raise _bad(name, _("A destination of the kind %(kind)s has no such setting.") % {"kind": kind})
    members = {name: given.get(name, default) for name, default in known.items()}
    for name, value in members.items():
        if value in (None, "") and known[name] is None:
            raise _bad(name, _("This is needed."))
    CHECKS[Kind(kind)](members)
    return members


def reach(kind: str, members: Mapping[str, Any], secret: str | None) -> None:
    """Whether the rules let us call there. A look-up of names, so in no transaction. Raises Refused: address_refused, invalid_config."""
    if kind == Kind.SFTP:
        reach_host(str(members.get("host", "")), members.get("port", SSH))
    elif kind in Destination.CHATS and secret:
        chat.check_url(kind, secret)


def reach_host(host: str, port: Any) -> list[str]:
    """The addresses of a server. A look-up, so in no transaction. Raises Refused: address_refused, invalid_config."""
    _check_server({"host": host, "port": port})
    try:
        return addresses.checked(_plain(host), port)
    except NotCalled as error:
        raise Refused("address_refused", str(error), (Place(("config", "host"), "invalid", str(error)),)) from error


def _sftp(members: dict[str, Any]) -> None:
    _check_server(members)
    members["host"] = _plain(members["host"])
    if not USERNAME.fullmatch(str(members["username"])):
        raise _bad("username", _("A user’s name has at most 255 characters."))
    if members["sign_in"] not in (PASSWORD, OUR_KEY):
        raise _bad("sign_in", _("Sign in with a password, or with a key that we make."))
    _check_names(members)


def _check_server(members: Mapping[str, Any]) -> None:
    host, port = _plain(str(members["host"])), members["port"]
    if len(host) > MOST_TEXT or not allowed.HOST.fullmatch(host):
        raise _bad("host", _("This is not the name of a server, such as sftp.example.com."))
    if isinstance(port, bool) or not isinstance(port, int) or not (port == SSH or FIRST_FREE_PORT <= port <= LAST_PORT):
        raise _bad("port", _("Port 22, or one from 1024 to 65535: below these are other services, such as mail, which are no SFTP server."))


def _plain(host: str) -> str:
    return host.strip().lower().rstrip(".")


def _s3(members: dict[str, Any]) -> None:
    role = ROLE.fullmatch(str(members["role_arn"]))
    if not BUCKET.fullmatch(str(members["bucket"])) or ".." in members["bucket"]:
        raise _bad("bucket", _("This is not the name of a bucket: 3 to 63 small letters, digits, dots and dashes."))
    if not REGION.fullmatch(str(members["region"])):
        raise _bad("region", _("This is not a region of AWS, such as eu-west-1."))
    if role is None:
        raise _bad("role_arn", _("This is not the ARN of a role, such as arn:aws:iam::123456789012:role/reports-writer."))
    # Numbers of the platform's other accounts are not a company's to know. No role there is let in by: it asks for no external id of ours,
    # and S3Copy takes on none that lets us in without.
    if role[1] == settings.PORTAL_AWS_ACCOUNT:
        raise _bad("role_arn", _("A role of the platform itself cannot be used: name one of your own account."), "role_refused")
    if members["owner_account"] and not ACCOUNT.fullmatch(str(members["owner_account"])):
        raise _bad("owner_account", _("The number of an AWS account has 12 digits."))
    _check_names(members)


def _check_names(members: dict[str, Any]) -> None:
    naming.check_folder(members["folder"], ("config", "folder"))
    naming.check_file_name(members["file_name"], ("config", "file_name"))


def _chat(members: dict[str, Any]) -> None:
    """Its URL is its secret, and all there is."""


CHECKS: dict[Destination.Kind, Callable[[dict[str, Any]], None]] = {Kind.SFTP: _sftp, Kind.S3: _s3, Kind.SLACK: _chat, Kind.TEAMS: _chat}


def _bad(name: str, detail: str, code: str = "invalid_config") -> Refused:
    return Refused(code, detail, (Place(("config", name), "invalid", detail),))
