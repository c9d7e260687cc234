from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from tests.factories import make_api_key

ME = "/api/v1/me/"


class V1Client:
    """Sends a bearer's key, and holds every answer to what holds for all: JSON, no cookie, not to be kept, an id."""

    def __init__(self, key: str = "") -> None:
        self.key = key
        self.http = Client(enforce_csrf_checks=True, raise_request_exception=False)

    def call(self, method: str, path: str = ME, body: Any = None, **headers: str) -> HttpResponse:
        sent = {"authorization": f"Bearer {self.key}"} if self.key else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        content_type = sent.pop("content-type", "application/json")
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        response = self.http.generic(method, path, data, content_type, headers=sent)
        if response.status_code in (204, 304):
            assert not response.content
        else:
            assert response["Content-Type"] == ("application/json" if response.status_code < 400 else "application/problem+json")
        assert response["Cache-Control"] == "no-store"
        assert response["X-Request-Id"]
        assert not response.cookies
        if response.status_code >= 400 and method != "HEAD":
            _check_problem(response)
        return response

    def get(self, path: str = ME, **headers: str) -> HttpResponse:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.call("POST", path, body, **headers)


def _check_problem(response: HttpResponse) -> None:
    body = response.json()
    assert set(body) - {"errors"} == {"type", "title", "status", "code", "detail", "request_id"}
    assert body["status"] == response.status_code
    assert body["type"].endswith(f"/api/docs/errors/#{body['code']}")
    assert body["request_id"] == response["X-Request-Id"]


def code(response: HttpResponse) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


@pytest.fixture(autouse=True)
def full_buckets(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    # By chance one request sweeps the cache, which is a statement more than tests count.
    monkeypatch.setattr("portal.cache.SWEEP_ONE_OF", 10**9)


@pytest.fixture
def acme_v1(acme) -> V1Client:
    return V1Client(make_api_key(tenant=acme)[1])


@pytest.fixture
def globex_v1(globex) -> V1Client:
    return V1Client(make_api_key(tenant=globex)[1])
