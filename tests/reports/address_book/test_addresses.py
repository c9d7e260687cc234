"""What an address may be, and which domains a tenant sends to."""

from __future__ import annotations

import pytest

from reports.address_book import is_allowed, refuse_foreign_domain
from reports.address_book.addresses import clean_address
from reports.refused import Refused
from tenants.models import Tenant


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Anna@Customer.Example ", "anna@customer.example"),
        ("anna@MÜNCHEN.example", "anna@xn--mnchen-3ya.example"),
        ("anna@xn--mnchen-3ya.example", "anna@xn--mnchen-3ya.example"),
        ("a+b.c@x.customer.example", "a+b.c@x.customer.example"),
    ],
)
def test_one_mailbox_has_one_spelling(typed, kept):
    assert clean_address(typed) == kept


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "needed"),
        ("anna", "no email address"),
        ("@customer.example", "no email address"),
        ("anna@customer", "no ending"),
        ("anna@localhost", "no ending"),
        ("a b@customer.example", "no email address"),
        ("anna@customer.example\nBcc: x@evil.example", "no email address"),
        ("an\x00na@customer.example", "no email address"),
        ("anna@cust\x07omer.example", "no email address"),
        ("anna@[127.0.0.1]", "quotation marks or an IP address"),
        ('"ab"@customer.example', "quotation marks or an IP address"),
        ("ännä@customer.example", "without accents"),
        (f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.example", "longer than 254"),
        ("anna@\ud800.example", "no email address"),
        (f"anna@{'ü' * 80}.example", "no email address"),
    ],
)
def test_what_is_no_address_is_told_with_what_to_do(typed, told):
    with pytest.raises(Refused, match=told) as refused:
        clean_address(typed)

    assert [place.path for place in refused.value.places] == [("email",)]


def test_without_a_list_a_tenant_sends_to_any_domain():
    assert is_allowed(Tenant(), "anna@anywhere.example")


@pytest.mark.parametrize(
    ("domains", "email", "allowed"),
    [
        (["customer.example"], "anna@customer.example", True),
        (["Customer.Example"], "Anna@CUSTOMER.example", True),
        (["customer.example"], "anna@mail.customer.example", False),
        (["customer.example"], "anna@evilcustomer.example", False),
        (["customer.example"], "anna@customer.example.evil.example", False),
        (["customer.example"], "customer.example@evil.example", False),
        (["*.customer.example"], "anna@mail.customer.example", True),
        (["*.customer.example"], "anna@customer.example", False),
        (["*.customer.example"], "anna@evilcustomer.example", False),
        (["customer.example", "*.customer.example"], "anna@customer.example", True),
    ],
)
def test_a_domain_in_the_list_is_that_domain_alone_and_a_star_stands_for_all_below_it(domains, email, allowed):
    assert is_allowed(Tenant(recipient_domains=domains), email) is allowed


def test_a_foreign_domain_is_refused_with_its_name_and_with_those_that_are_allowed():
    tenant = Tenant(recipient_domains=["customer.example", "*.acme.example"])

    with pytest.raises(Refused) as refused:
        refuse_foreign_domain(tenant, "anna@evil.example")

    assert refused.value.code == "domain_not_allowed"
    assert refused.value.detail == "Reports may not go to evil.example. Your company sends to *.acme.example, customer.example."
    assert refused.value.places[0].path == ("email",)
