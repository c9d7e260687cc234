from __future__ import annotations

import ast
import json
import re
import shlex
from html import unescape

import jsonschema
import pytest
from django.test import Client

from portal.api_docs.operations import sections
from reports.api.v1.codes import KINDS
from reports.api.v1.schema import document

OPERATIONS = [operation for section in sections() for operation in section.operations]


def test_the_guide_is_open_to_everybody_and_leads_to_every_resource(db):
    page = Client().get("/api/docs/").content.decode()

    assert "Doing things once" in page
    assert all(f'href="/api/docs/{section.name}/"' in page for section in sections())


@pytest.mark.parametrize("section", sections(), ids=lambda section: section.name)
def test_each_resource_shows_its_calls_in_both_languages(db, section):
    page = unescape(Client().get(f"/api/docs/{section.name}/").content.decode())

    for operation in section.operations:
        assert f'id="{operation.id}"' in page
        assert operation.sample.curl in page
        assert operation.sample.python in page


def test_a_resource_that_is_not_there_is_not_found(db):
    assert Client().get("/api/docs/nothing/").status_code == 404


def test_every_code_has_a_place_that_its_problems_lead_to(db):
    page = Client().get("/api/docs/errors/").content.decode()

    assert all(f'<li id="{code}">' in page for code in KINDS)


def test_every_operation_of_the_document_is_on_a_page():
    told = {method["operationId"] for path in document()["paths"].values() for method in path.values()}

    assert {operation.id for operation in OPERATIONS} == told
    assert all(operation.title for operation in OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_the_samples_are_what_they_say(operation):
    tree = ast.parse(operation.sample.python)
    words = shlex.split(operation.sample.curl.replace("\\\n", " "))

    call = next(
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == f"requests.{operation.method.lower()}"
    )
    body = next((ast.literal_eval(word.value) for word in call.keywords if word.arg == "json"), None)
    sent = json.loads(words[words.index("--json") + 1]) if "--json" in words else None
    assert words[0] == "curl"
    assert body == sent
    assert re.search(r"https?://\S+/api/v1/", operation.sample.curl)


@pytest.mark.parametrize("operation", [operation for operation in OPERATIONS if operation.body], ids=lambda operation: operation.id)
def test_the_body_of_a_sample_fits_the_document(operation):
    words = shlex.split(operation.sample.curl.replace("\\\n", " "))
    method = document()["paths"][operation.path][operation.method.lower()]
    schema = method["requestBody"]["content"]["application/json"]["schema"]

    jsonschema.validate(json.loads(words[words.index("--json") + 1]), schema | {"components": document()["components"]})


@pytest.mark.parametrize("operation", [operation for operation in OPERATIONS if operation.answer], ids=lambda operation: operation.id)
def test_the_answer_of_a_sample_fits_the_document(operation):
    method = document()["paths"][operation.path][operation.method.lower()]
    schema = method["responses"][operation.status]["content"]["application/json"]["schema"]

    jsonschema.validate(json.loads(operation.answer), schema | {"components": document()["components"]})
