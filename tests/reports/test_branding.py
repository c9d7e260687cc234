"""Changing how a company looks: what is stored, what is refused, and what the audit trail says of it."""

from __future__ import annotations

import psycopg
import pytest
from django.db import transaction
from django.db.utils import DatabaseError

from reports import branding, logos
from reports.brand import LEAST_CONTRAST, WHITE, contrast, is_readable, nearest_readable
from reports.branding import Wanted
from reports.refused import Refused
from tenants.audit import Actor
from tenants.models import AuditEvent, Tenant, TenantLogo
from tenants.scope import staff_scope, tenant_scope
from tests.pictures import picture

ADAM = Actor("adam@acme.example")


def change(tenant, now, **wanted):
    with tenant_scope(tenant):
        return branding.change(tenant, ADAM, Wanted(**({"name": "", "contact": "", "color": ""} | wanted)), now=now)


def stored(tenant):
    with tenant_scope(tenant):
        return Tenant.objects.get(pk=tenant.pk), TenantLogo.objects.filter(tenant=tenant).first()


def test_name_contact_colour_and_logo_are_stored_at_once(acme, now):
    logo = logos.read(picture())

    changed = change(acme, now, name="Acme", contact="desk@acme.example", color="#0B5E6B", logo=logo)

    tenant, kept = stored(acme)
    assert changed
    assert (tenant.public_name, tenant.reply_to, tenant.brand_color) == ("Acme", "desk@acme.example", "#0b5e6b")
    assert (tenant.logo_hash, bytes(kept.png)) == (logo.hash, logo.png)


def test_its_own_name_is_not_kept_twice_so_that_a_new_one_is_seen(acme, now):
    change(acme, now, name="Acme Hotels", contact="desk@acme.example")

    tenant, _logo = stored(acme)
    tenant.name = "Acme Resorts"
    assert tenant.public_name == "Acme Resorts"


def test_the_trail_says_what_changed_and_no_more(acme, now):
    change(acme, now, color="#0b5e6b")
    change(acme, now, color="#0b5e6b", logo=logos.read(picture()))
    change(acme, now, color="#0b5e6b")

    with tenant_scope(acme):
        lines = list(AuditEvent.objects.filter(action="company.brand_set").order_by("pk").values_list("before", "after"))
    assert sorted(lines, key=str) == sorted(
        [({"brand_color": ""}, {"brand_color": "#0b5e6b"}), ({"logo_hash": ""}, {"logo_hash": logos.read(picture()).hash})], key=str
    )


def test_without_a_logo_nothing_of_it_is_left(acme, now):
    change(acme, now, logo=logos.read(picture()))

    change(acme, now, without_logo=True)

    tenant, kept = stored(acme)
    assert (tenant.logo_hash, kept) == ("", None)


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ({"color": "#ffff00"}, "color"),
        ({"color": "red"}, "color"),
        ({"color": "#0b5e6b;}"}, "color"),
        ({"contact": "desk"}, "contact"),
        ({"contact": "desk@acme.example\r\nBcc: eve@evil.example"}, "contact"),
        ({"name": "Acme\r\nBcc: eve@evil.example"}, "name"),
        ({"name": "x" * 121}, "name"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_and_nothing_changes(wanted, place, acme, now):
    with pytest.raises(Refused) as refused:
        change(acme, now, **wanted)

    assert [found.path for found in refused.value.places] == [(place,)]
    assert stored(acme)[0].brand_color == ""


def test_a_colour_that_fails_is_told_its_contrast_the_limit_and_the_nearest_that_passes(acme, now):
    with pytest.raises(Refused) as refused:
        change(acme, now, color="#ffff00")

    assert "1.07 to 1" in refused.value.detail
    assert "4.5 to 1" in refused.value.detail
    assert nearest_readable("#ffff00") in refused.value.detail


@pytest.mark.parametrize("color", ["#ffff00", "#ffffff", "#7f7f7f", "#00ff7f", "#0b5e6b", "#777777"])
def test_the_nearest_that_passes_passes_and_the_step_before_does_not(color):
    nearest = nearest_readable(color)

    assert is_readable(nearest)
    assert nearest == color or contrast(nearest, WHITE) < LEAST_CONTRAST + 0.15


def test_the_database_holds_a_logo_to_its_company_and_its_size(acme, globex, ines, now):
    change(acme, now, logo=logos.read(picture()))

    with tenant_scope(globex):
        assert not TenantLogo.objects.exists()
        assert not Tenant.objects.filter(pk=acme.pk).update(brand_name="Globex")
        with pytest.raises(DatabaseError) as refused, transaction.atomic():
            TenantLogo.objects.create(tenant=acme, png=b"x")
        assert isinstance(refused.value.__cause__, psycopg.errors.InsufficientPrivilege)
        with pytest.raises(DatabaseError) as refused, transaction.atomic():
            TenantLogo.objects.create(tenant=globex, png=b"x" * 300_001)
        assert isinstance(refused.value.__cause__, psycopg.errors.CheckViolation)
    with staff_scope(ines), pytest.raises(DatabaseError), transaction.atomic():
        TenantLogo.objects.exists()


def test_who_looks_after_a_company_may_change_no_other_column_of_it(acme):
    with tenant_scope(acme), pytest.raises(DatabaseError) as refused, transaction.atomic():
        Tenant.objects.filter(pk=acme.pk).update(name="Globex Airlines")

    assert isinstance(refused.value.__cause__, psycopg.errors.InsufficientPrivilege)
