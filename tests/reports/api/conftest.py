from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from tests.factories import make_api_key
from tests.reports.engine.conftest import account, aws, server

__all__ = ["account", "aws", "server"]
BASE = "/qs-anonymous-snapshot"


class OlderClient:
    """Sends what a client of the older API sends, and holds every answer to being a JSON object without a cookie."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.http = Client(enforce_csrf_checks=True)

    def call(self, method: str, path: str = "", body: Any = None, *, base: str = BASE, **headers: str) -> tuple[int, dict[str, Any]]:
        sent = {"x-api-key": self.key} | {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        content_type = sent.pop("content-type", "application/json")
        response = self.http.generic(method, base + path, data, content_type, headers=sent)
        answer = response.json()
        assert isinstance(answer, dict)
        assert response["Content-Type"] == "application/json"
        assert not response.cookies
        return response.status_code, answer

    def get(self, path: str = "", **rest: Any) -> tuple[int, dict[str, Any]]:
        return self.call("GET", path, **rest)

    def submit(self, **members: Any) -> tuple[int, dict[str, Any]]:
        """The published script's PDF request, with changes."""
        prefix = {"BucketPrefix": "snapshots/daily-calls/"}
        body = {"dashboardId": "daily-calls", "sheetId": "sheet-1", "format": "PDF", "parameters": None, "bucketConfiguration": prefix}
        return self.call("POST", "", body | members)


@pytest.fixture
def acme_client(acme) -> OlderClient:
    return OlderClient(make_api_key(tenant=acme)[1])


@pytest.fixture
def globex_client(globex) -> OlderClient:
    return OlderClient(make_api_key(tenant=globex)[1])
