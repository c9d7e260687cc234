"""All addresses of the portal at once: who is not signed in signs in first, and what is another company's does not exist."""

from __future__ import annotations

import uuid

import pytest
from django.urls import get_resolver, reverse
from django.utils import timezone

from portal import urls
from tenants.access import ACTIONS
from tenants.models import Invitation, Membership
from tenants.scope import tenant_scope
from tests.factories import (
    make_api_key,
    make_audience,
    make_delivery,
    make_destination,
    make_file,
    make_grant,
    make_group,
    make_job,
    make_link,
    make_member,
    make_occurrence,
    make_recipient,
    make_report,
    make_schedule,
    make_suppression,
    make_visit,
    make_webhook,
    make_webhook_delivery,
)
from tests.recently import sign_in

pytestmark = pytest.mark.django_db
# Open to everybody by intent, each with a test of its own.
OPEN = {"account_login", "account_logout", "theme", "download", "brand", "brand_logo", "invitation"}
OPEN = {"account_login", "account_logout", "theme", "language", "download", "brand", "invitation"}
NAMES = sorted(pattern.name for pattern in urls.company)
POSTED = {
    "job_cancel",
    "jobs_retry",
    "jobs_cancel",
    "jobs_send_again",
    "jobs_revoke_links",
    "links_revoke_selected",
    "schedules_pause",
    "schedules_resume",
    "schedules_remove",
    "schedules_undo",
    "schedule_remove",
    "recipients_remove",
    "recipients_undo",
    "job_release",
    "job_reject",
    "job_retry",
    "job_file",
    "schedule_mail_test",
    "schedule_preview",
    "schedule_pause",
    "schedule_resume",
    "schedule_run",
    "occurrence_decide",
    "occurrence_retry",
    "delivery_try",
    "recipient_send_again",
    "branding_save",
    "member_role",
    "member_rules",
    "member_weekly_mail",
    "invitation_send",
    "invitation_withdraw",
    "support_set",
    "visit_end",
    "destination_test",
    "webhook_pause",
    "webhook_resume",
    "webhook_test",
    "webhook_message_replay",
}
# Of a company, and of nothing in it.
WITHOUT_OBJECTS = {pattern.name for pattern in urls.company if not pattern.pattern.converters}


def addresses(tenant, **parts):
    for pattern in urls.company:
        kwargs = {name: parts[name] for name in pattern.pattern.converters}
        yield pattern.name, reverse(pattern.name, kwargs={"slug": tenant} | kwargs)


def of_schedule(schedule, job):
    occurrence = make_occurrence(schedule=schedule)
    audience = make_audience(schedule=schedule, name="North")
    delivery = make_delivery(job=job, occurrence=occurrence)
    return {"schedule": schedule.pk, "occurrence": occurrence.pk, "audience": audience.pk, "delivery": delivery.pk}


def of_people(tenant):
    person = make_member(tenant=tenant)
    with tenant_scope(tenant):
        member = Membership.objects.get(tenant=tenant, user=person.pk)
        invitation, _ = Invitation.issue(tenant, "new@globex.example", "viewer", timezone.now())
    return {
        "key": make_api_key(tenant=tenant)[0].pk,
        "member": member.pk,
        "invitation": invitation.pk,
        "visit": make_visit(tenant=tenant).pk,
    }


def of_webhook(webhook):
    return {"webhook": webhook.pk, "message": make_webhook_delivery(webhook=webhook).pk}


@pytest.fixture
def as_olga(client, olga):
    return sign_in(client, olga)


@pytest.fixture
def theirs(globex, acme):
    """Addresses of things that globex has, asked for in globex's name and in acme's."""
    report = make_report(slug="theirs")
    make_grant(tenant=globex, report=report)
    job = make_job(tenant=globex, report=report, status="completed")
    file, (link, _) = make_file(job=job), make_link(job=job)
    things = {
        "job": job.pk,
        "file": file.pk,
        "link": link.pk,
        "report": "theirs",
        **of_schedule(make_schedule(tenant=globex, report=report), job),
        "recipient": make_recipient(tenant=globex).pk,
        "group": make_group(tenant=globex).pk,
        "suppression": make_suppression(tenant=globex).pk,
        **of_people(globex),
        **of_webhook(make_webhook(tenant=globex)),
        "destination": make_destination(tenant=globex).pk,
    }
    return [
        *addresses("globex", **things),
        *[pair for pair in addresses("acme", **things) if pair[0] not in WITHOUT_OBJECTS],
    ]


def ask(browser, name, path):
    return browser.post(path) if name in POSTED else browser.get(path)


def test_every_address_inside_a_company_has_a_rule():
    rules = {pattern.name: getattr(pattern.callback, "action", None) for pattern in urls.company}

    assert set(rules.values()) <= set(ACTIONS)


def test_who_is_not_signed_in_is_led_to_sign_in(client, theirs):
    answers = {path: ask(client, name, path) for name, path in theirs}

    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(answers, 302)
    assert all(answer["Location"].startswith("/accounts/login/?next=") for answer in answers.values())


def test_addresses_outside_a_company_are_led_to_sign_in_too(client):
    outside = {name for name in get_resolver().reverse_dict if isinstance(name, str)} - set(NAMES) - OPEN

    assert {"root", "choose"} <= outside
    for name in ("root", "choose"):
        assert client.get(reverse(name))["Location"].startswith("/accounts/login/")


def test_what_belongs_to_another_company_answers_as_what_is_not_there(as_olga, theirs):
    nobodys = ("job", "file", "link", "schedule", "occurrence", "audience", "delivery", "recipient", "group", "suppression")
    nobodys += ("member", "invitation", "visit", "key", "webhook", "message", "destination")
    unknown = {"report": "no-such-report"} | {name: uuid.uuid4() for name in nobodys}
    missing = [
        *addresses("no-such-company", **unknown),
        *[pair for pair in addresses("acme", **unknown) if pair[0] not in WITHOUT_OBJECTS],
    ]

    foreign = [ask(as_olga, name, path) for name, path in theirs]
    nothing = [ask(as_olga, name, path) for name, path in missing]

    assert [answer.status_code for answer in foreign] == [404] * len(theirs)
    assert {answer.content for answer in foreign} == {answer.content for answer in nothing}


@pytest.mark.parametrize("name", sorted(POSTED))
def test_an_address_that_acts_takes_no_visit(as_adam, ready_job, name):
    file, (link, _) = make_file(job=ready_job, format="CSV"), make_link(job=ready_job)
    more = of_schedule(make_schedule(tenant=ready_job.tenant, report=ready_job.report), ready_job)
    others = ("recipient", "group", "suppression", "member", "invitation", "visit", "key", "webhook", "message", "destination")
    more |= {name: uuid.uuid4() for name in others}
    paths = dict(addresses("acme", job=ready_job.pk, file=file.pk, link=link.pk, report="daily-calls", **more))

    assert as_adam.get(paths[name]).status_code == 405


def test_every_page_carries_the_content_security_policy(as_adam, ready_job):
    for path in ("/choose/", "/t/acme/", "/t/acme/reports/", "/t/acme/jobs/", f"/t/acme/jobs/{ready_job.pk}/", "/t/acme/links/", "/none/"):
        policy = as_adam.get(path)["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
