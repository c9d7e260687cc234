"""What proves how a file was made: by which tags, parameters and rules its rows were chosen, what was checked, who got it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from reports.models import Attempt, Delivery, Download, Link, SnapshotFile
from reports.row_rules import RowRules
from reports.session_tags import tag_faults
from tenants import signing
from tenants.models import Tenant

FORMAT = "fanfold-proof-v1"
HELD, SAME, UNKNOWN, OPEN = "held", "same_for_everyone", "not_recorded", "not_held"
WORDS = {
    HELD: _("Made with the tags of %(company)s, and only those"),
    SAME: _("The same rows for everyone, as the platform declared"),
    UNKNOWN: _("The rules were not written down when this file was made"),
    OPEN: _("No rule held rows back in: %(datasets)s"),
}
MOST_LISTED = 1000


@dataclass(frozen=True)
class DataSet:
    """One behind the dashboard, as it was when the attempt was made. `matched`: the tag values its rule was given."""

    id: str
    name: str
    enabled: bool
    same_for_everyone: bool
    keys: tuple[str, ...]
    matched: tuple[str, ...]

    @property
    def is_held(self) -> bool:
        return self.enabled and bool(self.keys)


@dataclass(frozen=True)
class Proof:
    file: SnapshotFile
    attempt: Attempt
    company: Tenant
    verdict: str
    data_sets: tuple[DataSet, ...]
    deliveries: list[Delivery]
    links: list[Link]
    downloads: list[Download]
    # How many there are beyond MOST_LISTED.
    not_listed: dict[str, int]

    @property
    def sentence(self) -> str:
        bare = ", ".join(data_set.name or data_set.id for data_set in self.data_sets if _is_bare(data_set))
        return str(WORDS[self.verdict]) % {"company": self.company.name, "datasets": bare}


def gather(file: SnapshotFile) -> Proof:
    """In the tenant's scope. `file` with its job, that job's report, and its attempt."""
    attempt, tenant = file.attempt, file.job.tenant
    of_job = {"tenant": tenant, "job": file.job}
    links = Link.objects.filter(**of_job).annotate(taken=Count("downloads")).order_by("created_at", "id")
    deliveries = Delivery.objects.filter(**of_job).order_by("address", "id")
    downloads = Download.objects.filter(tenant=tenant, file=file).select_related("link").order_by("-at", "-id")
    counted = {"deliveries": deliveries.count(), "links": Link.objects.filter(**of_job).count(), "downloads": downloads.count()}
    sets = tuple(_data_sets(attempt))
    return Proof(
        file,
        attempt,
        tenant,
        _verdict(sets),
        sets,
        list(deliveries[:MOST_LISTED]),
        list(links[:MOST_LISTED]),
        list(downloads[:MOST_LISTED]),
        {name: max(0, number - MOST_LISTED) for name, number in counted.items()},
    )


def _data_sets(attempt: Attempt) -> list[DataSet]:
    rules: RowRules = attempt.row_rules or []
    return [
        DataSet(
            id=kept["dataset"],
            name=kept.get("name") or "",
            enabled=kept["enabled"],
            same_for_everyone=bool(kept.get("open")),
            keys=tuple(rule["key"] for rule in kept["rules"]),
            matched=tuple(attempt.session_tags[rule["key"]] for rule in kept["rules"] if rule["key"] in attempt.session_tags),
        )
        for kept in rules
    ]


def _verdict(sets: tuple[DataSet, ...]) -> str:
    if not sets:
        # None was read, which is no word of the platform's.
        return UNKNOWN
    if any(_is_bare(data_set) for data_set in sets):
        return OPEN
    return HELD if any(data_set.is_held for data_set in sets) else SAME


def _is_bare(data_set: DataSet) -> bool:
    """It had company rows, and no rule held one back."""
    return not data_set.same_for_everyone and not (data_set.is_held and data_set.matched)


def as_json(proof: Proof, now: datetime) -> dict[str, Any]:
    """Times in UTC. Without buckets and keys of objects, which are the platform's own."""
    file, attempt, job = proof.file, proof.attempt, proof.file.job
    return {
        "format": FORMAT,
        "made_at": _time(now),
        "company": {"slug": proof.company.slug, "name": proof.company.name},
        "verdict": proof.verdict,
        "file": {
            "id": str(file.pk),
            "name": file.name,
            "format": file.format,
            "size_bytes": file.size_bytes,
            "sha256": bytes(file.sha256).hex(),
            "pages": file.pages,
            "data_rows": file.data_rows,
            "version_id": file.version_id or None,
            "checked_at": _time(file.created_at),
            "removed_at": _time(file.purged_at),
        },
        "run": {
            "job": str(job.pk),
            "report": job.report.slug,
            "trigger": job.trigger,
            "started_by": job.actor,
            "snapshot_job_id": str(attempt.pk),
            "attempt": attempt.number,
            "attempts": job.attempt_count,
            "dashboard": attempt.dashboard_id,
            "dashboard_version": attempt.dashboard_version,
            "sheet": attempt.sheet_id,
            "accepted_at": _time(attempt.accepted_at),
        },
        "session_tags": dict(sorted(attempt.session_tags.items())),
        "tag_faults": [str(fault) for fault in tag_faults(attempt.session_tags)],
        "parameters": [{"name": name, "type": kind, "values": values} for name, kind, values in attempt.parameters],
        "rules_read_at": _time(attempt.rules_read_at),
        "data_sets": [
            {
                "id": one.id,
                "name": one.name,
                "rule_enabled": one.enabled,
                "tag_keys": list(one.keys),
                "matched": list(one.matched),
                "same_for_everyone": one.same_for_everyone,
            }
            for one in proof.data_sets
        ],
        "deliveries": [
            {"to": one.address, "channel": one.channel, "status": one.status, "sent_at": _time(one.sent_at)} for one in proof.deliveries
        ],
        "links": [
            {"reference": one.reference, "for": one.email or None, "made_at": _time(one.created_at), "revoked_at": _time(one.revoked_at)}
            for one in proof.links
        ],
        "downloads": [
            {"at": _time(one.at), "by": one.actor, "link": one.link.reference if one.link else None, "ip": one.ip, "with": one.user_agent}
            for one in proof.downloads
        ],
        "not_listed": proof.not_listed,
    }


def export(proof: Proof, now: datetime) -> bytes:
    """Readable JSON, and a signature over its very bytes: see tenants/signing.py and docs/proof.md."""
    return signing.sign(json.dumps(as_json(proof, now), indent=2, ensure_ascii=False).encode())


def _time(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z") if at else None
