"""Every address, asked for with another tenant's objects: the same 404 as for objects that do not exist, and nothing changes.

The addresses come from the URLconf. A new one fails here until its parameters are in OBJECTS, or it is in WITHOUT_OBJECTS with a reason.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from django.utils import timezone

from reports.delivery.unsubscribing import unsubscribe_url
from reports.models import (
    ArchiveVisit,
    Audience,
    Batch,
    Delivery,
    Destination,
    Link,
    Occurrence,
    Recipient,
    RecipientGroup,
    Schedule,
    SnapshotFile,
    SnapshotJob,
    Suppression,
    Webhook,
    WebhookDelivery,
)
from tenants.key_scopes import ROLES
from tenants.models import ApiKey, Invitation, Membership, SupportVisit, Tenant, User
from tenants.scope import tenant_scope
from tenants.secrets import secret_hash
from tests import factories
from tests.portal.views.conftest import aws, server
from tests.pretend_aws import BUCKET, Server
from tests.recently import sign_in
from tests.tenants.rows import TENANT_TABLES, fill, sql

__all__ = ["aws", "server"]
# Addresses that name no object of a tenant.
WITHOUT_OBJECTS = {
    "": "leads a person to their own company",
    "choose/": "a person's own companies",
    "theme/": "light or dark, in the person's cookie",
    "language/": "the language, in the person's cookie",
    "proof-keys.json": "public keys",
    "accounts/login/": "sign-in",
    "accounts/logout/": "sign-out",
    "accounts/": "a person's own account",
    "accounts/reauthenticate/": "a person's own password",
    "accounts/confirmed/": "words",
    "accounts/sessions/": "a person's own sessions; tests/portal/sign_in/test_sessions.py tries another's",
    "accounts/password/change/": "a person's own password",
    "accounts/password/reset/": "the same answer for everybody",
    "accounts/password/reset/done/": "words",
    "accounts/password/reset/key/done/": "words",
    "accounts/password/reset/key/1-token/": "a token for one person; tests/portal/sign_in/test_password.py",
    "accounts/2fa/": "leads to the person's own account",
    "accounts/2fa/authenticate/": "a person's own code",
    "accounts/2fa/reauthenticate/": "a person's own code",
    "accounts/2fa/totp/activate/": "a person's own second step",
    "accounts/2fa/totp/picture.svg": "a person's own second step",
    "accounts/2fa/totp/deactivate/": "a person's own second step",
    "accounts/2fa/recovery-codes/": "a person's own second step",
    "accounts/2fa/recovery-codes/generate/": "a person's own second step",
    "api/docs/": "the product's own documentation",
    "api/docs/errors/": "the product's own documentation",
    "api/docs/me/": "the product's own documentation",
    "api/schema": "the product's own documentation",
    "api/no/such/thing": "an address that there is not",
    "status/": "how the service is; no company is in it",
    "healthz": "the process",
    "readyz": "the process",
    "metrics": "figures of the installation, with the operator's token; tests/portal/test_metrics.py",
}
# Addresses written as a regular expression, by name: one that it matches. The older API is asked with a key, the pages with a session.
OLDER_API = "qs-anonymous-snapshot"
WRITTEN_OUT = {
    "account_reset_password_from_key": "accounts/password/reset/key/1-token/",
    "compat": OLDER_API,
    "compat_describe": f"{OLDER_API}/describe_job/<dashboard_id>/<job_id>",
    "compat_result": f"{OLDER_API}/describe_job_result/<dashboard_id>/<job_id>",
    "compat_download": f"{OLDER_API}/download_output/<dashboard_id>/<job_id>",
    "compat_list": f"{OLDER_API}/<dashboard_id>",
    "compat_delete": f"{OLDER_API}/<dashboard_id>/<job_id>",
    "compat_unknown": f"{OLDER_API}/no/such/route",
    "api_docs_resource": "api/docs/me/",
    "v1_unknown": "api/no/such/thing",
}
ANSWERS_NO_404 = {f"{OLDER_API}/<dashboard_id>": "a list, which is empty for a dashboard that is not the tenant's"}
METHODS = ("get", "head", "post", "delete")


@dataclass(frozen=True)
class Company:
    """A tenant with one of everything, and one who may do everything there."""

    tenant: Tenant
    owner: User
    job: SnapshotJob
    batch: Batch
    file: SnapshotFile
    link: Link
    schedule: Schedule
    occurrence: Occurrence
    audience: Audience
    delivery: Delivery
    recipient: Recipient
    group: RecipientGroup
    suppression: Suppression
    member: Membership
    invitation: Invitation
    visit: SupportVisit
    webhook: Webhook
    message: WebhookDelivery
    destination: Destination
    token: str
    stop_token: str
    invitation_token: str
    archive_token: str
    key: ApiKey
    api_key: str
    # Its dashboard has the same name.
    report_slug: str

    def marks(self) -> set[str]:
        """What would give it away on a page of another company."""
        return {
            self.tenant.name,
            self.tenant.slug,
            self.owner.email,
            str(self.job.pk),
            str(self.batch.pk),
            self.webhook.url,
            str(self.webhook.pk),
            self.destination.name,
            str(self.destination.pk),
            str(self.message.event_id),
            str(self.file.pk),
            self.file.name,
            self.link.reference,
            self.schedule.name,
            self.audience.name,
            self.delivery.address,
            self.recipient.email,
            self.group.name,
            self.suppression.email,
            self.member.user.email,
            self.invitation.email,
            self.key.name,
            self.report_slug,
        }


# Each parameter of an address: what it is for one company, and what nobody has. A first part tells two of one name apart.
OBJECTS: dict[str, tuple[Callable[[Company], str], Callable[[], str]]] = {
    "job": (lambda company: str(company.job.pk), lambda: str(uuid.uuid4())),
    "batch": (lambda company: str(company.batch.pk), lambda: str(uuid.uuid4())),
    "file": (lambda company: str(company.file.pk), lambda: str(uuid.uuid4())),
    "link": (lambda company: str(company.link.pk), lambda: str(uuid.uuid4())),
    "recipient": (lambda company: str(company.recipient.pk), lambda: str(uuid.uuid4())),
    "group": (lambda company: str(company.group.pk), lambda: str(uuid.uuid4())),
    "suppression": (lambda company: str(company.suppression.pk), lambda: str(uuid.uuid4())),
    "member": (lambda company: str(company.member.pk), lambda: str(uuid.uuid4())),
    "key": (lambda company: str(company.key.pk), lambda: str(uuid.uuid4())),
    "visit": (lambda company: str(company.visit.pk), lambda: str(uuid.uuid4())),
    "invitation": (lambda company: str(company.invitation.pk), lambda: str(uuid.uuid4())),
    "schedule": (lambda company: str(company.schedule.pk), lambda: str(uuid.uuid4())),
    "occurrence": (lambda company: str(company.occurrence.pk), lambda: str(uuid.uuid4())),
    "destination": (lambda company: str(company.destination.pk), lambda: str(uuid.uuid4())),
    "webhook": (lambda company: str(company.webhook.pk), lambda: str(uuid.uuid4())),
    "webhook_delivery": (lambda company: str(company.message.pk), lambda: str(uuid.uuid4())),
    "message": (lambda company: str(company.message.pk), lambda: str(uuid.uuid4())),
    "audience": (lambda company: str(company.audience.pk), lambda: str(uuid.uuid4())),
    "delivery": (lambda company: str(company.delivery.pk), lambda: str(uuid.uuid4())),
    "report": (lambda company: company.report_slug, lambda: "no-such-report"),
    "job_id": (lambda company: str(company.job.pk), lambda: str(uuid.uuid4())),
    "dashboard_id": (lambda company: company.report_slug, lambda: "no-such-dashboard"),
    "d/token": (lambda company: company.token, lambda: "x" * 43),
    "a/token": (lambda company: company.archive_token, lambda: "x" * 43),
    "u/token": (lambda company: company.stop_token, lambda: "x" * 65),
    "invitations/token": (lambda company: company.invitation_token, lambda: "x" * 43),
}
# The parameter that names the company itself.
COMPANY: dict[str, tuple[Callable[[Company], str], Callable[[], str]]] = {
    "slug": (lambda company: company.tenant.slug, lambda: "no-such-company"),
    "code": (lambda company: company.tenant.code, lambda: "AAAAAAAA"),
}


@dataclass(frozen=True)
class Address:
    route: str
    name: str = ""
    view: Callable[..., HttpResponse] | None = field(default=None, compare=False)

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"<(?:\w+:)?(\w+)>", self.route)

    @property
    def objects(self) -> list[str]:
        return [name for name in self.parameters if name not in COMPANY]

    def example(self, name: str) -> tuple[Callable[[Company], str], Callable[[], str]] | None:
        """The parameter's value for a company, and one that nobody has."""
        return COMPANY.get(name) or OBJECTS.get(name) or OBJECTS.get(f"{self.route.partition('/')[0]}/{name}")

    def with_values(self, values: dict[str, str]) -> str:
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda match: values[match[1]], self.route)

    def __str__(self) -> str:
        return self.route


def _walk(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[Address]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        else:
            name = pattern.name or ""
            plain = route if isinstance(pattern.pattern, RoutePattern) else WRITTEN_OUT.get(name, _plain(route))
            yield Address(plain, name, pattern.callback)


def _plain(route: str) -> str:
    """Of the API: `api/^v1/jobs/(?P<job>[^/]+)/?\\Z`, without its last slash."""
    return re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", route).replace("^", "").removesuffix(r"/?\Z")


ADDRESSES = list(_walk(get_resolver().url_patterns))
# Pages of the platform's own people: nothing on them belongs to one company, and tests/portal/views/test_staff_door.py walks them.
OF_STAFF = [address for address in ADDRESSES if address.route.startswith("staff/")]
OF_A_COMPANY = [a for a in ADDRESSES if (a.parameters or hasattr(a.view, "cls")) and a not in OF_STAFF and a.route not in WITHOUT_OBJECTS]


@pytest.fixture
def acme_company(acme: Tenant, aws: Server) -> Company:
    """Its file is in the store."""
    company = _company(acme)
    aws.client("s3").put_object(Bucket=BUCKET, Key=company.file.key, Body=b"%PDF")
    return company


@pytest.fixture
def globex_company(globex: Tenant) -> Company:
    return _company(globex)


def _company(tenant: Tenant) -> Company:
    """With a report of its own, so that its very name is foreign to others."""
    report = factories.make_report(slug=f"{tenant.slug}-revenue", name=f"Revenue of {tenant.slug}")
    fill(tenant, report)
    job = factories.make_job(tenant=tenant, report=report, status="completed", actor=f"person@{tenant.slug}.example")
    factories.make_job(tenant=tenant, report=report, status="running", actor=f"person@{tenant.slug}.example")
    factories.make_job(tenant=tenant, report=report, status="failed", actor=f"person@{tenant.slug}.example")
    file = factories.make_file(job=job, name=f"revenue-of-{tenant.slug}.pdf", bucket=BUCKET)
    link, token = factories.make_link(job=job)
    mailed = factories.make_delivery(job=job)
    with tenant_scope(tenant):
        stop_url = unsubscribe_url(mailed)
        invitation, invitation_token = Invitation.issue(tenant, f"invited@{tenant.slug}.example", "viewer", timezone.now())
        life = {"created_at": timezone.now(), "expires_at": timezone.now() + timedelta(minutes=30)}
        hashed = secret_hash(f"archive of {tenant.slug}")
        ArchiveVisit.objects.create(tenant=tenant, email=mailed.address, language="en", token_sha256=hashed, **life)
    owner = factories.make_member(tenant=tenant, email=f"owner@{tenant.slug}.example", role="owner")
    key, api_key = factories.make_api_key(tenant=tenant, name=f"key-of-{tenant.slug}", scopes=tuple(ROLES), created_by=owner)
    schedule = factories.make_schedule(tenant=tenant, report=report, name=f"Schedule of {tenant.slug}")
    occurrence = factories.make_occurrence(schedule=schedule, status="running")
    audience = factories.make_audience(schedule=schedule, name=f"Audience of {tenant.slug}")
    run = factories.make_job(tenant=tenant, report=report, status="completed", occurrence=occurrence, actor=owner.email)
    delivery = factories.make_delivery(job=run, address=f"customer@{tenant.slug}-customers.example")
    recipient = factories.make_recipient(tenant=tenant, email=f"recipient@{tenant.slug}.example")
    group = factories.make_group(tenant=tenant, name=f"Group of {tenant.slug}", recipients=[recipient])
    suppression = factories.make_suppression(tenant=tenant, email=f"bounced@{tenant.slug}.example")
    viewer = factories.make_member(tenant=tenant, email=f"viewer@{tenant.slug}.example", role="viewer")
    batch = factories.make_batch(tenant=tenant, jobs=[run])
    webhook = factories.make_webhook(tenant=tenant, url=f"https://hooks.{tenant.slug}.example/reports")
    message = factories.make_webhook_delivery(webhook=webhook)
    with tenant_scope(tenant):
        member = Membership.objects.get(tenant=tenant, user=viewer.pk)
    member.user = viewer
    sent = (occurrence, audience, delivery, recipient, group, suppression, member, invitation, factories.make_visit(tenant=tenant))
    hooks = (webhook, message, factories.make_destination(tenant=tenant, name=f"Server of {tenant.slug}"))
    tokens = (token, stop_url.rpartition("/")[2], invitation_token, f"archive of {tenant.slug}")
    return Company(tenant, owner, job, batch, file, link, schedule, *sent, *hooks, *tokens, key, api_key, report.slug)


@pytest.fixture
def browser(client: Client, acme_company: Company, aws: Server) -> Client:
    """Signed in as the owner of acme, with a key of acme's."""
    sign_in(client, acme_company.owner)
    client.defaults |= {"HTTP_X_API_KEY": acme_company.api_key, "HTTP_AUTHORIZATION": f"Bearer {acme_company.api_key}"}
    return client


def test_every_address_is_known_here():
    unknown = [str(a) for a in ADDRESSES if a not in [*OF_A_COMPANY, *OF_STAFF] and a.route not in WITHOUT_OBJECTS]
    unknown += [str(a) for a in OF_A_COMPANY if not all(map(a.example, a.parameters))]

    assert unknown == []
    assert OF_A_COMPANY


@pytest.mark.parametrize("address", [a for a in OF_A_COMPANY if a.objects], ids=str)
def test_another_companys_object_is_like_one_that_does_not_exist(address, browser, acme_company, globex_company):
    before = _rows(globex_company.tenant)
    own = _values(address, acme_company)

    answered_404 = False
    for name in address.objects:
        foreign, unknown = address.example(name)
        for method in METHODS:
            theirs = own | {name: foreign(globex_company)}
            nobodys = own | {name: unknown()}
            seen, expected = (_answer(browser, method, address.with_values(values), values) for values in (theirs, nobodys))
            assert seen == expected, f"{method} with another company's {name}"
            answered_404 |= seen[0] == 404

    assert answered_404 or address.route in ANSWERS_NO_404
    assert _rows(globex_company.tenant) == before


@pytest.mark.parametrize("address", [a for a in OF_A_COMPANY if "slug" in a.parameters], ids=str)
def test_another_company_is_like_one_that_does_not_exist(address, browser, globex_company):
    before = _rows(globex_company.tenant)
    theirs = _values(address, globex_company)
    nobodys = theirs | {"slug": COMPANY["slug"][1]()}

    answers = {method: [_answer(browser, method, address.with_values(v), v) for v in (theirs, nobodys)] for method in METHODS}

    assert 404 in {seen[0] for seen, _ in answers.values()}
    for method, (seen, expected) in answers.items():
        assert seen == expected, method
    assert _rows(globex_company.tenant) == before


@pytest.mark.parametrize("address", OF_A_COMPANY, ids=str)
def test_a_page_shows_nothing_of_another_company(address, browser, acme_company, globex_company):
    path = address.with_values(_values(address, acme_company))

    for headers in ({}, {"HX-Request": "true"}):
        for method in ("get", "post"):
            # An answer may take the object away; the next one is to find it.
            with _of_the_test():
                response = ask(browser, method, path, headers=headers)
                transaction.set_rollback(True)

            assert response.status_code not in (401, 404)
            assert [mark for mark in globex_company.marks() if mark in response.content.decode()] == []


@pytest.mark.parametrize("address", OF_A_COMPANY, ids=str)
def test_its_own_objects_are_found(address, browser, acme_company):
    """Else the 404s above would prove nothing."""
    path = address.with_values(_values(address, acme_company))

    answers = {method: ask(browser, method, path).status_code for method in METHODS}

    assert 404 not in answers.values()
    # What is written to alone may miss the body that it asks for, or find nothing to do.
    asks_for_more = answers["get"] == 405 and answers["post"] in (400, 409, 422)
    assert {200, 201, 202, 303} & set(answers.values()) or asks_for_more or address.route == WRITTEN_OUT["compat_unknown"]


@pytest.mark.parametrize("address", [a for a in OF_A_COMPANY if "slug" in a.parameters], ids=str)
def test_who_is_not_signed_in_is_sent_to_sign_in(address, client, acme_company):
    for method in METHODS:
        response = getattr(client, method)(address.with_values(_values(address, acme_company)))

        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/")


def _of_the_test() -> transaction.Atomic:
    """Whatever the page calls is called outside any transaction of the product."""
    block = transaction.atomic()
    block._from_testcase = True
    return block


def _values(address: Address, company: Company) -> dict[str, str]:
    return {name: address.example(name)[0](company) for name in address.parameters}


def ask(browser: Client, method: str, path: str, **rest: Any) -> HttpResponse:
    """Without a body; the browser's own empty form is one to the API, which reads JSON alone."""
    return getattr(browser, method)(path, **rest | ({"content_type": "application/json"} if path.startswith("/api/") else {}))


def _answer(browser: Client, method: str, path: str, values: dict[str, str]) -> tuple[int, str, str]:
    """Status, target and body, without what the two addresses differ in anyway."""
    response = ask(browser, method, path)
    body = response.content.decode()
    for name, value in values.items():
        body = body.replace(value, f"<{name}>")
    # These differ from one request to the next.
    body = re.sub(r'(name="csrfmiddlewaretoken" value=|"RequestId": ?|"request_id": ?)"[\w-]+"', r"\1", body)
    return response.status_code, response.get("Location", ""), body


def _rows(tenant: Tenant) -> dict[str, list[tuple]]:
    """Everything a tenant has."""
    with tenant_scope(tenant):
        return {table: sql(f"select to_jsonb(x)::text from {table} x order by 1") for table in TENANT_TABLES}
