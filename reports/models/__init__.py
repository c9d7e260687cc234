from reports.models.catalogue import Account, Format, Grant, Report, ReportParameter
from reports.models.delivery import Download, Link
from reports.models.engine import Heartbeat, Pump, RequestBudget, Slot
from reports.models.imports import CatalogueImport
from reports.models.jobs import Attempt, JobEvent, SnapshotFile, SnapshotJob
from reports.models.schedules import Audience, AudienceRecipient, Recipient, Schedule

__all__ = [
    "Account",
    "Attempt",
    "Audience",
    "AudienceRecipient",
    "CatalogueImport",
    "Download",
    "Format",
    "Grant",
    "Heartbeat",
    "JobEvent",
    "Link",
    "Pump",
    "Recipient",
    "Report",
    "ReportParameter",
    "RequestBudget",
    "Schedule",
    "Slot",
    "SnapshotFile",
    "SnapshotJob",
]
