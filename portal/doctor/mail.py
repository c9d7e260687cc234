"""Mail: whether it is set up, whether its server lets us in, and whether what is due is sent. No transaction is open over a call."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import Count, F, Min, Q
from django.db.models.functions import Now

from portal.doctor.finding import Findings, fail, ok, warn
from reports.delivery import email_url, smtp
from reports.delivery.channel import NotSent, OurFault
from reports.models import Delivery, MailBudget, Notice
from tenants.scope import engine_scope

# A courier takes what is due within seconds; more than this means that it does not keep up, or is not there.
LATE = timedelta(minutes=10)
SET_EMAIL_URL = "EMAIL_URL of the worker, see .env.example"


def mail_server() -> Findings:
    setup = email_url.setup()
    if setup is None:
        yield warn("Email is not set up: nothing is sent, and what is due waits", SET_EMAIL_URL)
        return
    with engine_scope():
        budget = MailBudget.objects.filter(sender=setup.sender).exclude(refused_since=None).first()
    if budget:
        since = f"{budget.refused_since:%Y-%m-%d %H:%M}Z"
        yield fail(f"{setup.where} has refused us since {since}: {budget.refused_answer or budget.refused_code}", SET_EMAIL_URL)
        return
    if setup.scheme not in ("smtp", "smtps"):
        yield ok(f"as {setup.sender}, {setup.rate:g} mails a second, by {setup.where}; nothing was asked there")
        return
    try:
        smtp.check(setup)
    except OurFault as error:
        yield fail(f"{setup.where} refuses us: {error.answer}", SET_EMAIL_URL)
    except NotSent as error:
        yield fail(f"{setup.where}: {error.answer}", f"the network between this host and the mail server, and {SET_EMAIL_URL}")
    else:
        yield ok(f"{setup.where} lets us in, as {setup.sender}, {setup.rate:g} mails a second")


def mail_events() -> Findings:
    setup = email_url.setup()
    if settings.PORTAL_MAIL_EVENT_QUEUE_URL:
        yield ok("bounces and complaints are read from the queue each minute")
    elif setup and setup.scheme == "ses":
        yield warn("nobody is told of bounces and complaints", 'PORTAL_MAIL_EVENT_QUEUE_URL, see docs/operations.md, "Mail"')
    elif setup and setup.scheme != "file" and not setup.bounces:
        yield warn("returned mail is not read, so addresses that bounce later count as delivered", 'docs/operations.md, "Mail"')
    else:
        yield ok("returned mail comes by read_bounce" if setup and setup.bounces else "nothing comes back")


def backlog() -> Findings:
    for model, name in ((Delivery, "deliveries"), (Notice, "notices")):
        with engine_scope():
            due = model._default_manager.filter(status__in=Delivery.OPEN, next_try_at__lte=Now())
            facts = due.aggregate(count=Count("pk"), late=Count("pk", filter=Q(next_try_at__lt=Now() - LATE)), first=Min(F("next_try_at")))
        if facts["late"]:
            since = f"{facts['first']:%Y-%m-%d %H:%M}Z"
            yield warn(f"due: {facts['count']}, the first since {since}", "the lines above; or a higher rate in EMAIL_URL", of=name)
        else:
            yield ok(f"due: {facts['count']}", of=name)
