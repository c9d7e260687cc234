"""The door to pages inside a company: one transaction, and what a view raises undoes all it did."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.http import Http404, HttpResponse
from django.test import RequestFactory

from portal import urls
from portal.pages import tenant_page
from tenants import session_tags
from tenants.models import SessionTag
from tenants.scope import tenant_scope
from tests.tenants.rows import sql


def visit(view, person, slug="acme"):
    request = RequestFactory().get("/")
    request.user, request.session = person, {}
    return tenant_page("home.view")(view)(request, slug)


def tags(tenant):
    with tenant_scope(tenant):
        return set(SessionTag.objects.values_list("key", flat=True))


def write(request):
    session_tags.write(request.tenant, session_tags.tags_of(request.tenant) | {"desk": "north"})
    return HttpResponse()


def test_no_page_of_a_company_is_wrapped_in_a_second_transaction():
    assert all(getattr(pattern.callback, "_non_atomic_requests", None) == {"default"} for pattern in urls.company)


@pytest.mark.django_db(transaction=True)
def test_what_a_view_writes_is_committed_when_it_answers(acme, adam):
    visit(write, adam)

    assert tags(acme) == {"tenant_id", "desk"}
    assert not connection.in_atomic_block


@pytest.mark.parametrize("error", [ZeroDivisionError, Http404])
@pytest.mark.django_db(transaction=True)
def test_what_a_view_raises_undoes_all_it_wrote(acme, adam, error):
    def broken(request):
        write(request)
        raise error

    with pytest.raises(error):
        visit(broken, adam)

    assert tags(acme) == {"tenant_id"}
    assert sql("select current_setting('app.tenant_id', true)") == [("",)]


@pytest.mark.django_db(transaction=True)
def test_what_a_view_leaves_to_be_done_after_it_is_done_outside_the_company(acme, adam):
    seen = []

    def later(request):
        transaction.on_commit(lambda: seen.extend(sql("select current_setting('app.tenant_id', true), current_setting('role')")))
        return HttpResponse()

    visit(later, adam)

    assert seen == [("", "none")]


@pytest.mark.django_db(transaction=True)
def test_who_is_no_member_starts_no_view(globex, adam):
    with pytest.raises(Http404):
        visit(write, adam, "globex")

    assert tags(globex) == {"tenant_id"}
