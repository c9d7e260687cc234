"""How long files are kept: the classes of keys, and the rules by which S3 itself removes what nobody removed before.

A company's days are enforced at the click (`SnapshotFile.is_offered`), by the purge (reports/purging.py), and by S3's lifecycle, which is
the broom behind both: some days late, so that it never takes what the portal still hands out. S3 knows a file's days by its key alone, so a
change of a company's days counts there for new files only.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from reports.aws.lifecycle import Rule
from tenants.audit import Actor, record
from tenants.models import Tenant

# By name, the most days that files with such a key are kept. At most 1,000 rules fit a bucket, so not one for each company.
CLASSES = {"r30": 30, "r90": 90, "r400": 400}
# Under a legal hold. There is no rule for it.
HELD = "held"
OURS = "fanfold-"
# S3 counts from the next midnight UTC, and an object is older than its file's row. After a hold or an outage the purge has a few days.
LATE = 7


def class_of(tenant: Tenant) -> str:
    """The smallest that is long enough; while the company is held, none."""
    if tenant.held_since:
        return HELD
    return next(name for name, days in CLASSES.items() if days >= tenant.retention_days)


def set_days(tenant: Tenant, days: int, actor: Actor, because: str, *, now: datetime) -> bool:
    """False where they were so already. Counts at once at the click and for the purge. In the staff scope."""
    before = Tenant.objects.select_for_update(of=("self",)).get(pk=tenant.pk).retention_days
    if before == days:
        return False
    Tenant.objects.filter(pk=tenant.pk).update(retention_days=days)
    after = {"retention_days": days, "because": because}
    record(actor, "tenant.retention_set", now=now, tenant=tenant, about=tenant, before={"retention_days": before}, after=after)
    return True


def prefix(kind: str, tenant_id: uuid.UUID, job_id: uuid.UUID) -> str:
    """Where a job's files are put; reports/engine/events.py reads it."""
    return f"t/{kind}/{tenant_id}/{job_id}/"


def held_key(key: str) -> str:
    """Where a held object goes: the same key in the class that has no rule."""
    top, _class, rest = key.split("/", 2)
    return f"{top}/{HELD}/{rest}"


def folder(key: str) -> str:
    """The job's own part of a key."""
    return "/".join(key.split("/")[:4]) + "/"


def rules() -> list[Rule]:
    """As `aws s3api put-bucket-lifecycle-configuration` takes them. Versions and broken uploads too."""
    kept = [_rule(name, f"t/{name}/", days + LATE) for name, days in CLASSES.items()]
    markers: Rule = {"ID": f"{OURS}markers", "Status": "Enabled", "Filter": {"Prefix": "t/"}}
    # A marker that hides nothing any more; S3 takes this in no rule that counts days.
    return [*kept, markers | {"Expiration": {"ExpiredObjectDeleteMarker": True}}]


def _rule(name: str, below: str, days: int) -> Rule:
    return {
        "ID": f"{OURS}{name}",
        "Status": "Enabled",
        "Filter": {"Prefix": below},
        "Expiration": {"Days": days},
        "NoncurrentVersionExpiration": {"NoncurrentDays": LATE},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": LATE},
    }


def merged(present: list[Rule]) -> list[Rule]:
    """What a bucket is to have: others' rules as they are, then ours."""
    return [rule for rule in present if not _is_ours(rule)] + rules()


def missing(present: list[Rule]) -> list[str]:
    """IDs of ours that are not there, or not so."""
    there = {rule.get("ID"): _plain(rule) for rule in present}
    return [rule["ID"] for rule in rules() if there.get(rule["ID"]) != _plain(rule)]


def dangerous(present: list[Rule]) -> list[str]:
    """IDs of others' rules that remove what is held, or what is still handed out."""
    return [rule.get("ID", "") for rule in present if not _is_ours(rule) and _removes(rule) and _reaches_files(rule)]


def _is_ours(rule: Rule) -> bool:
    return str(rule.get("ID", "")).startswith(OURS)


def _removes(rule: Rule) -> bool:
    takes_versions = "NoncurrentVersionExpiration" in rule
    return rule.get("Status") == "Enabled" and (takes_versions or bool(set(rule.get("Expiration", {})) & {"Days", "Date"}))


def _reaches_files(rule: Rule) -> bool:
    """Rules that ask for a tag or a size as well count too: nobody here knows which objects have it."""
    below = _below(rule)
    return below.startswith("t/") or "t/".startswith(below)


def _below(rule: Rule) -> str:
    narrowed: dict[str, Any] = rule.get("Filter", {})
    return str(rule.get("Prefix") or narrowed.get("Prefix") or narrowed.get("And", {}).get("Prefix") or "")


def _plain(rule: Rule) -> Rule:
    """S3 may tell a filter's prefix in its older place."""
    rest = {name: value for name, value in rule.items() if name not in ("Filter", "Prefix")}
    return rest | {"below": _below(rule)}
