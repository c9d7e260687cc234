"""Limits of a company: set by staff, with a reason, within what can be."""

from __future__ import annotations

import pytest

from tenants.models import AuditEvent, Tenant
from tenants.scope import tenant_scope
from tests.recently import sign_in

pytestmark = pytest.mark.django_db
LIMITS = "/staff/tenants/acme/limits/"
SHARES = {"weight": "2.5", "max_running": "3", "max_waiting": "", "because": "They bought the larger plan."}


@pytest.fixture
def browser(client, ines):
    return sign_in(client, ines)


def shares_of(tenant: Tenant) -> tuple[float, int | None, int | None]:
    with tenant_scope(tenant):
        return Tenant.objects.values_list("weight", "max_running", "max_waiting").get(pk=tenant.pk)


def acts(tenant: Tenant) -> list[AuditEvent]:
    with tenant_scope(tenant):
        return list(AuditEvent.objects.filter(tenant=tenant).order_by("at"))


def test_shares_are_set_with_a_reason_that_is_kept(browser, acme, ines):
    answer = browser.post(LIMITS, SHARES)

    assert answer.status_code == 303
    assert shares_of(acme) == (2.5, 3, None)
    (event,) = acts(acme)
    assert (event.actor, event.action, event.object_id) == (ines.email, "tenant.shares_set", str(acme.pk))
    assert event.before == {"weight": 1.0, "max_running": None, "max_waiting": None}
    assert event.after == {"weight": 2.5, "max_running": 3, "max_waiting": None, "because": "They bought the larger plan."}


def test_the_same_shares_again_change_nothing_and_are_no_act(browser, acme):
    browser.post(LIMITS, SHARES)

    answer = browser.post(LIMITS, SHARES, follow=True)

    assert "Nothing was changed." in answer.content.decode()
    assert [event.action for event in acts(acme)] == ["tenant.shares_set", "staff.looked"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"because": " "},
        {"because": "x" * 301},
        {"weight": "0"},
        {"weight": "nan"},
        {"weight": "1e9"},
        {"weight": ""},
        {"max_running": "0"},
        {"max_running": "99999"},
        {"max_waiting": "0"},
        {"max_waiting": "99999999999"},
        {"max_waiting": "many"},
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_is_set(browser, acme, wrong):
    answer = browser.post(LIMITS, SHARES | wrong)

    assert answer.status_code == 422
    assert f'id="id_{next(iter(wrong))}_error"' in answer.content.decode()
    assert shares_of(acme) == (1.0, None, None)
    assert acts(acme) == []


def test_quotas_are_set_beside_the_shares(browser, acme):
    browser.post(LIMITS, SHARES | {"jobs_per_day": "60", "max_recipients": "50", "storage_gb": "1.5"})

    with tenant_scope(acme):
        found = Tenant.objects.values_list("jobs_per_day", "max_recipients", "max_storage_bytes").get(pk=acme.pk)
    assert found == (60, 50, 1_500_000_000)
    assert {event.action for event in acts(acme)} == {"tenant.shares_set", "tenant.quotas_set"}


def test_the_form_shows_what_is_in_force(browser, acme):
    browser.post(LIMITS, SHARES | {"storage_gb": "1.5"})

    page = browser.get(LIMITS).content.decode()

    assert all(f'value="{value}"' in page for value in ("2.5", "3", "1.5"))


def test_a_password_of_long_ago_is_asked_for_again(client, ines, acme):
    browser = sign_in(client, ines, seconds_ago=3600)

    assert browser.get(LIMITS)["Location"].startswith("/accounts/reauthenticate/")
    assert browser.post(LIMITS, SHARES).status_code == 403
    assert shares_of(acme) == (1.0, None, None)
