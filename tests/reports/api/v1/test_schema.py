from __future__ import annotations

import io

import jsonschema
from django.core.management import call_command

from tests.reports.api.v1.conftest import V1Client


def test_the_document_is_valid_and_nothing_in_it_was_guessed():
    written = io.StringIO()

    call_command("spectacular", validate=True, fail_on_warn=True, stdout=written)

    assert "openapi: 3.1.0" in written.getvalue()


def test_it_is_open_to_everybody(db):
    document = V1Client().get("/api/schema/").json()

    assert "/api/v1/me/" in document["paths"]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_every_operation_names_its_problems(db):
    document = V1Client().get("/api/schema/").json()

    for operation in [operation for path in document["paths"].values() for operation in path.values()]:
        assert {"400", "401", "403", "405", "406", "429", "500", "503"} <= set(operation["responses"])
        assert all(
            list(r["content"]) == ["application/problem+json"] for s, r in operation["responses"].items() if s >= "400" and s != "414"
        )
        assert operation["security"] == [{"bearer": []}]


def test_answers_fit_the_document(acme_v1):
    document = V1Client().get("/api/schema/").json()

    def check(name, answer):
        jsonschema.validate(answer, {"$ref": f"#/components/schemas/{name}", "components": document["components"]})

    check("MeOut", acme_v1.get().json())
    check("ProblemOut", V1Client().get().json())
    check("ProblemOut", acme_v1.get("/api/v1/me/?x=1").json())
