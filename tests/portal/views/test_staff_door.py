"""Every address of platform staff: for staff alone, and for everybody else as if it were not there."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from portal import urls
from tenants.access import STAFF_ACTIONS, staff_may
from tests.factories import make_member, make_template, make_user
from tests.portal.views.drafts import make_draft
from tests.recently import sign_in

pytestmark = pytest.mark.django_db
POSTED = {"staff_import_read", "staff_import_choose", "staff_import_agree", "staff_visit_end"}
POSTED |= {"staff_status_end", "staff_tags_discard", "staff_tags_dry_run", "staff_tags_dry_file"}


def addresses(draft: uuid.UUID, tenant: str = "acme") -> dict[str, str]:
    values = {"draft": draft, "tenant": tenant, "report": "daily-calls", "file": uuid.uuid4(), "template": "morning", "note": 1}
    paths = {p.name: reverse(p.name, kwargs={name: values[name] for name in p.pattern.converters}) for p in urls.staff}
    return paths | {name: f"{paths[name]}?kind=tenant&name={tenant}" for name in ("staff_pause", "staff_resume")}


def ask(browser: Client, name: str, path: str):
    return browser.post(path) if name in POSTED else browser.get(path)


def signed_in(user) -> Client:
    browser = Client()
    return sign_in(browser, user)


@pytest.fixture
def paths(ines, acme, daily_calls):
    make_template(staff=ines, report=daily_calls, slug="morning")
    return addresses(make_draft(ines).pk)


def test_every_address_of_staff_has_a_rule():
    assert {getattr(pattern.callback, "action", None) for pattern in urls.staff} == STAFF_ACTIONS


def test_staff_are_let_in(paths, ines):
    browser = signed_in(ines)

    assert {name: ask(browser, name, path).status_code for name, path in paths.items()} == {
        "staff": 200,
        "staff_catalogue": 200,
        "staff_imports": 200,
        "staff_import": 200,
        "staff_import_read": 303,
        "staff_import_choose": 303,
        "staff_import_agree": 303,
        "staff_import_discard": 200,
        "staff_usage": 200,
        "staff_usage_export": 200,
        "staff_search": 200,
        "staff_queue": 200,
        "staff_queue_tenant": 200,
        "staff_queue_clear": 200,
        "staff_retention": 200,
        "staff_audit": 200,
        "staff_tags": 200,
        "staff_tags_review": 302,
        "staff_tags_discard": 303,
        "staff_tags_dry_run": 303,
        "staff_tags_dry_file": 404,
        "staff_tenants": 200,
        "staff_tenant_new": 200,
        "staff_tenant_invite": 200,
        "staff_tenant": 200,
        "staff_tenant_limits": 200,
        "staff_tenant_grant": 200,
        "staff_tenant_take_back": 200,
        "staff_tenant_suspend": 200,
        "staff_tenant_resume": 200,
        "staff_templates": 200,
        "staff_template_new": 200,
        "staff_template": 200,
        "staff_template_edit": 200,
        "staff_template_tenants": 200,
        "staff_template_runs": 200,
        "staff_template_remove": 200,
        "staff_visit": 200,
        "staff_visit_raise": 302,
        "staff_visit_end": 303,
        "staff_pause": 200,
        "staff_resume": 200,
        "staff_status": 200,
        "staff_status_end": 404,
    }


def test_who_is_not_signed_in_is_led_to_sign_in(client, paths):
    answers = [ask(client, name, path) for name, path in paths.items()]

    assert {answer.status_code for answer in answers} == {302}
    assert all(answer["Location"].startswith("/accounts/login/?next=") for answer in answers)


@pytest.mark.parametrize("who", ["owner", "nobody", "former staff"])
def test_everybody_else_is_told_that_there_is_no_such_page(paths, acme, who):
    person = make_member(tenant=acme, role="owner") if who == "owner" else make_user(is_active=True)
    if who == "former staff":
        person.is_staff = True
        person.save()
        browser = signed_in(person)
        person.is_staff = False
        person.save()
    else:
        browser = signed_in(person)
    nothing = browser.get("/there/is/nothing/here/")

    answers = [ask(browser, name, path) for name, path in paths.items()]

    assert {answer.status_code for answer in answers} == {404}
    assert {answer.content for answer in answers} == {nothing.content}


@pytest.mark.parametrize("name", sorted(POSTED))
def test_an_address_that_acts_takes_no_visit(paths, ines, name):
    assert signed_in(ines).get(paths[name]).status_code == 405


def test_a_draft_that_is_not_there_is_not_found(ines):
    browser = signed_in(ines)
    paths = addresses(uuid.uuid4())

    assert {
        ask(browser, name, paths[name]).status_code for name in paths if name.startswith("staff_import_") or name == "staff_import"
    } == {404}


def test_an_action_without_a_rule_fails_loudly(ines):
    with pytest.raises(KeyError):
        staff_may(ines, "catalogue.burn")


def test_staff_without_a_company_go_straight_to_their_pages(ines):
    browser = signed_in(ines)

    assert browser.get("/")["Location"] == "/staff/"
    assert browser.get("/staff/").status_code == 200
    assert "No company has invited you yet" not in browser.get("/choose/").content.decode()


def test_staff_who_belong_to_a_company_choose(ines, acme):
    make_member(tenant=acme, user=ines)
    browser = signed_in(ines)

    assert browser.get("/")["Location"] == "/choose/"
    page = browser.get("/choose/").content.decode()
    assert 'href="/staff/"' in page
    assert 'href="/t/acme/"' in page


def test_the_choice_of_a_member_does_not_mention_staff(as_adam):
    assert "/staff/" not in as_adam.get("/choose/").content.decode()
