"""Everything that can be wrong with a request as such: one shape, one code each, and nothing that a cookie could do."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.test import override_settings
from django.urls import include, path, re_path
from django.utils import timezone
from rest_framework.response import Response

from reports.api.json_body import MAX_LONG_BODY
from reports.api.v1.query import Parameter, Query, whole
from reports.api.v1.view import V1View
from reports.models import SnapshotJob
from tenants.models import ApiKey, Membership, Tenant
from tenants.scope import platform_scope, tenant_scope
from tests.factories import make_api_key, make_job
from tests.reports.api.v1.conftest import ME, V1Client, code


class Thing(V1View):
    """Stands for the resources that come: an object by its id, and a body."""

    scopes = {"GET": "jobs:read", "POST": "jobs:write"}
    query = Query(others=(Parameter("wait", whole(0, 30), "Seconds."),))

    def get(self, request, thing):
        with self.caller.scope():
            found = self.get_object(SnapshotJob.objects.for_tenant(self.caller.tenant), thing)
        return Response({"id": str(found.pk)})

    def post(self, request, thing):
        if thing == "broken":
            raise ZeroDivisionError
        return Response({"got": request.data}, status=201)


urlpatterns = [
    re_path(r"^api/v1/things/(?P<thing>[^/]+)/?\Z", Thing.as_view()),
    path("api/", include("reports.api.v1.urls")),
    path("", include("portal.urls")),
]


@pytest.fixture
def with_things():
    with override_settings(ROOT_URLCONF=__name__):
        yield


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Basic YWxpY2U6cGFzc3dvcmQ=", "Token x"],
)
def test_without_a_key_it_asks_for_one(db, authorization):
    response = V1Client().get(authorization=authorization)

    assert code(response) == (401, "not_authenticated")
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize("key", ["short", "fan_AAAAAAAA_" + "x" * 43, "x" * 513, "ÄÖÜ" * 20, "a.b.c", "x" * 100_000])
def test_an_unknown_key_is_called_so(acme, key):
    response = V1Client().get(authorization=f"Bearer {key}")

    assert code(response) == (401, "invalid_key")
    assert response["WWW-Authenticate"] == 'Bearer realm="api", error="invalid_token"'
    assert key not in response.content.decode()


def test_who_holds_an_ended_key_is_told_how_it_ended(acme):
    expired = make_api_key(tenant=acme, name="a", expires_at=timezone.now() - timedelta(seconds=1))[1]
    revoked = make_api_key(tenant=acme, name="b", revoked_at=timezone.now())[1]

    assert code(V1Client(expired).get()) == (401, "key_expired")
    assert code(V1Client(revoked).get()) == (401, "key_revoked")


def test_a_revoked_key_is_refused_with_the_very_next_request(acme, acme_v1):
    before = acme_v1.get().status_code
    with tenant_scope(acme):
        ApiKey.objects.update(revoked_at=timezone.now())

    assert (before, code(acme_v1.get())) == (200, (401, "key_revoked"))


def test_the_key_of_who_left_is_refused_with_the_very_next_request(acme, adam):
    client = V1Client(make_api_key(tenant=acme, created_by=adam)[1])
    before = client.get().status_code
    with tenant_scope(acme):
        Membership.objects.filter(user=adam).delete()

    assert (before, code(client.get())) == (200, (401, "key_revoked"))


def test_no_cookie_and_no_session_works_here(client, olga):
    client.force_login(olga)

    response = client.get(ME)

    assert code(response) == (401, "not_authenticated")


def test_the_header_of_the_older_api_is_none_of_this_one(acme):
    secret = make_api_key(tenant=acme)[1]

    assert code(V1Client().get(x_api_key=secret)) == (401, "not_authenticated")
    assert code(V1Client().get(f"{ME}?key={secret}")) == (401, "not_authenticated")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_a_method_that_is_not_offered_is_so_for_everybody(db, method):
    response = V1Client().call(method)

    assert code(response) == (405, "method_not_allowed")
    assert response["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/problem+json", "text/html, */*;q=0.1"])
def test_json_is_answered_to_whoever_takes_it(acme_v1, accept):
    assert acme_v1.get(accept=accept).status_code == 200


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "text/*"])
def test_who_takes_no_json_is_told_in_json(acme_v1, accept):
    assert code(acme_v1.get(accept=accept)) == (406, "not_acceptable")


@pytest.mark.parametrize("path", ["/api/", "/api/v1/", "/api/v1/nothing/", "/api/v2/me/", "/api/v1/me/x/", "/api/v1/me/%00"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_an_address_that_is_not_there_is_a_problem_too(db, path, method):
    assert code(V1Client().call(method, path)) == (404, "not_found")


def test_an_unknown_and_a_repeated_parameter_are_named(acme_v1, with_things):
    unknown = acme_v1.get(f"{ME}?verbose=1")
    repeated = acme_v1.get("/api/v1/things/x/?wait=1&wait=2")

    assert code(unknown) == code(repeated) == (400, "invalid_request")
    assert unknown.json()["errors"] == [{"code": "unknown_parameter", "detail": "There is no such parameter.", "parameter": "verbose"}]
    assert [place["code"] for place in repeated.json()["errors"]] == ["repeated"]


def test_a_format_in_the_query_is_no_way_to_another_one(acme_v1):
    assert code(acme_v1.get(f"{ME}?format=api")) == (400, "invalid_request")


def test_a_missing_scope_is_named(acme, with_things):
    client = V1Client(make_api_key(tenant=acme, scopes=("jobs:read",))[1])

    response = client.call("POST", "/api/v1/things/x/", {})

    assert code(response) == (403, "missing_scope")
    assert "jobs:write" in response.json()["detail"]


def test_a_suspended_company_is_told_so(acme, acme_v1):
    with platform_scope():
        Tenant.objects.filter(pk=acme.pk).update(suspended_at=timezone.now())

    assert code(acme_v1.get()) == (403, "tenant_suspended")


def test_another_companys_object_a_missing_one_and_no_id_at_all_are_the_same(acme, globex, acme_v1, with_things):
    own, foreign = make_job(tenant=acme), make_job(tenant=globex)
    texts = [foreign.pk, uuid.uuid4(), "no-id", "%00", f"{{{own.pk}}}", own.pk.hex, f"urn:uuid:{own.pk}", "9" * 5000]

    answers = [acme_v1.get(f"/api/v1/things/{text}/") for text in texts]

    assert acme_v1.get(f"/api/v1/things/{own.pk}/").json() == {"id": str(own.pk)}
    bodies = {answer.content.decode().replace(answer["X-Request-Id"], "") for answer in answers}
    assert {answer.status_code for answer in answers} == {404}
    assert len(bodies) == 1


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"a=1", "application/x-www-form-urlencoded", (415, "unsupported_media_type")),
        (b"<a/>", "application/xml", (415, "unsupported_media_type")),
        (b"{", "application/json", (400, "malformed_body")),
        (b'{"a": 1, "a": 2}', "application/json", (400, "malformed_body")),
        (b'{"a": NaN}', "application/json", (400, "malformed_body")),
        (b'{"a": "\\u0000"}', "application/json", (400, "malformed_body")),
        (b'"\xff"', "application/json", (400, "malformed_body")),
        (b"[" * 100_000, "application/json", (400, "malformed_body")),
        (b'"' + b"x" * 1024 * 1024 + b'"', "application/json", (413, "body_too_large")),
    ],
    ids=["form", "xml", "cut off", "twice", "no number", "NUL", "not UTF-8", "deep", "large"],
)
def test_a_body_that_cannot_be_read_is_called_what_it_is(acme_v1, with_things, body, content_type, expected):
    response = acme_v1.call("POST", "/api/v1/things/x/", body, content_type=content_type)

    assert code(response) == expected


def test_a_view_may_take_a_longer_body_and_says_how_long(acme_v1, with_things, monkeypatch):
    monkeypatch.setattr(Thing, "max_body", MAX_LONG_BODY)

    taken = acme_v1.call("POST", "/api/v1/things/x/", b"{}".ljust(MAX_LONG_BODY))
    refused = acme_v1.call("POST", "/api/v1/things/x/", b"{}".ljust(MAX_LONG_BODY + 1))

    assert taken.status_code == 201
    assert code(refused) == (413, "body_too_large")
    assert str(MAX_LONG_BODY) in refused.json()["detail"]


def test_a_fault_of_ours_tells_its_id_and_nothing_else(acme_v1, with_things, json_log):
    response = acme_v1.call("POST", "/api/v1/things/broken/", {})

    assert code(response) == (500, "internal_error")
    assert "Zero" not in response.content.decode()
    assert any(line.get("request_id") == response["X-Request-Id"] and "ZeroDivision" in line.get("exception", "") for line in json_log())


def test_a_host_that_is_not_ours_is_a_problem_too(db):
    assert code(V1Client().get(host="evil.example")) == (400, "malformed_request")
