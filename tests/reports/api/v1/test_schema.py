from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
from django.conf import settings
from django.core.management import call_command

from reports.api.v1.schema import document
from tests.reports.api.v1.conftest import V1Client


def test_the_document_is_valid_and_nothing_in_it_was_guessed():
    written = io.StringIO()

    call_command("spectacular", validate=True, fail_on_warn=True, stdout=written)

    assert "openapi: 3.1.0" in written.getvalue()


def test_it_is_open_to_everybody(db):
    served = V1Client().get("/api/schema/").json()

    assert "/api/v1/me/" in served["paths"]
    assert served["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_every_operation_names_its_problems(db):
    served = V1Client().get("/api/schema/").json()

    for operation in [operation for path in served["paths"].values() for operation in path.values()]:
        assert {"400", "401", "403", "405", "406", "429", "500", "503"} <= set(operation["responses"])
        assert all(
            list(r["content"]) == ["application/problem+json"] for s, r in operation["responses"].items() if s >= "400" and s != "414"
        )
        assert operation["security"] == [{"bearer": []}]


def test_answers_fit_the_document(acme_v1):
    served = V1Client().get("/api/schema/").json()

    def check(name, answer):
        jsonschema.validate(answer, {"$ref": f"#/components/schemas/{name}", "components": served["components"]})

    check("MeOut", acme_v1.get().json())
    check("ProblemOut", V1Client().get().json())
    check("ProblemOut", acme_v1.get("/api/v1/me/?x=1").json())


def test_the_document_that_is_kept_is_the_one_that_is_served():
    """A change of the API is seen in review, not found by its callers. `make document` writes it."""
    kept = json.loads((Path(settings.BASE_DIR) / "docs" / "openapi-v1.json").read_text(encoding="utf-8"))
    served = json.loads(json.dumps(document()))

    # Where the portal stands is each installation's own.
    assert {name: part for name, part in kept.items() if name != "servers"} == {
        name: part for name, part in served.items() if name != "servers"
    }


def test_nothing_that_is_sent_or_answered_is_untyped():
    untyped = [f"{name}.{field}" for name, part in document()["components"]["schemas"].items() for field in _untyped(part)]

    assert untyped == []


def _untyped(part: dict[str, Any], path: str = "") -> Iterator[str]:
    """Members that could be anything; what callers name themselves has typed values."""
    if not {"type", "$ref", "oneOf", "allOf", "anyOf", "enum"} & part.keys():
        yield path or "."
    if part.get("type") == "object" and not {"properties", "additionalProperties"} & part.keys():
        yield path or "."
    if part.get("additionalProperties") in (True, {}):
        yield f"{path}.*"
    inner = dict(part.get("properties", {})) | ({"[]": part["items"]} if "items" in part else {})
    for name, schema in inner.items():
        yield from _untyped(schema, f"{path}.{name}")
