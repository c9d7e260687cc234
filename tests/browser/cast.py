"""Who and what the pages show: the companies, people and reports of the design's mock-ups, so that pictures can be laid side by side.

Nothing here is worked on: the account has no pump and no slots, so a job that is drawn as waiting or rendering stays so. Times are
counted back from now, because pages look at the real clock; everything else is the same in each run.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from portal.paging import key_of
from reports import branding, logos
from reports.branding import Wanted
from reports.delivery.unsubscribing import unsubscribe_url
from reports.models import Account, Attempt, Download, Erasure, JobEvent, Link, Recipient, Report, Schedule, SnapshotJob
from tenants.audit import Actor
from tenants.models import Invitation, Membership, Tenant, User
from tenants.scope import platform_scope, tenant_scope
from tests.browser.cast_accounts import make_accounts
from tests.browser.cast_archive import make_archive
from tests.browser.cast_destinations import make_destinations, make_long_destination
from tests.browser.cast_gate import make_held_run
from tests.browser.cast_queue import make_busy_queue
from tests.browser.cast_schedules import make_schedules
from tests.browser.cast_staff import make_staff_views
from tests.browser.cast_status import make_status
from tests.browser.cast_usage import make_usage
from tests.browser.cast_webhooks import make_long_webhook, make_webhooks
from tests.factories import (
    make_account,
    make_api_key,
    make_attempt,
    make_audience,
    make_delivery,
    make_file,
    make_grant,
    make_group,
    make_job,
    make_link,
    make_member,
    make_report,
    make_schedule,
    make_suppression,
    make_tenant,
    make_user,
    make_visit,
)
from tests.long_names import HOST, VALUE, make_long_names
from tests.pictures import azure_bay
from tests.portal.views import drafts
from tests.pretend_aws import ACCOUNT, REGION

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
OUTLOOK = "Mozilla/4.0 (compatible; ms-office; MSOffice 16; Microsoft Outlook 16.0)"
TAGS = {"tenant_id": "1042", "region": "iberia", "brand_group": "azure-bay"}
ASKED = {"Property": ["Funchal Marina", "Lisboa Rossio"], "Lines": ["Reservations", "Groups", "Loyalty"], "Shortest call, seconds": 20}
LIVELY_REPORT = "Daily call volume"
PARAMETERS: list[dict[str, Any]] = [
    {"name": "Property", "type": "string", "multiple": True, "choices": ["Funchal Marina", "Lisboa Rossio", "Faro Beach"]},
    {"name": "First day", "type": "datetime", "default": "2026-11-16"},
    {"name": "Lines", "type": "string", "multiple": True, "choices": ["Reservations", "Groups", "Loyalty"], "default": ["Groups"]},
    {"name": "Shortest call, seconds", "type": "integer", "default": 0},
    {"name": "Currency", "type": "string", "choices": ["EUR, euro", "GBP, pound"], "default": "EUR, euro"},
]
# Name, what it tells, formats.
REPORTS = {
    "daily": ("Daily call summary", "Calls offered, answered and abandoned per property, with the busiest hours.", ["PDF", "EXCEL"]),
    "agents": ("Agent performance", "Handle time, occupancy and quality score for each agent and team.", ["PDF", "EXCEL"]),
    "wait": ("Queue wait and abandonment", "How long callers wait, by queue and half hour.", ["PDF"]),
    "conversion": ("Reservation line conversion", "Share of calls that end in a booking, and the revenue they bring.", ["PDF", "EXCEL"]),
    "voice": ("Voice of the guest", "Survey scores and recurring themes from calls about a stay.", ["PDF"]),
    "sla": ("SLA compliance", "Calls answered within the agreed 20 seconds, by line.", ["PDF", "CSV"]),
    "billing": ("Billing usage by property", "Minutes, numbers and recordings to re-bill to each property.", ["EXCEL", "CSV"]),
    "detail": ("Call detail export", "One row per call for your data warehouse.", ["CSV"]),
    "campaign": ("Outbound campaign results", "Contacts reached, callbacks agreed and opt-outs.", ["PDF", "EXCEL"]),
}


@dataclass
class Cast:
    """`parts` are what stands in the pages' addresses."""

    parts: dict[str, str] = field(default_factory=dict)
    people: dict[str, User] = field(default_factory=dict)


@dataclass(frozen=True)
class Company:
    tenant: Tenant
    reports: dict[str, Report]
    now: datetime

    def job(self, name: str, report: str, status: str, *, ago: float, took: float = 0, **fields: Any) -> SnapshotJob:
        """Asked for so many seconds ago; `took` as long, if it has ended."""
        began = self.now - timedelta(seconds=ago)
        fields = {"id": _id(name), "parameters": ASKED} | fields
        if status in SnapshotJob.ENDED:
            fields["finished_at"] = began + timedelta(seconds=took)
        elif status != SnapshotJob.Status.QUEUED:
            fields["started_at"] = began + timedelta(seconds=2)
        return make_job(tenant=self.tenant, report=self.reports[report], status=status, now=began, **fields)


def make_cast() -> Cast:
    cast, now = Cast(), timezone.now()
    account = _account_that_rests()
    reports = {
        slug: make_report(slug=slug, name=name, description=told, formats=formats, account=account, parameters=PARAMETERS)
        for slug, (name, told, formats) in REPORTS.items()
    }
    marta = make_user(email="marta.oliveira@azurebay.example", name="Marta Oliveira")
    _azure_bay(cast, Company(_tenant("azure-bay", "Azure Bay Hotels", "AZUREBAY", TAGS), reports, now), marta)
    _lumen(cast, Company(_tenant("lumen", "Lumen Hotels", "LUMENAAA", TAGS), reports, now), marta)
    _saltmarsh(cast, Company(_tenant("saltmarsh", "Saltmarsh Insurance", "SALTMARS", TAGS), reports, now), marta)
    _long_names(cast)
    harbour = _tenant("harbour", "Harbour Ferries", "HARBOURA", TAGS)
    newcomer = make_member(tenant=harbour, role="owner", email="nora@harbour.example", name="Nora Lund")
    make_archive(cast.parts, _tenant("funchal", "Azure Bay Hotels", "FUNCHALA", TAGS), reports, now)
    _staff(cast, reports["daily"])
    make_busy_queue(cast.parts, reports, now)
    make_status(cast.people["ines"], now)
    cast.people["vera"] = make_staff_views(cast.parts, reports, cast.people["ines"], now)
    cast.people |= {"marta": marta, "newcomer": newcomer, "stranger": make_user(email="stranger@example.com")}
    cast.people |= make_accounts(cast.parts)
    parts, people = make_held_run(reports["daily"], now)
    cast.parts |= parts
    cast.people |= people
    cast.people["hurried"] = make_member(tenant=harbour, role="viewer", email="nils@harbour.example", name="Nils Berg")
    return cast


def make_lively_company() -> str:
    """The pretend AWS's own company, on its account, where jobs are worked on. Returns the e-mail of its owner."""
    tenant = make_tenant(slug="acme", name="Acme Hotels", timezone="Europe/Berlin")
    account = make_account(name="lively", aws_account_id=ACCOUNT, region=REGION)
    report = make_report(slug="daily-calls", name=LIVELY_REPORT, account=account, visual_ids=["table-1"], parameters=[])
    make_grant(tenant=tenant, report=report)
    return make_member(tenant=tenant, email="owner@acme.example", name="Olga Owner", role="owner").email


def _account_that_rests() -> Account:
    """`main`, where rows go that name no account."""
    with platform_scope():
        return Account.objects.create(name="main", aws_account_id="444455556666", region="us-east-1", slots=12)


def _tenant(slug: str, name: str, code: str, tags: dict[str, str]) -> Tenant:
    looks = {"brand_color": "#0b5e6b", "reply_to": f"reports@{slug.replace('-', '')}.example"}
    return make_tenant(slug=slug, name=name, code=code, timezone="Europe/Lisbon", session_tags=tags, **looks)


def _azure_bay(cast: Cast, here: Company, marta: User) -> None:
    """A busy morning: some jobs move, some failed, some are ready, and links of every kind."""
    rui = make_member(tenant=here.tenant, email="rui.santos@azurebay.example", name="Rui Santos", role="viewer")
    make_member(tenant=here.tenant, user=marta, role="admin")
    _people(cast, here, rui)
    with tenant_scope(here.tenant):
        contact, color = here.tenant.reply_to, here.tenant.brand_color
        branding.change(here.tenant, Actor(marta.email), Wanted("", contact, color, logos.read(azure_bay())), now=here.now)
    by_marta = {"requested_by": marta, "actor": marta.email}
    key, _ = make_api_key(tenant=here.tenant, name="data-lake")
    _keys(cast, here, marta)
    cast.parts |= make_webhooks(here.tenant, marta, here.now)
    cast.parts |= make_destinations(here.tenant, marta, here.now)
    for report in here.reports.values():
        make_grant(tenant=here.tenant, report=report)
    make_usage(here.tenant, here.reports, here.now)
    running = here.job("running", "daily", "running", ago=68, attempt_count=1, **by_marta)
    make_attempt(job=running, session_tags=TAGS, accepted_at=running.started_at, service_status="RUNNING")
    _tell(running, (0, "queued", {"actor": marta.email}), (1, "submitted", {"attempt": 1}), (2, "accepted", {}))
    collecting = here.job("collecting", "billing", "collecting", ago=141, formats=["EXCEL"], attempt_count=1, **by_marta)
    make_attempt(job=collecting, session_tags=TAGS, service_status="COMPLETED", ended_at=here.now)
    soon = {"ahead": 1, "expected_start_at": here.now + timedelta(minutes=1)}
    queued = here.job(
        "queued", "detail", "queued", ago=20, formats=["CSV"], trigger="api", api_key=key, actor="API key “data-lake”", **soon
    )
    _tell(queued, (0, "queued", {"actor": "API key “data-lake”"}))
    here.job("quick", "sla", "completed", ago=4600, took=51, formats=["CSV"], attempt_count=1, **by_marta)
    _failed(here, "refused", "conversion", ago=11800, took=64, attempts=1, failure_code="parameter_refused", **by_marta)
    _delivered(cast, here, marta)
    failed = _failed(here, "failed", "agents", ago=12600, took=210, attempts=3, failure_code="report_failed", **by_marta)
    retrying = here.job(
        "retrying", "wait", "queued", ago=95, attempt_count=1, waiting="retry", not_before=here.now + timedelta(minutes=2), **by_marta
    )
    _attempt(retrying, 1, failure_code="report_failed")
    _tell(
        retrying,
        (0, "queued", {"actor": marta.email}),
        (1, "submitted", {"attempt": 1}),
        (30, "attempt_failed", {"attempt": 1, "wait": 60}),
    )
    here.job("slow", "voice", "completed", ago=56000, took=118, attempt_count=1, **by_marta)
    cancelled = here.job("cancelled", "campaign", "cancelled", ago=63000, took=9, requested_by=rui, actor=rui.email)
    _tell(cancelled, (0, "queued", {"actor": rui.email}), (9, "cancelled", {"actor": rui.email}))
    cast.people["rui"] = rui
    cast.parts |= {"running": str(running.pk), "queued": str(queued.pk), "retrying": str(retrying.pk), "cancelled": str(cancelled.pk)}
    cast.parts |= {"failed": str(failed.pk), "older": key_of(failed)}
    cast.parts |= make_schedules(here.tenant, here.reports["daily"].account, marta, here.now, here.reports)
    _invitations(cast, here.tenant, marta)
    _mail(cast, here)
    _address_book(cast, here)


def _mail(cast: Cast, here: Company) -> None:
    """What a schedule's recipients get, in words of its own."""
    scheduled = make_schedule(
        tenant=here.tenant,
        report=here.reports["daily"],
        id=_id("scheduled"),
        slug="daily-calls",
        formats=["PDF", "EXCEL"],
        cron="0 6 * * *",
        next_run_at=here.now + timedelta(hours=20),
        message="Dear {recipient},\nthese are yesterday's calls of all properties.\n\nReply to this mail if a figure looks wrong.",
    )
    cast.parts["scheduled"] = str(scheduled.pk)


def _address_book(cast: Cast, here: Company) -> None:
    """Those of the mock-up, in its groups, beside whom the schedules have already."""
    tenant = here.tenant
    people = {
        name: _person(tenant, email, called)
        for name, email, called in (
            ("helena", "gm.funchal@azurebay.example", "Helena Freitas"),
            ("ops", "ops@azurebay.example", "Operations desk"),
            ("cfo", "cfo@azurebay.example", "Duarte Pinto"),
            ("rossio", "rossio.frontdesk@azurebay.example", "Rossio front desk"),
            ("faro", "faro.gm@azurebay.example", "Rui Tavares"),
            ("revenue", "revenue@azurebay.example", "Revenue team"),
            ("ramos", "j.ramos@partner.example", "Joana Ramos"),
        )
    }
    members = {"Property managers": ("helena", "faro"), "Night managers": ("rossio",), "Revenue": ("revenue",)}
    groups = {name: make_group(tenant=tenant, name=name, recipients=[people[one] for one in who]) for name, who in members.items()}
    with tenant_scope(tenant):
        scheduled = Schedule.objects.select_related("tenant").get(pk=cast.parts["scheduled"])
    make_audience(schedule=scheduled, groups=list(groups.values()))
    bounced = {"detail": "550 5.1.1 There is no mailbox of this name here", "at": here.now - timedelta(days=21)}
    make_suppression(tenant=tenant, email=people["faro"].email, **bounced)
    make_suppression(tenant=tenant, email=people["ramos"].email, reason="unsubscribed", at=here.now - timedelta(days=3))
    make_suppression(tenant=tenant, email="gone@partner.example", reason="complained", at=here.now - timedelta(days=40))
    with tenant_scope(tenant):
        job = SnapshotJob.objects.get(pk=_id("delivered"))
        file = job.files.first()
    for name, status, fields, link in (
        ("helena", "sent", {}, {"uses": 3}),
        ("rossio", "sent", {}, {}),
        ("ramos", "sent", {}, {"uses": 2, "revoked_at": here.now - timedelta(minutes=40)}),
        ("faro", "bounced", {"failure_code": "no_such_address"}, None),
        ("ops", "pending", {"tries": 1, "failure_code": "asked_to_wait"}, None),
    ):
        person = people[name]
        sent = make_delivery(job=job, address=person.email, name=person.name, recipient=person, status=status, **fields)
        if link is not None:
            made, _ = _link(job, f"LNK-{name.upper():A<8}", recipient=person, email=person.email, delivery=sent, **link)
        if link and link.get("uses"):
            with tenant_scope(tenant):
                Download.objects.create(tenant=tenant, file=file, link=made, actor=made.reference, at=here.now - timedelta(minutes=55))
    cast.parts |= {"helena": str(people["helena"].pk), "bounced": str(people["faro"].pk)}
    cast.parts["property_managers"] = str(groups["Property managers"].pk)


def _person(tenant: Tenant, email: str, name: str) -> Recipient:
    with tenant_scope(tenant):
        return Recipient.objects.update_or_create(tenant=tenant, email=email, defaults={"name": name})[0]


def _delivered(cast: Cast, here: Company, marta: User) -> None:
    fields = {"requested_by": marta, "actor": marta.email, "formats": ["PDF", "EXCEL"], "attempt_count": 2}
    job = here.job("delivered", "daily", "completed", ago=11820, took=246, **fields)
    _attempt(job, 1, error_type="ThrottlingException", error_message="Rate exceeded", failure_code="report_failed")
    last = make_attempt(
        job=job,
        number=2,
        now=job.created_at + timedelta(seconds=151),
        session_tags=TAGS,
        ended_at=job.finished_at,
        service_status="COMPLETED",
    )
    for format, name, size in (
        ("PDF", "daily-call-summary_2026-11-22.pdf", 1_884_160),
        ("EXCEL", "daily-call-summary_2026-11-22.xlsx", 421_900),
    ):
        make_file(job=job, attempt=last, format=format, name=name, size_bytes=size)
    _tell(
        job,
        (0, "queued", {"actor": marta.email}),
        (2, "submitted", {"attempt": 1}),
        (31, "attempt_failed", {"attempt": 1, "wait": 120}),
        (151, "submitted", {"attempt": 2}),
        (233, "rendered", {"seconds": 82}),
        (237, "saved", {"name": "daily-call-summary_2026-11-22.pdf"}),
        (238, "saved", {"name": "daily-call-summary_2026-11-22.xlsx"}),
        (246, "completed", {}),
    )
    ended = {"expires_at": here.now - timedelta(days=1), "now": here.now - timedelta(days=31)}
    links = {
        "link": _link(job, "LNK-7Q2MAAAA", uses=3),
        "unused": _link(job, "LNK-7Q2NAAAA"),
        "link_expired": _link(job, "LNK-7B2DAAAA", uses=2, **ended),
        "link_used_up": _link(job, "LNK-7Q2PAAAA", uses=50),
        "link_revoked": _link(job, "LNK-7M8AAAAA", uses=4, revoked_at=here.now - timedelta(hours=1)),
    }
    single = here.job("single", "voice", "completed", ago=90000, took=118, attempt_count=1, requested_by=marta, actor=marta.email)
    _tell(single, (0, "queued", {"actor": marta.email}), (2, "submitted", {"attempt": 1}), (118, "completed", {}))
    rules = [
        {"dataset": "calls_rls", "name": "Calls", "enabled": True, "rules": [{"key": "tenant_id", "delimiter": ",", "match_all": "*"}]},
        {"dataset": "rates", "name": "Exchange rates", "enabled": False, "rules": [], "open": True},
    ]
    frozen = {"row_rules": rules, "rules_read_at": single.created_at, "dashboard_version": 14}
    made = make_attempt(job=single, session_tags=TAGS, ended_at=here.now, service_status="COMPLETED", **frozen)
    file = make_file(job=single, attempt=made, name="voice-of-the-guest_2026-11-21.pdf", size_bytes=912_400, pages=6)
    cast.parts["single_file"] = str(file.pk)
    links["link_single"] = _link(single, "LNK-8C3RAAAA")
    links |= _links_of_every_kind(here, job, single)
    cast.parts |= {"delivered": str(job.pk), "single": str(single.pk), "revoke": str(links["unused"][0].pk)}
    cast.parts |= {name: f"{here.tenant.code}/{token}" for name, (_, token) in links.items()}
    cast.parts["removed"] = str(links["link_gone"][0].job_id)
    _erased(here)
    cast.parts |= {"used": str(links["link"][0].pk), "locked": str(links["link_locked"][0].pk)}
    for minutes, user_agent in ((30, FIREFOX), (29, FIREFOX), (4, OUTLOOK)):
        _download(links["link"][0], job, here.now - timedelta(minutes=minutes), user_agent, is_repeat=minutes == 29)
    for part, address in (("link_stop", "rossio.desk@azurebay.example"), ("link_stopped", "faro.gm@azurebay.example")):
        mailed = make_delivery(job=single, address=address, status="sent")
        with tenant_scope(here.tenant):
            cast.parts[part] = unsubscribe_url(mailed).partition("/u/")[2]


def _erased(here: Company) -> None:
    told = {"rows": {"recipients": 4, "deliveries": 22, "links": 22, "texts": 3}, "files": 2}
    because = {"by": "cfo@azurebay.example", "reason": "The guest asked for it by letter of 12 November."}
    with tenant_scope(here.tenant):
        at = here.now - timedelta(days=6)
        Erasure.objects.create(tenant=here.tenant, address_hmac=b"erased", at=at, ended_at=at, removed=told, **because)


def _people(cast: Cast, here: Company, rui: User) -> None:
    """An owner, who manages members; people asked to come; and a visit of staff that is over."""
    cast.people["duarte"] = make_member(tenant=here.tenant, email="cfo@azurebay.example", name="Duarte Pinto", role="owner")
    with tenant_scope(here.tenant):
        cast.parts["member"] = str(Membership.objects.get(tenant=here.tenant, user=rui.pk).pk)
        for email in ("teresa.alves@azurebay.example", "auditor@hartley.example"):
            Invitation.issue(here.tenant, email, "viewer", here.now)
    staff = make_user(email="tom.adeyemi@anycompany.example", name="Tom Adeyemi", is_staff=True)
    ago = here.now - timedelta(days=3)
    over = {"ticket": "SUP-4419", "reason": "A schedule failed; checking what the customer sees.", "ended_at": ago + timedelta(minutes=12)}
    make_visit(tenant=here.tenant, staff=staff, role="admin", now=ago, **over)


def _keys(cast: Cast, here: Company, marta: User) -> None:
    """One that ends soon, one of a rotation, one that was never used, and two that ended."""
    day = timedelta(days=1)
    used = {"last_used_at": here.now - timedelta(hours=11), "last_used_from": "198.51.100.7"}
    soon = {"scopes": ("jobs:read",), "expires_at": here.now + 9 * day + timedelta(hours=2)}
    crm, _ = make_api_key(tenant=here.tenant, name="crm-sync", created_by=marta, **soon, **used)
    newer, _ = make_api_key(tenant=here.tenant, name="night-audit", created_by=marta, expires_at=here.now + 365 * day)
    older = {"family": newer.family, "replaced_by": newer, "expires_at": here.now + 6 * day}
    make_api_key(tenant=here.tenant, name="night-audit", created_by=marta, **older, **used)
    make_api_key(tenant=here.tenant, name="spreadsheet", created_by=marta, expires_at=here.now - 20 * day, **used)
    make_api_key(tenant=here.tenant, name="old-crm", created_by=marta, revoked_at=here.now - 40 * day)
    cast.parts["key"] = str(crm.pk)


def _lumen(cast: Cast, here: Company, marta: User) -> None:
    """Seen by somebody who may look only: nothing runs and nothing failed."""
    make_member(tenant=here.tenant, user=marta, role="viewer")
    for number, report in enumerate(("daily", "sla", "voice")):
        job = here.job(
            f"lumen {report}", report, "completed", ago=5000 + 3600 * number, took=60 + number, attempt_count=1, actor="ops@lumen.example"
        )
        _tell(job, (0, "queued", {"actor": "ops@lumen.example"}), (1, "submitted", {"attempt": 1}), (60, "completed", {}))
        make_file(job=job, name=f"{report}.pdf", size_bytes=300_000)
    cast.parts["theirs"] = str(job.pk)


def _saltmarsh(cast: Cast, here: Company, marta: User) -> None:
    """Set up a moment ago: nothing ever ran, and one report cannot."""
    make_member(tenant=here.tenant, user=marta, role="owner")
    why = "Data set “Claims” has no tag rule for “tenant_id”."
    refused = {"preflight": Report.Preflight.REFUSED, "preflight_code": "rows_not_isolated", "preflight_detail": why}
    account = here.reports["daily"].account
    offered = [*here.reports.values(), make_report(slug="claims", name="Claims by month", account=account, **refused)]
    offered.append(make_report(slug="market", name="Market benchmark", account=account, same_for_everyone=True))
    for report in offered:
        make_grant(tenant=here.tenant, report=report)


def _staff(cast: Cast, published: Report) -> None:
    """Imports at each point of their way. Who looks at them is Ines."""
    ines = make_user(email="ines.prado@anycompany.example", name="Ines Prado", is_staff=True)
    omar = make_user(email="omar.haddad@anycompany.example", name="Omar Haddad", is_staff=True)
    # What nobody begins within two minutes the worker is sent for again; this is to stay as it is.
    taken = timezone.now() + timedelta(minutes=15)
    unread = {"dashboards": [], "listed_at": None, "dashboard_id": "", "found": {}, "wanted": {}, "verdict": {}}
    claimed = {"open_data_sets": ["rates"], "open_reason": "Published by the central bank", "said_by": omar}
    agreed = drafts.verdict(drafts.CALLS, drafts.RATES | {"open": True, "problem": ""})
    made = {
        "draft": drafts.make_draft(ines, id=_id("draft"), verdict=drafts.verdict(drafts.CALLS, drafts.RATES)),
        "draft_reading": drafts.make_draft(ines, id=_id("reading"), work="list", touched_at=taken, **unread),
        "draft_claimed": drafts.make_draft(omar, id=_id("claimed"), verdict=agreed, **claimed),
        "draft_stopped": drafts.make_draft(
            ines, id=_id("stopped"), fault="QuickSight refused the portal access to this account.", **unread
        ),
        "draft_published": drafts.make_draft(ines, id=_id("published"), report=published, published_at=timezone.now()),
    }
    cast.people["ines"] = ines
    cast.parts |= {name: str(draft.pk) for name, draft in made.items()}


def _long_names(cast: Cast) -> None:
    here = make_long_names()
    make_api_key(tenant=here.tenant, name=VALUE, created_by=here.owner, last_used_at=timezone.now(), last_used_from="2001:db8:85a3::8a2e")
    _, token = make_link(job=here.completed)
    scheduled = make_schedule(
        tenant=here.tenant, report=here.report, formats=["PDF", "CSV", "EXCEL"], subject=f"{here.report.name} {{tenant}}"
    )
    cast.parts |= make_long_destination(here.tenant, here.owner, HOST, VALUE, timezone.now())
    cast.parts |= make_long_webhook(here.tenant, here.owner, HOST, VALUE, timezone.now())
    cast.people["long"] = here.owner
    cast.parts |= {"long": str(here.completed.pk), "link_long": f"{here.tenant.code}/{token}", "scheduled_long": str(scheduled.pk)}


def _failed(here: Company, name: str, report: str, *, attempts: int, **fields: Any) -> SnapshotJob:
    job = here.job(name, report, "failed", attempt_count=attempts, **fields)
    for number in range(1, attempts + 1):
        _attempt(job, number, failure_code=job.failure_code)
    sent = [(number * 60 - 59, "submitted", {"attempt": number}) for number in range(1, attempts + 1)]
    broke = [(number * 60 - 20, "attempt_failed", {"attempt": number, "wait": 60}) for number in range(1, attempts)]
    _tell(job, (0, "queued", {"actor": job.actor}), *sorted(sent + broke, key=lambda line: line[0]), (fields["took"], "failed", {}))
    return job


def _attempt(job: SnapshotJob, number: int, **fields: Any) -> Attempt:
    """One that failed."""
    at = job.created_at + timedelta(seconds=60 * number - 58)
    told = {"error_type": "INTERNAL_ERROR", "error_message": "The snapshot could not be generated.", "service_status": "FAILED"} | fields
    pk = _id(f"{job.pk} {number}")
    return make_attempt(job=job, number=number, id=pk, now=at, ended_at=at + timedelta(seconds=29), session_tags=TAGS, **told)


def _links_of_every_kind(here: Company, job: SnapshotJob, single: SnapshotJob) -> dict[str, tuple[Link, str]]:
    """To one recipient: protected, locked, of a report that was corrected, and of files that are gone."""
    to = {"email": "gm.funchal@azurebay.example"}
    ended = {"expires_at": here.now - timedelta(days=1), "now": here.now - timedelta(days=8)}
    corrected = here.job("corrected", "conversion", "completed", ago=14000, took=90, formats=["EXCEL"])
    because = {"replaces": corrected, "replaces_because": "Faro Beach was missing on Saturday."}
    newer = here.job("newer", "conversion", "completed", ago=3000, took=90, formats=["EXCEL"], **because)
    gone, lost = (here.job(name, "wait", "completed", ago=400_000, took=60) for name in ("gone", "lost"))
    for kept, name in ((corrected, "reservation-line_2026-w47.xlsx"), (newer, "reservation-line_2026-w47_v2.xlsx")):
        make_file(job=kept, format="EXCEL", name=name, size_bytes=602_112)
    removed = here.job("removed", "wait", "completed", ago=100 * 86_400, took=60)
    for missed in (gone, lost, removed):
        make_file(job=missed, name="queue-wait_2026-11-17.pdf", size_bytes=302_112)
    here.job("remake", "wait", "running", ago=40, attempt_count=1, trigger="remake", retry_of=gone)
    here.job("remake_failed", "wait", "failed", ago=4000, took=60, trigger="remake", retry_of=lost, failure_code="report_failed")
    passcode = {"protection": "passcode", "passcode": make_password("open sesame")}
    return {
        "link_passcode": _link(single, "LNK-7B3DAAAA", **to, **passcode),
        "link_code": _link(single, "LNK-7B4DAAAA", **to, protection="mailed"),
        "link_locked": _link(single, "LNK-7B5DAAAA", **to, **passcode, wrong_codes=10),
        "link_gone": _link(removed, "LNK-7C3DAAAA", **to),
        "link_preparing": _link(gone, "LNK-7B6DAAAA", **to),
        "link_not_prepared": _link(lost, "LNK-7B7DAAAA", **to),
        "link_superseded": _link(corrected, "LNK-7B8DAAAA", **to, superseded_by=newer),
        "link_expired_mailed": _link(single, "LNK-7B9DAAAA", **to, **ended),
        "link_german": _link(single, "LNK-7C2DAAAA", **to, language="de"),
    }


def _download(link: Link, job: SnapshotJob, at: datetime, user_agent: str, *, is_repeat: bool) -> None:
    with tenant_scope(job.tenant_id):
        file = job.files.order_by("format").first()
        Download.objects.create(
            tenant_id=job.tenant_id,
            file=file,
            link=link,
            actor=link.reference,
            at=at,
            ip="192.0.2.9",
            user_agent=user_agent,
            is_repeat=is_repeat,
        )


def _link(job: SnapshotJob, reference: str, **fields: Any) -> tuple[Link, str]:
    fields = {"id": _id(reference), "created_by": "Marta Oliveira"} | fields
    return make_link(job=job, reference=reference, **fields)


def _invitations(cast: Cast, tenant: Tenant, known: User) -> None:
    with tenant_scope(tenant):
        for name, email in {"invitation": "new.person@azurebay.example", "invitation_known": known.email}.items():
            _, token = Invitation.issue(tenant, email, "admin", timezone.now())
            cast.parts[name] = f"{tenant.code}/{token}"


def _tell(job: SnapshotJob, *lines: tuple[float, str, dict[str, Any]]) -> None:
    """The job's timeline: seconds after it was asked for, type, data."""
    with tenant_scope(job.tenant_id):
        for seconds, type, data in lines:
            JobEvent.objects.create(tenant_id=job.tenant_id, job=job, at=job.created_at + timedelta(seconds=seconds), type=type, data=data)


def _id(name: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"https://fanfold.example/{name}")
