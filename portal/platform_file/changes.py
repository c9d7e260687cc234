"""What a run changes: the plan's lines, and the same things in the audit trail."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from tenants.audit import Actor, record
from tenants.models import Tenant
from tenants.scope import tenant_scope

ACTOR = Actor("apply")
# Long or derived: in the audit trail, not in the plan.
NOT_PLANNED = {
    *("row_rules", "preflight_at", "preflight_code", "preflight_detail", "preflight_remedy", "dashboard_version"),
    *("next_run_at", "paused_at", "paused_by", "fault"),
}


@dataclass(frozen=True)
class Change:
    sign: str
    kind: str
    name: str
    about: Model
    tenant: Tenant | None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    is_audited: bool = False

    @property
    def line(self) -> str:
        line = f"{self.sign} {self.kind.replace('_', ' ')} {self.name}"
        if self.before is None or self.after is None:
            return line
        told = [f"{key} {_shown(value)} -> {_shown(self.after[key])}" for key, value in self.before.items() if key not in NOT_PLANNED]
        return f"{line}: {', '.join(told) or _('checked again')}"


@dataclass
class Changes:
    found: list[Change] = field(default_factory=list)
    # Generated keys and invitations: shown to the operator once, after the commit, and kept nowhere.
    shown_once: list[str] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        return [change.line for change in self.found]

    def added(self, kind: str, name: str, about: Model, after: dict[str, Any], tenant: Tenant | None = None) -> None:
        self.found.append(Change("+", kind, name, about, tenant, None, plain(after)))

    def removed(self, kind: str, name: str, about: Model, before: dict[str, Any], tenant: Tenant | None = None) -> None:
        self.found.append(Change("-", kind, name, about, tenant, plain(before), None))

    def told(self, kind: str, name: str, about: Model, before: dict[str, Any], after: dict[str, Any]) -> None:
        """What the domain changed and audited by itself: the plan's line alone."""
        self.found.append(Change("~", kind, name, about, None, plain(before), plain(after), is_audited=True))

    def update(self, kind: str, name: str, row: Model, values: dict[str, Any], tenant: Tenant | None = None) -> bool:
        """Writes the values that differ from the row's. False when none does."""
        before = {key: getattr(row, key) for key, value in values.items() if getattr(row, key) != value}
        if not before:
            return False
        after = {key: values[key] for key in before}
        for key, value in after.items():
            setattr(row, key, value)
        row.save(update_fields=list(after))
        self.found.append(Change("~", kind, name, row, tenant, plain(before), plain(after)))
        return True

    def audit(self, now: datetime) -> None:
        """In the transaction of the changes, outside any scope."""
        unaudited = [change for change in self.found if not change.is_audited]
        for tenant in dict.fromkeys(change.tenant for change in unaudited):
            mine = [change for change in unaudited if change.tenant == tenant]
            if tenant is None:
                _record(mine, now)
            else:
                with tenant_scope(tenant):
                    _record(mine, now)


VERBS = {"+": "created", "~": "changed", "-": "removed"}


def _record(changes: list[Change], now: datetime) -> None:
    for change in changes:
        action = f"{change.kind}.{VERBS[change.sign]}"
        record(ACTOR, action, now=now, tenant=change.tenant, about=change.about, before=change.before, after=change.after)


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """As JSON keeps them: other rows by their names."""
    return {key: _plain(value) for key, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value) if isinstance(value, Model) else value


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
