"""What the parts of one run share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from portal.platform_file.changes import Changes
from portal.platform_file.reading import Entry
from reports.aws.clients import AccountFacts
from reports.models import Account, Report
from reports.preflight import Preflight, ReportFacts
from reports.row_rules import DataSetRules

Wanted = tuple[AccountFacts, ReportFacts]
Preflights = dict[Wanted, Preflight]


@dataclass(frozen=True)
class Question:
    """Who is asked, and what stands of the data sets' rules in the catalogue: that some were there is not forgotten."""

    account: Account
    row_rules: list[DataSetRules]


@dataclass
class Run:
    """`preflights`: what QuickSight said; None: not asked, because of --skip-preflight. What is still to be asked lands in `wanted`."""

    now: datetime
    environ: Mapping[str, str]
    preflights: Preflights | None
    changes: Changes = field(default_factory=Changes)
    wanted: dict[Wanted, Question] = field(default_factory=dict)
    # Accounts that other credentials or another place were given: what preflight found there may no longer hold.
    moved_accounts: set[int] = field(default_factory=set)
    reports: dict[str, Report] = field(default_factory=dict)
    # What does not fit a thing with faults of its own is no second fault. A faulty account may be meant by any name or id.
    has_faulty_account: bool = False
    faulty_reports: set[str] = field(default_factory=set)

    def secret(self, entry: Entry, key: str) -> str | None:
        """The content of the environment variable that the key names. None, and a fault, when it is not set."""
        name = entry.values[key]
        value = self.environ.get(name, "")
        if not value:
            entry.fault(key, _("the environment variable %(name)s is not set.") % {"name": name})
            return None
        return value
