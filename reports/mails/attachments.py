"""Whether a mail brings its files along."""

from __future__ import annotations

import enum
from collections.abc import Sequence

from reports.models import Protection, Schedule, SnapshotFile
from tenants.models import Tenant

# Before the third more that base64 makes of it: many servers refuse 20 MB and more.
MAX_BYTES = 10 * 1024 * 1024


class Attaching(enum.Enum):
    NOT_ASKED = enum.auto()  # by the schedule, or not allowed by the company: nobody expects files
    ATTACHED = enum.auto()
    TOO_LARGE = enum.auto()
    PROTECTED = enum.auto()  # whoever has the mail would have the files, without the code


def attaching(tenant: Tenant, schedule: Schedule | None, files: Sequence[SnapshotFile]) -> Attaching:
    if schedule is None or not schedule.attach or not tenant.allow_attachments:
        return Attaching.NOT_ASKED
    if schedule.link_protection != Protection.NOTHING:
        return Attaching.PROTECTED
    return Attaching.ATTACHED if sum(file.size_bytes for file in files) <= MAX_BYTES else Attaching.TOO_LARGE
