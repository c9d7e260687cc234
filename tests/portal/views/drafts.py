"""Drafts of imports as the worker leaves them, without a worker."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from reports.models import CatalogueImport, Heartbeat
from tenants.models import User
from tenants.scope import engine_scope, platform_scope
from tests.factories import make_import

LISTED = "2026-11-19T09:00:00+00:00"
PARAMETER = {"name": "Region", "type": "string", "multiple": True, "may": "listed", "choices": ["North", "South"], "default": ["North"]}
SECONDS = {"name": "MinSeconds", "type": "integer", "multiple": False, "may": "free", "choices": [], "default": [0]}


def dashboard(pk: str, name: str) -> dict[str, Any]:
    return {"id": pk, "name": name, "version": 3, "published_at": LISTED}


def visual(pk: str, title: str, kind: str) -> dict[str, Any]:
    return {"id": pk, "title": title, "kind": kind, "exportable": kind in ("TableVisual", "PivotTableVisual")}


FOUND = {
    "name": "Call centre overview",
    "version": 14,
    "published_at": LISTED,
    "sheets": [
        {
            "id": "daily",
            "name": "Daily summary",
            "visuals": [visual("hours", "Calls per hour", "TableVisual"), visual("kpi", "Offered", "KPIVisual")],
        },
        {"id": "agents", "name": "Agents", "visuals": [visual("hours", "Agents per hour", "TableVisual")]},
    ],
}
WANTED = {
    "sheet_id": "daily",
    "visual_ids": ["hours"],
    "formats": ["PDF", "CSV"],
    "name": "Daily call summary",
    "slug": "daily-call-summary",
    "parameters": [PARAMETER, SECONDS],
    "tenants": [],
}
CALLS = {
    "id": "calls",
    "name": "Calls",
    "enabled": True,
    "has_rules": True,
    "keys": ["tenant_id"],
    "match_all": ["*"],
    "open": False,
    "problem": "",
}
RATES = {
    "id": "rates",
    "name": "Exchange rates",
    "enabled": False,
    "has_rules": False,
    "keys": [],
    "match_all": [],
    "open": False,
    "problem": "Nobody is held back.",
}
ACME = {"id": "6f9619ff-8b86-4011-b42d-00c04fc964ff", "name": "Acme Hotels", "missing": [], "problem": ""}
HOLLIS = {
    "id": "6f9619ff-8b86-4011-b42d-00c04fc964aa",
    "name": "Hollis Health",
    "missing": ["tenant_id"],
    "problem": "“tenant_id” is missing.",
}


def verdict(*data_sets: dict[str, Any], tenants: tuple[dict[str, Any], ...] = (ACME, HOLLIS)) -> dict[str, Any]:
    faults = [{"at": "rows", "text": f"{ds['name']}: {ds['problem']}"} for ds in data_sets if ds["problem"]]
    return {
        "faults": faults,
        "required_tags": ["tenant_id"],
        "same_for_everyone": False,
        "data_sets": list(data_sets),
        "tenants": list(tenants),
    }


def make_draft(user: User, **fields: Any) -> CatalogueImport:
    """Its dashboard was read and checked, and nothing is open."""
    read = {
        "dashboards": [dashboard("calls-overview", "Call centre overview"), dashboard("billing", "Billing")],
        "listed_at": timezone.now(),
        "dashboard_id": "calls-overview",
        "found": FOUND,
        "wanted": WANTED,
        "verdict": verdict(CALLS),
        "checked_at": timezone.now(),
    }
    return make_import(asked_by=user, **read | fields)


def filled_form(draft: CatalogueImport, **changes: Any) -> dict[str, Any]:
    """As a browser sends the form of a draft of `make_draft`."""
    form = {"turn": draft.turn, "sheet": "daily", "visuals": ["daily/hours", "agents/hours"], "formats": ["PDF", "CSV"]}
    form |= {"name": "Daily call summary", "slug": "daily-call-summary", "open_reason": ""}
    form |= {"parameter-0-may": "listed", "parameter-0-choices": "North\nSouth", "parameter-0-default": "North"}
    form |= {"parameter-1-may": "free", "parameter-1-choices": "", "parameter-1-default": "0"}
    return form | changes


def now_of(draft: CatalogueImport) -> CatalogueImport:
    with platform_scope():
        return CatalogueImport.objects.get(pk=draft.pk)


def worker_lives() -> None:
    with engine_scope():
        Heartbeat.objects.update_or_create(cluster="work", defaults={"beat_at": timezone.now()})
