"""Lists of people that carry more than people: ids of another company, formulas, bombs, and what is no text."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from reports.models import Recipient, RecipientGroup
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db
FORMULAS = ("=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1)", "\t=1", '=HYPERLINK("https://evil.example","x")')


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("list.csv", "email\n" + "a@customer.example\n" * 1_000_000)
    return packed.getvalue()


NO_LISTS = {
    "a packed file that becomes 19 MB": _zip(),
    "the same with gzip": gzip.compress(b"email\n" + b"a@customer.example\n" * 1_000_000),
    "a NUL": b"email\nnina\0@customer.example\n",
    "nothing": b"",
    "two megabytes": b"email\n" + b"a" * 2_000_000,
    "one line of a million columns": b"email" + b"," * 800_000 + b"\n",
    "an open quotation mark": b'email\n"nina@customer.example\n' + b"a,b\n" * 1000,
    "no UTF-8": b"email\n\xff\xff\xfe@customer.example\n",
    "lone surrogates": "email\n".encode("utf-16") + b"\x00\xd8\x00\xd8",
    "a page": b"<html><script>alert(1)</script></html>",
    "a bill of laughs": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>',
}


@pytest.fixture
def upload(attacker):
    """Sends a list as a file, and looks for what is globex's in the answer and in every row."""

    def send(body: bytes, *, sent: str = "", **more: str):
        path = f"/t/{attacker.acme.tenant.slug}/recipients/upload/"
        file = SimpleUploadedFile("../../etc/list.csv", body, content_type="text/csv")
        return attacker.do(path, {"file": file, **more}, sent=[path, sent])

    return send


@pytest.mark.parametrize("what", NO_LISTS)
def test_what_is_no_list_adds_nobody(what, upload):
    for act in ("save", "wrong", ""):
        answer, rows = upload(NO_LISTS[what], act=act)

        assert answer.status_code in (200, 422)
        assert [row for row in rows if "a@customer.example" in row or "<script" in row] == []


def test_columns_of_ids_are_passed_over(attacker, upload):
    theirs = attacker.globex
    heads = "id,tenant_id,tenant,group_id,created_by,email,name,groups\n"
    line = f"{theirs.recipient.pk},{theirs.tenant.pk},globex,{theirs.group.pk},{theirs.owner.pk},nina@customer.example,Nina,\n"

    answer, rows = upload((heads + line).encode(), sent=line, act="save")

    assert answer.status_code == 303
    assert any('"nina@customer.example"' in row and row.startswith("reports_recipient ") for row in rows)


def test_a_group_of_another_company_is_a_new_one_of_the_same_name(attacker, upload):
    """A name is nobody's; what is in theirs stays there."""
    theirs = attacker.globex.group

    answer, rows = upload(f"email,group\nnina@customer.example,{theirs.name}\n".encode(), sent=theirs.name, act="save")

    assert answer.status_code in (303, 422)
    assert not any(str(theirs.pk) in row for row in rows)


def test_a_person_of_another_company_is_a_new_one(attacker, upload):
    theirs = attacker.globex.recipient

    answer, rows = upload(f"email,name\n{theirs.email},Renamed\n".encode(), sent=theirs.email, act="save")

    assert answer.status_code == 303
    assert any(theirs.email in row and "Renamed" in row for row in rows)


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_is_text_in_the_list_that_comes_back(formula, attacker):
    with tenant_scope(attacker.acme.tenant):
        Recipient.objects.create(tenant=attacker.acme.tenant, email="formula@customer.example", name=formula)
        RecipientGroup.objects.create(tenant=attacker.acme.tenant, name=f"{formula} group")

    exported = attacker.get(f"/t/{attacker.acme.tenant.slug}/recipients/export/").getvalue().decode("utf-8-sig")

    cells = [cell for line in exported.splitlines() for cell in line.replace('"', "").split(",")]
    assert "formula@customer.example" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t"))]
