"""Many recipients at once: all or nothing, every wrong line with its place, tried out first where that is wished."""

from __future__ import annotations

import json

import pytest

from reports.api.json_body import MAX_BODY
from reports.models import Recipient
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests.factories import make_api_key, make_group, make_recipient, make_suppression
from tests.reports.api.v1.conftest import V1Client, code

ADDRESS = "/api/v1/recipients/import/"


@pytest.fixture
def acme_v1(acme) -> V1Client:
    return V1Client(make_api_key(tenant=acme, scopes=("audiences:write",))[1])


def book(tenant) -> dict[str, str]:
    with tenant_scope(tenant):
        return dict(Recipient.objects.for_tenant(tenant).values_list("email", "name"))


def send(client, body, key="first"):
    return client.post(ADDRESS, body, idempotency_key=key)


def test_rows_add_and_change_and_leave_the_rest(acme_v1, acme):
    make_recipient(tenant=acme, email="anna@customer.example", name="Anna")
    make_recipient(tenant=acme, email="ben@customer.example", name="Ben")
    group = make_group(tenant=acme, name="Managers")
    rows = [
        {"email": "Anna@customer.example", "name": "Anna Berg", "language": "de", "groups": ["managers"]},
        {"email": "ben@customer.example"},
        {"email": "carl@customer.example", "name": "Carl"},
    ]

    answer = send(acme_v1, {"rows": rows})

    assert answer.status_code == 200
    assert answer.json() == {"dry_run": False, "added": 1, "changed": 1, "unchanged": 1}
    assert book(acme) == {"anna@customer.example": "Anna Berg", "ben@customer.example": "Ben", "carl@customer.example": "Carl"}
    with tenant_scope(acme):
        assert [person.email for person in group.recipients.all()] == ["anna@customer.example"]
        assert [event.action for event in AuditEvent.objects.filter(tenant=acme)] == ["recipients.uploaded"]


def test_csv_is_read_as_a_spreadsheet_saves_it(acme_v1, acme):
    answer = send(acme_v1, {"csv": "\ufeffE-Mail;Name\r\nanna@customer.example;Anna\r\nben@customer.example;Ben\r\n"})

    assert answer.json() == {"dry_run": False, "added": 2, "changed": 0, "unchanged": 0}
    assert book(acme) == {"anna@customer.example": "Anna", "ben@customer.example": "Ben"}


@pytest.mark.parametrize("body", [{"rows": [{"email": "anna@customer.example"}]}, {"csv": "email\nanna@customer.example\n"}])
def test_tried_out_it_tells_the_same_and_does_nothing(acme_v1, acme, body):
    tried = send(acme_v1, body | {"dry_run": True}, "tried").json()
    told_then = book(acme)
    done = send(acme_v1, body, "done").json()

    assert told_then == {}
    assert tried | {"dry_run": False} == done


@pytest.mark.parametrize("dry_run", [True, False])
def test_every_wrong_row_is_named_and_nothing_is_changed(acme_v1, acme, dry_run):
    make_suppression(tenant=acme, email="gone@customer.example")
    rows = [
        {"email": "anna@customer.example"},
        {"email": "nobody"},
        {"email": "ben@customer.example", "groups": ["No such group"]},
        {"email": "gone@customer.example"},
        {"email": "anna@customer.example"},
    ]

    answer = send(acme_v1, {"rows": rows, "dry_run": dry_run})

    assert code(answer) == (422, "import_invalid")
    assert [place["pointer"] for place in answer.json()["errors"]] == ["/rows/1/email", "/rows/2/groups", "/rows/3/email", "/rows/4/email"]
    assert book(acme) == {}


def test_a_wrong_line_of_csv_is_named_in_words(acme_v1, acme):
    answer = send(acme_v1, {"csv": "email,name\nanna@customer.example,Anna\nnobody,Ben\n"})

    (place,) = answer.json()["errors"]
    assert code(answer) == (422, "import_invalid")
    assert place["pointer"] == "/csv"
    assert place["detail"].startswith("Line 3, email: ")


@pytest.mark.parametrize("body", [{}, {"rows": [{"email": "a@b.example"}], "csv": "email\na@b.example\n"}, {"csv": "name\nAnna\n"}])
def test_what_is_no_list_is_refused(acme_v1, body):
    assert code(send(acme_v1, body)) == (422, "import_invalid")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({"rows": []}, "/rows"), ({"rows": [{"name": "Anna"}]}, "/rows/0/email"), ({"csv": 5}, "/csv"), ({"dry_run": 1}, "/dry_run")],
)
def test_a_body_that_does_not_fit_is_400_with_its_place(acme_v1, body, pointer):
    answer = send(acme_v1, body)

    assert code(answer) == (400, "invalid_request")
    assert [place["pointer"] for place in answer.json()["errors"]] == [pointer]


def test_it_takes_five_thousand_rows_and_more_than_a_mebibyte(acme_v1, acme):
    rows = [{"email": f"person{number}.{'x' * 60}@customer.example", "name": "x" * 120, "language": "en"} for number in range(5000)]
    body = json.dumps({"rows": rows}).encode()
    assert len(body) > MAX_BODY

    answer = acme_v1.call("POST", ADDRESS, body, idempotency_key="many")

    assert answer.json() == {"dry_run": False, "added": 5000, "changed": 0, "unchanged": 0}
    assert code(send(acme_v1, {"rows": [*rows, rows[0]]}, "more")) == (400, "invalid_request")


def test_without_a_key_nothing_is_done(acme_v1, acme):
    assert code(acme_v1.post(ADDRESS, {"rows": [{"email": "anna@customer.example"}]})) == (400, "idempotency_key_required")
    assert book(acme) == {}


def test_the_same_key_does_it_once(acme_v1, acme):
    first, again = (send(acme_v1, {"rows": [{"email": "anna@customer.example"}]}) for _ in range(2))

    assert again.json() == first.json() == {"dry_run": False, "added": 1, "changed": 0, "unchanged": 0}
    assert again["Idempotent-Replayed"] == "true"
    with tenant_scope(acme):
        assert AuditEvent.objects.filter(tenant=acme).count() == 1
