"""Addresses below /api/: with and without a last slash, never a redirect, which would turn a POST into a GET."""

from __future__ import annotations

import re

from django.urls import URLPattern, URLResolver, re_path

from reports.api.v1.audiences import Audiences, SingleAudience
from reports.api.v1.authentication import check_authenticators
from reports.api.v1.batches import Batches, CancelBatch, SingleBatch
from reports.api.v1.destinations import Destinations, SingleDestination, TestDestination
from reports.api.v1.downloads import Downloads, DownloadsOfLink
from reports.api.v1.events import Events
from reports.api.v1.job_deliveries import JobDeliveries, RetryFailedDeliveries
from reports.api.v1.job_files import DownloadFile
from reports.api.v1.job_release import RejectJob, ReleaseJob
from reports.api.v1.jobs import CancelJob, Jobs, RecallJob, RestateJob, RetryJob, SingleJob
from reports.api.v1.links import Links, RevokeLink, RevokeLinks, SingleLink
from reports.api.v1.me import Me
from reports.api.v1.occurrences import Occurrences, RetryOccurrence, SingleOccurrence
from reports.api.v1.proof import JobProof
from reports.api.v1.recipients import Recipients, SingleRecipient
from reports.api.v1.recipients_import import ImportRecipients
from reports.api.v1.reports import Reports, SingleReport
from reports.api.v1.schedule_verbs import PauseSchedule, ResumeSchedule, RunSchedule, SchedulePreview
from reports.api.v1.schedules import Schedules, SingleSchedule
from reports.api.v1.schema import Document
from reports.api.v1.usage import Usage
from reports.api.v1.view import Unknown, V1View
from reports.api.v1.webhook_deliveries import ReplayDelivery, WebhookDeliveries
from reports.api.v1.webhook_verbs import ReplayWebhook, RotateSecret, TestWebhook
from reports.api.v1.webhooks import SingleWebhook, Webhooks

PART, NO_WORD = re.compile(r"<(\w+)>"), re.compile(r"\W+")
# In this order they are tried: what has a name of its own comes before what takes any.
ADDRESSES: list[tuple[str, type[V1View]]] = [
    ("me", Me),
    ("audiences", Audiences),
    ("audiences/<audience>", SingleAudience),
    ("batches", Batches),
    ("batches/<batch>", SingleBatch),
    ("batches/<batch>/cancel", CancelBatch),
    ("destinations", Destinations),
    ("destinations/<destination>", SingleDestination),
    ("destinations/<destination>/test", TestDestination),
    ("events", Events),
    ("jobs", Jobs),
    ("jobs/<job>", SingleJob),
    ("jobs/<job>/cancel", CancelJob),
    ("jobs/<job>/deliveries", JobDeliveries),
    ("jobs/<job>/deliveries/retry-failed", RetryFailedDeliveries),
    ("jobs/<job>/files/<file>/download", DownloadFile),
    ("jobs/<job>/proof", JobProof),
    ("jobs/<job>/recall", RecallJob),
    ("jobs/<job>/reject", RejectJob),
    ("jobs/<job>/release", ReleaseJob),
    ("jobs/<job>/restate", RestateJob),
    ("jobs/<job>/retry", RetryJob),
    ("downloads", Downloads),
    ("links", Links),
    ("links/revoke", RevokeLinks),
    ("links/<link>", SingleLink),
    ("links/<link>/downloads", DownloadsOfLink),
    ("links/<link>/revoke", RevokeLink),
    ("occurrences/<occurrence>", SingleOccurrence),
    ("occurrences/<occurrence>/retry-failed", RetryOccurrence),
    ("recipients", Recipients),
    ("recipients/import", ImportRecipients),
    ("recipients/<recipient>", SingleRecipient),
    ("reports", Reports),
    ("reports/<report>", SingleReport),
    ("schedules", Schedules),
    ("schedules/preview", SchedulePreview),
    ("schedules/<schedule>", SingleSchedule),
    ("schedules/<schedule>/occurrences", Occurrences),
    ("schedules/<schedule>/pause", PauseSchedule),
    ("schedules/<schedule>/resume", ResumeSchedule),
    ("schedules/<schedule>/run", RunSchedule),
    ("usage", Usage),
    ("webhooks", Webhooks),
    ("webhooks/<webhook>", SingleWebhook),
    ("webhooks/<webhook>/deliveries", WebhookDeliveries),
    ("webhooks/<webhook>/deliveries/<webhook_delivery>/replay", ReplayDelivery),
    ("webhooks/<webhook>/replay", ReplayWebhook),
    ("webhooks/<webhook>/rotate-secret", RotateSecret),
    ("webhooks/<webhook>/test", TestWebhook),
]


def at(address: str, view: type[V1View]) -> URLPattern:
    """A part such as `<job>` is taken as text: whether it is an id is said after the key was asked for."""
    pattern = PART.sub(r"(?P<\1>[^/]+)", address)
    return re_path(rf"^v1/{pattern}/?\Z", view.as_view(), name=f"v1_{NO_WORD.sub('_', address).strip('_')}")


# A wrong PORTAL_API_AUTHENTICATORS stops the start, not the first caller.
check_authenticators()
urlpatterns: list[URLPattern | URLResolver] = [
    *(at(address, view) for address, view in ADDRESSES),
    re_path(r"^schema/?\Z", Document.as_view(), name="api_schema"),
    re_path(r"^", Unknown.as_view(), name="v1_unknown"),
]
