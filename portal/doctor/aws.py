"""AWS, asked as the worker would ask: QuickSight once for each account, and each bucket that jobs write to. No transaction is open."""

from __future__ import annotations

import uuid

from portal.doctor.finding import Finding, Findings, fail, ok, warn
from portal.doctor.offers import places
from reports import retention
from reports.aws import storage
from reports.aws.errors import AccessDenied, AccountRefused, AwsError, CredentialsRefused, NotFound, NoVerdict
from reports.aws.lifecycle import rules
from reports.aws.quicksight import QuickSight
from reports.catalogue import facts_of
from reports.engine import limiter
from reports.models import Account, Report
from tenants.scope import platform_scope

ALLOW = 'docs/operations.md, "What AWS has to allow"'
REACH = "the network between this host and AWS, and the AWS_ENDPOINT_URL_ settings if there are any"


def quicksight_answers() -> Findings:
    with platform_scope():
        accounts = list(Account.objects.order_by("name"))
        dashboards = dict(Report.objects.filter(retired_at=None).values_list("account_id", "dashboard_id"))
    if not accounts:
        yield ok("there is no account to ask")
    for account in accounts:
        yield _ask(account, dashboards.get(account.pk, "no-dashboard"))


def _ask(account: Account, dashboard_id: str) -> Finding:
    """For a job that nobody ever started: "no such job" is an answer to somebody who may ask. Counts as one call of the account's rate."""
    name = f"{account.name} ({account.aws_account_id}, {account.region})"
    try:
        quicksight = QuickSight(facts_of(account), gate=lambda: limiter.wait_for_turn(account.pk))
        quicksight.snapshot_status(dashboard_id, str(uuid.uuid4()))
    except NotFound:
        return ok("answers", of=name)
    except AwsError as error:
        return refusal(error, name, "the rights for QuickSight", "id and region of the account in the platform file")
    return ok("answers", of=name)


def buckets() -> Findings:
    found = places()
    for account, bucket in found:
        yield _list(account, bucket)
    if not found:
        yield ok("none is needed: no report is offered to anybody")


def lifecycle() -> Findings:
    """Whether S3 removes by itself what nobody removed in time, and nothing before."""
    for account, bucket in places():
        if bucket:
            yield from _rules(account, bucket)


def _rules(account: Account, bucket: str) -> Findings:
    try:
        present = rules(facts_of(account), bucket)
    except AwsError as error:
        yield refusal(error, bucket, "s3:GetLifecycleConfiguration", "the line of this bucket above")
        return
    if missing := retention.missing(present):
        yield warn(f"lacks lifecycle rules, or has older ones: {', '.join(missing)}", "manage.py lifecycle --apply", of=bucket)
    if dangerous := retention.dangerous(present):
        told = f"has rules that remove files which are still handed out, or under a legal hold: {', '.join(dangerous)}"
        yield fail(told, "give these rules a prefix that is neither t/ nor above it", of=bucket)
    if not missing and not dangerous:
        yield ok("has the lifecycle rules", of=bucket)


def _list(account: Account, bucket: str) -> Finding:
    if not bucket:
        return fail("no bucket is named, so no job can start", "PORTAL_BUCKET, or bucket of each tenant in the platform file")
    name = f"{bucket} (as account {account.name})"
    try:
        storage.look_into(facts_of(account), bucket)
    except NotFound:
        return fail("there is no such bucket", "PORTAL_BUCKET, or bucket of the tenant in the platform file", of=name)
    except AwsError as error:
        return refusal(error, name, "s3:ListBucket", "the bucket's region, which has to be its account's")
    return ok("can be looked into", of=name)


def refusal(error: AwsError, name: str, right: str, else_see: str) -> Finding:
    """`right`: what these credentials need. A refused account is a kind of NoVerdict, and no silence: it is told apart first."""
    if isinstance(error, AccessDenied | CredentialsRefused):
        return fail(f"refuses these credentials: {error}", f"credentials and role of this process, and {right} for them; {ALLOW}", of=name)
    if isinstance(error, AccountRefused):
        return fail(f"refuses the account: {error}", "its edition and pricing plan, in QuickSight", of=name)
    if isinstance(error, NoVerdict):
        return fail(f"does not answer: {error}", REACH, of=name)
    return fail(f"answers with {error}", else_see, of=name)
