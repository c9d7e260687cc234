"""The audit log: what was done, found again, and taken along; and that each line leaves the database as well."""

from __future__ import annotations

import ast
import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.utils import timezone

from tenants import audit_actions
from tenants.audit import Actor, record
from tenants.scope import tenant_scope
from tests.recently import sign_in

pytestmark = pytest.mark.django_db
ADAM, SCRIPT = Actor("adam@acme.example", ip="192.0.2.7", request_id="req-1"), Actor("API key “data-lake”")
URL = "/t/acme/settings/audit/"
# Functions that hand their name on to `record`.
RECORDING = {"record", "record_each", "_record", "_record_people", "_let_go", "_set", "by", "to", "_write"}
WRITTEN_AS = {"added": "created", "update": "changed", "removed": "removed"}


@pytest.fixture
def written(acme, globex):
    now = timezone.now()
    with tenant_scope(acme):
        record(ADAM, "link.revoked", now=now, tenant=acme, about=acme, before={"until": "tomorrow"}, after={"until": None})
        record(SCRIPT, "key.created", now=now - timedelta(days=3), tenant=acme, after={"name": "=cmd()"})
        record(ADAM, "schedule.paused", now=now - timedelta(days=40), tenant=acme)
        record(ADAM, "grant.created", now=now, tenant=acme, after={"report": "daily-calls"})
        record(Actor("Acme, admin (T-1)", impersonator="ines@platform.example"), "job.cancelled", now=now, tenant=acme)
    with tenant_scope(globex):
        record(Actor("bob@globex.example"), "link.revoked", now=now, tenant=globex)


def shown(browser: Client, query: str = "") -> str:
    answer = browser.get(f"{URL}{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_shows_who_did_what_from_where_and_what_changed(as_adam, written):
    page = shown(as_adam)

    assert "Link withdrawn" in page
    assert "adam@acme.example" in page
    assert "192.0.2.7" in page
    assert "<del>tomorrow</del>" in page
    assert "bob@globex.example" not in page


@pytest.mark.parametrize(
    ("query", "there", "gone"),
    [
        ("", "Link withdrawn", "Schedule paused"),
        ("?days=", "Schedule paused", "No such"),
        ("?group=keys", "API key made", "Link withdrawn"),
        ("?group=platform", "Report offered", "API key made"),
        ("?who=adam@acme.example", "Link withdrawn", "API key made"),
        ("?who=ines@platform.example", "Job cancelled", "Link withdrawn"),
        ("?group=nonsense&days=nonsense", "Link withdrawn", "Schedule paused"),
    ],
)
def test_it_is_narrowed_by_its_address(as_adam, written, query, there, gone):
    page = shown(as_adam, query).partition('id="about"')[2]

    assert there in page
    assert gone not in page


def test_all_about_one_thing_is_one_address(as_adam, written, acme):
    page = shown(as_adam, f"?about={acme.pk}&days=").partition('id="about"')[2]

    assert "Link withdrawn" in page
    assert "API key made" not in page


def test_nothing_is_changed_or_skipped_from_page_to_page(as_adam, acme):
    now = timezone.now()
    with tenant_scope(acme):
        for number in range(120):
            record(Actor(f"person-{number}@acme.example"), "job.cancelled", now=now, tenant=acme)
    seen, query = [], ""
    for _ in range(3):
        answer = as_adam.get(f"{URL}{query}")
        seen += [row.actor for row in answer.context["page"].rows]
        query = f"?{answer.context['page'].older}"

    assert len(seen) == len(set(seen)) == 120


def test_viewers_do_not_see_it(as_alice, written):
    assert as_alice.get(URL).status_code == 403
    assert as_alice.get(f"{URL}export/").status_code == 403


def test_the_export_is_what_the_list_shows_and_no_spreadsheet_runs_it(as_adam, written):
    answer = as_adam.get(f"{URL}export/?group=keys&days=")

    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row[1] for row in rows[1:]] == ["API key made"]
    assert rows[1][8] == '{"name": "=cmd()"}'
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


def test_an_export_is_an_act_itself(as_adam, written):
    as_adam.get(f"{URL}export/")

    assert "Audit log exported" in shown(as_adam)


def test_staff_see_what_belongs_to_no_company_and_nothing_else(written, ines):
    record(Actor("a command"), "catalogue.applied", now=timezone.now(), tenant=None)

    page = sign_in(Client(), ines).get("/staff/audit/").content.decode()

    assert "Catalogue applied" in page
    assert "adam@acme.example" not in page
    assert "bob@globex.example" not in page


@pytest.mark.django_db(transaction=True)
def test_each_line_is_shipped_once_it_is_committed(acme, json_log):
    with transaction.atomic(), tenant_scope(acme):
        record(ADAM, "link.revoked", now=timezone.now(), tenant=acme)
        transaction.set_rollback(True)
    with tenant_scope(acme):
        record(ADAM, "link.created", now=timezone.now(), tenant=acme, after={"days": 30})

    shipped = [line for line in json_log() if line["logger"] == "audit"]

    assert [(line["action"], line["actor"], line["tenant"], line["after"]) for line in shipped] == [
        ("link.created", "adam@acme.example", str(acme.pk), '{"days": 30}')
    ]


def test_every_name_that_the_code_writes_has_words():
    found = set()
    for folder in ("portal", "reports", "tenants"):
        for path in (Path(settings.BASE_DIR) / folder).rglob("*.py"):
            found |= set(_names(ast.parse(path.read_text())))

    assert found - audit_actions.WORDS.keys() == set()
    assert "link.revoked" in found


def test_every_name_that_the_platform_file_writes_has_words():
    kinds, folder = set(), Path(settings.BASE_DIR) / "portal" / "platform_file"
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in WRITTEN_AS:
                kinds |= {f"{kind.value}.{WRITTEN_AS[node.func.attr]}" for kind in node.args[:1] if isinstance(kind, ast.Constant)}

    assert kinds - audit_actions.WORDS.keys() == set()
    assert "grant.changed" in kinds


def _names(tree: ast.AST):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in RECORDING:
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and argument.value.count(".") == 1:
                    yield argument.value
