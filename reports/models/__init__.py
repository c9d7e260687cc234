from reports.models.alarms import Alarm, AlarmMessage
from reports.models.archive import ArchiveVisit
from reports.models.audiences import (
    Audience,
    AudienceGroup,
    AudienceRecipient,
    GroupMember,
    Recipient,
    RecipientGroup,
    Suppression,
)
from reports.models.batches import Batch
from reports.models.catalogue import Account, Format, Grant, Report, ReportParameter
from reports.models.delivery import Download, Link
from reports.models.destinations import AudienceDestination, Destination
from reports.models.engine import CapacitySample, Heartbeat, LaneClock, Pace, PlannedLoad, Process, Pump, RequestBudget, Slot, TenantQueue
from reports.models.erasures import AddressKey, Erasure
from reports.models.idempotency import IdempotentRequest
from reports.models.imports import CatalogueImport
from reports.models.installation import Installation
from reports.models.jobs import Attempt, JobEvent, SnapshotFile, SnapshotJob
from reports.models.measures import Figures, Tally
from reports.models.pauses import Pause
from reports.models.reviews import Review
from reports.models.schedules import Occurrence, Protection, Schedule
from reports.models.sending import Delivery, MailBudget, Notice
from reports.models.tag_drafts import TagDraft
from reports.models.templates import ScheduleTemplate, TemplateUse
from reports.models.undo import Undo
from reports.models.uptime import ServiceDay, ServiceNote, ServicePart, ServiceSpell
from reports.models.usage import DailyUsage
from reports.models.webhooks import Event, Webhook, WebhookDelivery, WebhookTry

__all__ = [
    "Account",
    "AddressKey",
    "Alarm",
    "AlarmMessage",
    "ArchiveVisit",
    "Attempt",
    "Audience",
    "AudienceDestination",
    "AudienceGroup",
    "AudienceRecipient",
    "Batch",
    "CapacitySample",
    "CatalogueImport",
    "DailyUsage",
    "Delivery",
    "Destination",
    "Download",
    "Erasure",
    "Event",
    "Figures",
    "Format",
    "Grant",
    "GroupMember",
    "Heartbeat",
    "IdempotentRequest",
    "Installation",
    "JobEvent",
    "LaneClock",
    "Link",
    "MailBudget",
    "Notice",
    "Occurrence",
    "Pace",
    "Pause",
    "PlannedLoad",
    "Process",
    "Protection",
    "Pump",
    "Recipient",
    "RecipientGroup",
    "Report",
    "ReportParameter",
    "RequestBudget",
    "Review",
    "Schedule",
    "ScheduleTemplate",
    "ServiceDay",
    "ServiceNote",
    "ServicePart",
    "ServiceSpell",
    "Slot",
    "SnapshotFile",
    "SnapshotJob",
    "Suppression",
    "TagDraft",
    "Tally",
    "TemplateUse",
    "TenantQueue",
    "Undo",
    "Webhook",
    "WebhookDelivery",
    "WebhookTry",
]
