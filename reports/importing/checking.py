"""What stands between a draft and the catalogue: plain values in, a verdict out.

A verdict is kept as JSON:
{"faults": [{"at", "text"}], "required_tags": [key], "same_for_everyone": whether every data set is open,
 "data_sets": [{"id", "name", "enabled", "has_rules", "keys", "match_all", "open", "problem"}],
 "tenants": [{"id", "name", "missing": [key], "problem"}]}
`at` is one of sheet, parameters, rows, entry and grant. An empty `problem` is none. No value of a session tag is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from reports.aws.catalogue import DeclaredParameter
from reports.failures import Fault
from reports.importing.contents import Contents
from reports.importing.wanted import Wanted
from reports.models import Report
from reports.preflight import Preflight, ReportFacts, fit_faults, preflight, unreadable
from reports.refused import Refused
from reports.row_rules import DataSetRules, rule_faults
from reports.session_tags import refuse_unsafe_tags

Verdict = dict[str, Any]


@dataclass(frozen=True)
class TenantTags:
    id: str
    name: str
    tags: dict[str, str]


@dataclass(frozen=True)
class Isolation:
    """What holds rows back. `row_rules` as Report keeps them; `required_tags` are keys of every data set that is not open."""

    row_rules: list[DataSetRules]
    required_tags: list[str]


def isolation(contents: Contents, open_data_sets: Iterable[str]) -> Isolation:
    opened = frozenset(open_data_sets)
    row_rules = preflight(contents, ReportFacts(contents.dashboard.id, "", open_data_sets=opened)).row_rules
    return Isolation(row_rules, _common_keys([data_set for data_set in row_rules if not data_set["open"]]))


def facts(contents: Contents, wanted: Wanted, held: Isolation) -> ReportFacts:
    """Never the same for everyone as a whole, even if each data set is open: whatever joins them later is not."""
    return ReportFacts(
        contents.dashboard.id,
        wanted.sheet_id,
        tuple(wanted.visual_ids),
        frozenset(DeclaredParameter(parameter.name, parameter.type, parameter.multiple) for parameter in wanted.offered),
        frozenset(held.required_tags),
        open_data_sets=frozenset(data_set["dataset"] for data_set in held.row_rules if data_set["open"]),
    )


def check(
    contents: Contents, wanted: Wanted, open_data_sets: Iterable[str], tenants: Sequence[TenantTags], catalogue: Iterable[Report]
) -> Verdict:
    """`catalogue`: the reports that a new one could clash with."""
    held = isolation(contents, open_data_sets)
    data_sets = [_data_set(contents, rules, held) for rules in held.row_rules]
    told = [_tenant(tenant, held) for tenant in tenants]
    found = [
        *_entry_faults(contents, wanted, catalogue),
        *(("parameters", f"{parameter.name}: {text}") for parameter in wanted.parameters for _field, text in parameter.faults()),
        *(("sheet", fault.fact) for fault in _fit_faults(contents, wanted)),
        *_row_faults(contents, data_sets),
        *_grant_faults(wanted, told),
    ]
    return {
        "faults": [{"at": at, "text": text} for at, text in found],
        "required_tags": held.required_tags,
        "same_for_everyone": bool(contents.data_set_ids) and set(contents.data_set_ids) <= set(open_data_sets),
        "data_sets": data_sets,
        "tenants": told,
    }


def preflight_of(contents: Contents, wanted: Wanted, open_data_sets: Iterable[str]) -> Preflight:
    """The verdict that goes into the catalogue, by the same rules as every later one."""
    return preflight(contents, facts(contents, wanted, isolation(contents, open_data_sets)))


def _common_keys(row_rules: list[DataSetRules]) -> list[str]:
    """Keys that every data set with rules asks for. Data sets without a key in common: all their keys, none of which then holds in all."""
    held = [keys for keys in map(_keys, row_rules) if keys]
    return sorted(set.intersection(*held) or set.union(*held)) if held else []


def _keys(rules: DataSetRules) -> set[str]:
    """The keys without which the data set shows nothing: those of every rule, or those in all of its alternatives."""
    if not rules["enabled"]:
        return set()
    keys = {rule["key"] for rule in rules["rules"]}
    return keys.intersection(*map(set, rules["groups"])) if rules["groups"] else keys


def _data_set(contents: Contents, rules: DataSetRules, held: Isolation) -> dict[str, Any]:
    problem = " ".join(part for fault in _data_set_faults(rules, held) for part in (fault.fact, fault.remedy))
    return {
        "id": rules["dataset"],
        "name": contents.data_sets[rules["dataset"]].name or rules["dataset"],
        "enabled": rules["enabled"],
        "has_rules": bool(rules["rules"]),
        "keys": sorted(_keys(rules)),
        "match_all": sorted({rule["match_all"] for rule in rules["rules"] if rule["match_all"] and rule["key"] in _keys(rules)}),
        "open": rules["open"],
        "problem": problem,
    }


def _data_set_faults(rules: DataSetRules, held: Isolation) -> list[Fault]:
    """Of one that is open: none, unless it has rules, which are meant. Without any key to ask for it is told as the one thing it lacks."""
    if held.required_tags or rules["open"]:
        return list(rule_faults(held.required_tags, [rules], same_for_everyone=rules["open"]))
    fact = _("The tag rules are switched off.") if rules["rules"] else _("There are no tag rules.")
    return [Fault("rows_not_isolated", fact + " " + _("Everybody would see every row."), _("Turn on tag-based rules in QuickSight."))]


def _tenant(tenant: TenantTags, held: Isolation) -> dict[str, Any]:
    """Looks at the tenant alone: a data set that holds nobody back is told once, not of each tenant."""
    good = [rules for rules in held.row_rules if not _data_set_faults(rules, held)]
    problem = ""
    try:
        refuse_unsafe_tags(tenant.tags, held.required_tags, good, same_for_everyone=not held.required_tags)
    except Refused as refused:
        problem = refused.detail
    missing = [key for key in held.required_tags if key not in tenant.tags]
    return {"id": tenant.id, "name": tenant.name, "missing": missing, "problem": problem}


def _entry_faults(contents: Contents, wanted: Wanted, catalogue: Iterable[Report]) -> Iterator[tuple[str, str]]:
    for report in catalogue:
        if report.slug == wanted.slug:
            yield "entry", _("The slug “%(slug)s” is taken by “%(name)s”.") % {"slug": report.slug, "name": report.name}
        if report.retired_at is None and (report.dashboard_id, report.sheet_id) == (contents.dashboard.id, wanted.sheet_id):
            yield "sheet", _("This sheet is in the catalogue already, as “%(name)s”.") % {"name": report.name}


def _fit_faults(contents: Contents, wanted: Wanted) -> Iterator[Fault]:
    """The rows aside, which are told by data set."""
    asked = replace(facts(contents, wanted, Isolation([], [])), same_for_everyone=True)
    yield from fit_faults(contents.dashboard, contents.definition, asked)


def _row_faults(contents: Contents, data_sets: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    if not contents.data_set_ids:
        yield "rows", _("The dashboard names no data set, so nothing shows that rows are held back.")
    for data_set_id in contents.data_set_ids:
        if data_set_id not in contents.data_sets:
            yield "rows", unreadable(data_set_id).fact
    for data_set in data_sets:
        if data_set["problem"]:
            yield "rows", f"{data_set['name']}: {data_set['problem']}"


def _grant_faults(wanted: Wanted, tenants: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    known = {tenant["id"]: tenant for tenant in tenants}
    for tenant_id in wanted.tenants:
        if tenant_id not in known:
            yield "grant", _("A chosen tenant is not there any more.")
        elif known[tenant_id]["problem"]:
            yield "grant", f"{known[tenant_id]['name']}: {known[tenant_id]['problem']}"
