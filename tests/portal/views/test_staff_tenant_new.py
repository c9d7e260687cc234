"""Making a company on a page: all of it or nothing, once, and followed until its own people go on alone."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from portal import inviting
from reports.models import Grant, Notice
from tenants.models import AuditEvent, Invitation, SessionTag, Tenant, TenantCode
from tenants.scope import platform_scope, tenant_scope
from tests.factories import make_job, make_member, make_report, make_schedule, make_tenant
from tests.recently import sign_in

pytestmark = pytest.mark.django_db
NEW = "/staff/tenants/new/"
WANTED = {
    "name": "Meridian Rail",
    "timezone": "Europe/London",
    "reports": ["calls"],
    "tag-tenant_id": "meridian",
    "owner": "Vera@Meridian.example",
}


@pytest.fixture
def browser(client, ines):
    return sign_in(client, ines)


@pytest.fixture(autouse=True)
def bucket(settings):
    settings.PORTAL_BUCKET = "reports"


@pytest.fixture
def calls():
    return make_report(slug="calls", name="Daily calls", required_tags=["tenant_id"])


def post(browser, **changes):
    return browser.post(NEW, {"form_key": str(uuid.uuid4())} | WANTED | changes)


def found(slug: str) -> Tenant | None:
    with platform_scope():
        return Tenant.objects.filter(slug=slug).first()


def words(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_it_is_made_with_tags_reports_and_an_invitation(browser, calls, ines):
    answer = post(browser)

    tenant = found("meridian-rail")
    assert answer["Location"] == "/staff/tenants/meridian-rail/"
    assert (tenant.name, tenant.timezone) == ("Meridian Rail", "Europe/London")
    assert TenantCode.objects.get(tenant=tenant.pk).code == tenant.code
    with tenant_scope(tenant):
        assert dict(SessionTag.objects.values_list("key", "value")) == {"tenant_id": "meridian"}
        assert list(Grant.objects.active().values_list("report__slug", flat=True)) == ["calls"]
        invitation, notice = Invitation.objects.get(), Notice.objects.get()
        assert (invitation.email, invitation.role, invitation.invited_by) == ("vera@meridian.example", "owner", "")
        assert (notice.kind, notice.address) == ("invitation", "vera@meridian.example")
        told = {(event.action, event.actor) for event in AuditEvent.objects.all()}
    assert told == {(action, ines.email) for action in ("tenant.created", "session_tags.changed", "grant.created", "invitation.sent")}


def test_the_form_sent_twice_makes_one(browser, calls):
    key = str(uuid.uuid4())

    answers = [post(browser, form_key=key, slug="meridian") for _ in range(2)]

    assert [answer["Location"] for answer in answers] == ["/staff/tenants/meridian/"] * 2
    with tenant_scope(found("meridian")):
        assert (Invitation.objects.count(), Notice.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": " "}, "Type the company’s name."),
        ({"name": "Меридиан"}, "The name has no letters for it."),
        ({"slug": "Meridian Rail"}, "Must be small letters, digits and single hyphens"),
        ({"slug": "new"}, "Is the name of a page."),
        ({"timezone": "Europe/Atlantis"}, "Choose a time zone from the list."),
        ({"timezone": ""}, "Choose a time zone from the list."),
        ({"owner": ""}, "Type the email address of its first owner."),
        ({"owner": "vera"}, "Is not an e-mail address."),
        ({"reports": ["no-such-report"]}, "Select a valid choice."),
        ({"tag-tenant_id": " "}, "Daily calls needs a value."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_made(browser, calls, changes, told):
    answer = post(browser, **changes)

    assert answer.status_code == 422
    assert told in words(answer)
    assert "This field is required." not in words(answer)
    with platform_scope():
        assert not Tenant.objects.exists()


def test_a_taken_slug_is_said_with_a_free_one(browser, calls, acme):
    make_tenant(slug="acme-2")

    answer = post(browser, slug="acme")

    assert answer.status_code == 422
    assert "Another company has the slug “acme”. “acme-3” is free." in words(answer)


def test_a_tag_that_holds_nothing_back_undoes_all_of_it(browser, calls):
    """As the platform file: `*` is the match-all value of the rule."""
    answer = post(browser, **{"tag-tenant_id": "*"})

    assert answer.status_code == 422
    assert "Daily calls:" in words(answer)
    assert found("meridian-rail") is None
    assert not TenantCode.objects.exists()


def test_without_a_bucket_for_its_files_none_is_made(browser, calls, settings):
    settings.PORTAL_BUCKET = ""

    answer = post(browser)

    assert answer.status_code == 422
    assert "PORTAL_BUCKET is not set" in words(answer)


def test_a_company_without_reports_can_be_made(browser):
    assert post(browser, reports=[], **{"tag-tenant_id": ""}).status_code == 303


def test_its_page_says_what_is_left_to_do_until_all_is_done(browser, calls, settings):
    settings.EMAIL_URL = "smtp://mail.example"
    post(browser, slug="meridian")
    tenant, address = found("meridian"), "/staff/tenants/meridian/"

    begun = words(browser.get(address))
    assert "vera@meridian.example: the email waits to be sent." in begun
    assert "Owner signed in" in begun
    assert f"{address}invite/" in begun

    owner = make_member(tenant=tenant, role="owner", email="vera@meridian.example")
    sign_in(Client(), owner)
    make_job(tenant=tenant, report=calls, status="completed")
    assert "First schedule" in words(browser.get(address))

    make_schedule(tenant=tenant, report=calls)
    assert "Setting up" not in words(browser.get(address))


def test_an_invitation_that_went_astray_is_sent_to_another_address(browser, calls):
    post(browser, slug="meridian")

    browser.post("/staff/tenants/meridian/invite/", {"owner": "v.klein@meridian.example", "because": "A typo."})

    with tenant_scope(found("meridian")):
        assert [invitation.email for invitation in Invitation.objects.all()] == ["v.klein@meridian.example"]


def test_a_company_with_an_owner_invites_by_itself(browser, acme):
    make_member(tenant=acme, role="owner")

    answer = browser.post("/staff/tenants/acme/invite/", {"owner": "somebody@acme.example", "because": "Asked for."})

    assert answer.status_code == 422
    assert "It has an owner" in words(answer)


def test_the_limit_of_invitations_undoes_all_of_it(browser, calls, monkeypatch):
    monkeypatch.setattr(inviting, "MOST_A_DAY", 0)

    assert post(browser).status_code == 422
    assert found("meridian-rail") is None
