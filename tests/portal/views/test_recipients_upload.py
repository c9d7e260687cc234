"""Uploading a list: preview, corrections in place, and saving."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from reports.models import Recipient
from tenants.models import Tenant
from tenants.scope import platform_scope, tenant_scope
from tests.factories import make_group, make_recipient

pytestmark = pytest.mark.django_db
UPLOAD = "/t/acme/recipients/upload/"
TEXT = "email;name;group\nanna@customer.example;Anna;Night desk\nboris@customer;Boris;Nigth desk\nzoe@customer.example;Zoe;\n"


@pytest.fixture
def desk(acme):
    return make_group(tenant=acme, name="Night desk", recipients=[make_recipient(tenant=acme, email="anna@customer.example", name="Anna")])


def uploaded(browser, text=TEXT, name="november.csv"):
    return browser.post(UPLOAD, {"file": SimpleUploadedFile(name, text.encode())})


def kept(answer):
    """What the form of a preview sends back."""
    page = answer.content.decode()
    hidden = dict(re.findall(r'type="hidden" name="(source|told)" value="([^"]*)"', page))
    return hidden | {"list": re.search(r"<textarea name=\"list\"[^>]*>(.*?)</textarea>", page, re.S)[1]}


def people(tenant):
    with tenant_scope(tenant):
        return {person.email: [group.name for group in person.groups.all()] for person in Recipient.objects.order_by("email")}


def test_a_preview_tells_what_each_line_would_do_and_saves_nothing(as_adam, acme, desk):
    answer = uploaded(as_adam)

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "november.csv" in page
    assert "3 lines, semicolon separated, UTF-8, columns email, name, group" in page
    assert "1 of 3 lines needs a change." in page
    assert "The address has no ending." in page
    assert "Did you mean “Night desk”?" in page
    assert "Add 1" in page
    assert list(people(acme)) == ["anna@customer.example"]


def test_what_was_corrected_in_place_is_saved(as_adam, acme, desk):
    form = kept(uploaded(as_adam))
    corrected = {"email-1": "boris@customer.example", "groups-1": "night desk", "act": "save"}

    answer = as_adam.post(UPLOAD, form | corrected, follow=True)

    assert "2 people were added, 0 were changed." in answer.content.decode()
    assert people(acme) == {"anna@customer.example": ["Night desk"], "boris@customer.example": ["Night desk"], "zoe@customer.example": []}


def test_corrections_stay_while_one_looks_at_other_lines(as_adam, acme, desk):
    form = kept(uploaded(as_adam))

    looked = as_adam.post(UPLOAD, form | {"email-1": "boris@customer.example", "show": "new"})

    assert "boris@customer.example" in kept(looked)["list"]
    assert "Zoe" in looked.content.decode()
    assert "Nigth" not in re.sub(r"<textarea.*?</textarea>", "", looked.content.decode(), flags=re.S)


def test_with_a_wrong_line_nothing_is_saved_unless_it_is_left_out(as_adam, acme, desk):
    form = kept(uploaded(as_adam)) | {"act": "save"}

    refused = as_adam.post(UPLOAD, form)
    assert refused.status_code == 422
    assert list(people(acme)) == ["anna@customer.example"]

    answer = as_adam.post(UPLOAD, form | {"leave_out": "on"}, follow=True)
    assert "1 person was added, 0 were changed, 1 line was left out." in answer.content.decode()
    assert list(people(acme)) == ["anna@customer.example", "zoe@customer.example"]


def test_the_same_list_again_says_that_there_is_nothing_to_save(as_adam, acme, desk):
    answer = uploaded(as_adam, "email\nanna@customer.example\n")

    assert "There is nothing to save" in answer.content.decode()


def test_lines_with_errors_can_be_taken_away_and_uploaded_again(as_adam, acme, desk):
    form = kept(uploaded(as_adam))

    answer = as_adam.post(UPLOAD, form | {"act": "wrong"})

    assert answer["Content-Disposition"] == 'attachment; filename="lines-with-errors.csv"'
    assert answer.content.decode().splitlines()[1].startswith('boris@customer,Boris,Nigth desk,,"The address has no ending.')
    assert "1 of 1 lines needs a change" in uploaded(as_adam, answer.content.decode()).content.decode()


def test_a_list_can_be_pasted(as_adam, acme):
    answer = as_adam.post(UPLOAD, {"text": "E-Mail\tName\nzoe@customer.example\tZoe"})

    assert "Pasted list" in answer.content.decode()
    assert "Add 1" in answer.content.decode()


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({}, "No column is headed"),
        ({"text": "\x00"}, "This is no text"),
        ({"list": "nothing"}, "No column is headed"),
        ({"file": SimpleUploadedFile("a.xlsx", b"PK\x03\x04\x00")}, "This is no text"),
    ],
)
def test_what_is_no_list_is_told_on_the_first_step(as_adam, acme, sent, told):
    answer = as_adam.post(UPLOAD, sent)

    assert answer.status_code == 422
    assert told in answer.content.decode()


def test_five_thousand_people_go_through_all_steps(as_adam, acme, desk):
    lines = [f"p{number}@customer.example,Person number {number},Night desk" for number in range(4999)]
    answer = uploaded(as_adam, "\n".join(["email,name,group", "nobody,Nobody,", *lines]))
    assert "The first 200 of 5000 lines" in answer.content.decode()

    as_adam.post(UPLOAD, kept(answer) | {"act": "save", "email-0": "nobody@customer.example"})

    assert len(people(acme)) == 5001


@pytest.mark.parametrize("act", ["", "save", "wrong"])
@pytest.mark.parametrize("name", ["email-0", "name-0", "groups-0", "source", "told"])
def test_what_no_keyboard_types_is_left_out(as_adam, acme, name, act):
    form = kept(uploaded(as_adam, "email,name\nzoe@customer.example,Zoe\n"))

    answer = as_adam.post(UPLOAD, form | {"act": act, "leave_out": "on", name: "a\0b"})

    assert answer.status_code == (303 if act == "save" else 200)


def test_what_people_type_is_never_markup(as_adam, acme):
    answer = as_adam.post(UPLOAD, {"text": "email,name\n<b>x</b>,</textarea><script>alert(1)</script>"})

    assert "<script>alert" not in answer.content.decode()


def test_lines_beyond_the_limit_of_recipients_are_told_before_anything_is_saved(as_adam, acme):
    with platform_scope():
        Tenant.objects.filter(pk=acme.pk).update(max_recipients=1)
    lines = "email\nanna@customer.example\nzoe@customer.example\n"

    answer = uploaded(as_adam, lines)
    saved = as_adam.post(UPLOAD, kept(answer) | {"act": "save"})

    assert "your company’s limit of recipients is 1." in answer.content.decode()
    assert saved.status_code == 422
    assert people(acme) == {}
