"""The first mails that the demo's schedules send by themselves: waited for, opened, their links followed, their rows compared."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from portal.local import demo
from portal.local.first_reports import Say, emptied, rows_of
from portal.local.mailbox.store import Mail, MailStore
from portal.local.visitor import download
from reports.models import Schedule
from tenants.models import Tenant
from tenants.scope import platform_scope, tenant_scope

# To the next full minute, for the snapshot, and for a machine that is busy with other things.
GIVE_UP_SECONDS = 150.0
LOOK_AGAIN_SECONDS = 0.2
LOOKED_AT = 50
SUFFIXES = {".csv", ".pdf"}


class FirstMailFailed(Exception):
    """A mail did not come, its link gave the wrong files, or they show rows they must not; the message says which."""


def follow_all(began: float, say: Say) -> None:
    """`began`: seconds since the epoch; older mails are of another run.

    Raises FirstMailFailed, DownloadFailed, and OSError when the portal or S3 does not answer.
    """
    awaited = {address: (tenant, audience) for tenant in _sending(say) for address, audience in demo.recipients()[tenant.slug].items()}
    if awaited:
        say(f"{len(awaited)} mails come by themselves after the next full minute")
    rows: dict[tuple[Tenant, str], set[tuple[str, ...]]] = {}
    for address, mail in _mails(set(awaited), began):
        tenant, audience = awaited[address]
        files = _download(mail, emptied(demo.folder(tenant.slug) / "mail" / address))
        rows[tenant, audience] = rows_of(files)
        say(f"{tenant.name}: a mail came to {address}, and its link gave {len(files)} files with {len(rows[tenant, audience])} rows")
    for tenant in {tenant for tenant, _ in rows}:
        say(_compared(tenant.name, {audience: found for (owner, audience), found in rows.items() if owner == tenant}))


def _sending(say: Say) -> list[Tenant]:
    """Tenants whose schedule runs; one that somebody paused stays so, and no mail of it is waited for."""
    with platform_scope():
        tenants = list(Tenant.objects.filter(slug__in=demo.TENANTS).order_by("slug"))
    sending = []
    for tenant in tenants:
        with tenant_scope(tenant):
            if Schedule.objects.for_tenant(tenant).active().filter(slug=demo.EACH_MINUTE).exists():
                sending.append(tenant)
            else:
                say(f"{tenant.name}: the schedule {demo.EACH_MINUTE} is paused, so no mail comes")
    return sending


def _mails(awaited: set[str], began: float) -> Iterator[tuple[str, Mail]]:
    """Each address with its first mail, in the order in which they come."""
    store, give_up = MailStore(demo.mail_folder()), time.monotonic() + GIVE_UP_SECONDS
    while awaited:
        for mail in reversed(store.mails(LOOKED_AT)):
            for address in awaited & set(mail.recipients):
                if mail.at.timestamp() > began:
                    awaited.remove(address)
                    yield address, mail
        if awaited and time.monotonic() > give_up:
            raise FirstMailFailed(f"No mail has come to {', '.join(sorted(awaited))} within {GIVE_UP_SECONDS:.0f} s; see log/worker.log.")
        time.sleep(LOOK_AGAIN_SECONDS)


def _download(mail: Mail, folder: Path) -> list[Path]:
    links = re.findall(rf"{re.escape(settings.PORTAL_BASE_URL)}/d/[\w-]+/[\w-]+", mail.body("plain"))
    if len(set(links)) != 1:
        raise FirstMailFailed(f"The mail “{mail.subject}” has {len(set(links))} links to a page of files, not one.")
    files = download(links[0], folder)
    if {path.suffix for path in files if path.stat().st_size} != SUFFIXES:
        raise FirstMailFailed(f"The link of the mail “{mail.subject}” gave {[path.name for path in files]}, not one file of each format.")
    return files


def _compared(name: str, rows: dict[str, set[tuple[str, ...]]]) -> str:
    """A sentence about the rows by audience. Raises FirstMailFailed unless each audience has some of the tenant's rows, and not all."""
    all_rows = rows.pop("")
    for audience, some in rows.items():
        if not some or not some < all_rows:
            raise FirstMailFailed(f"The audience {audience} of {name} has {len(some)} rows, which are not a part of its {len(all_rows)}.")
    parts = ", ".join(f"{audience} {len(some)}" for audience, some in rows.items())
    return f"{name}: of these {len(all_rows)} rows the narrower audience got its own alone: {parts}"
