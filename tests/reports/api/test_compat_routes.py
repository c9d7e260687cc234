"""Addresses, methods and headers of the older API."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, OperationalError
from django.test import RequestFactory

from reports.api.compat_http import to_response

NO_ROUTE = (403, {"message": "Missing Authentication Token"})


@pytest.mark.parametrize("name", ["qs-anonymous-snapshot", "qs_anonymous_snapshot"])
@pytest.mark.parametrize("stage", ["/", "/Prod/", "/dev/"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_every_spelling_of_the_base_answers_without_a_redirect(acme_client, daily_calls, stage, name, slash):
    base = stage + name

    status, answer = acme_client.call("POST", slash, {"dashboardId": "daily-calls", "sheetId": "sheet-1", "format": "PDF"}, base=base)
    job = f"daily-calls/{answer['SnapshotJobId']}{slash}"

    assert status == 200
    assert acme_client.get(slash, base=base)[1]["Count"] == 1
    assert acme_client.get(f"/describe_job/{job}", base=base)[1]["JobStatus"] == "QUEUED"
    assert acme_client.get(f"/describe_job_result/{job}", base=base)[0] == 400
    assert acme_client.get(f"/download_output/{job}", base=base)[0] == 200
    assert acme_client.call("POST", f"/daily-calls{slash}", base=base)[1]["Count"] == 1
    assert acme_client.call("DELETE", f"/{job}", base=base)[0] == 200


@pytest.mark.parametrize("path", ["/nope", "/describe_job", "/describe_job/a", "/describe_job/a/b/c", "/a/b", "//", "/%00/%0A"])
def test_an_unknown_route_says_so_with_and_without_a_key(acme_client, path):
    assert acme_client.get(path) == NO_ROUTE
    acme_client.key = ""
    assert acme_client.get(path) == NO_ROUTE


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "TRACE", "NONSENSE"])
def test_a_method_that_is_not_offered_is_named(acme_client, method):
    assert acme_client.call(method) == (405, {"error": f'Method "{method}" not allowed.', "code": "method_not_allowed"})


def test_head_gets_no_presigned_url(acme_client, daily_calls):
    response = acme_client.http.head("/qs-anonymous-snapshot", headers={"x-api-key": acme_client.key})

    assert response.status_code == 405
    assert response["Allow"] == "GET, POST"


@pytest.mark.parametrize("accept", ["text/html", "application/xml;q=1", "*/*", "nonsense", ""])
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_a_client_says_it_sends_or_accepts_does_not_matter(acme_client, daily_calls, accept, content_type):
    body = {"dashboardId": "daily-calls", "sheetId": "sheet-1", "format": "PDF"}

    assert acme_client.call("POST", "", body, accept=accept, content_type=content_type)[0] == 200
    assert acme_client.get("?format=xml", accept=accept, content_type=content_type)[0] == 200


def test_more_query_parameters_than_anybody_needs_are_refused(acme_client, settings):
    status, answer = acme_client.get("?" + "a=1&" * (settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1))

    assert (status, answer["code"]) == (400, "malformed_request")


@pytest.mark.parametrize(
    ("fault", "status"), [(OperationalError("no connection"), 503), (DatabaseError("a fault"), 500), (RuntimeError("secret"), 500)]
)
def test_a_fault_of_ours_is_an_object_too_and_says_nothing_about_itself(fault, status, caplog):
    response = to_response(fault, {"request": RequestFactory().get("/")})

    assert response.status_code == status
    assert set(response.data) == {"message"}
    assert str(fault) not in str(response.data)
    assert str(fault) in caplog.text
