"""Where OpenTelemetry's variables name a collector a web process tells it of each request; where they do not, nothing of it is there."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal import traces
from tests.collector import Collector
from tests.portal.web_process import running_web
from tests.pretend_aws import ROOT

TOKEN = "pQ7-x_9Zt4mB2vK8wR1nY6cL3sD5fG0hJ_aE-uTiOoX"
CALLER, CALLER_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
LOADED = """
import sys, django
django.setup()
from django.core.handlers.wsgi import WSGIHandler
from django.urls import get_resolver
from reports import tasks
get_resolver().url_patterns
print(sorted(name for name in sys.modules if name.split(".")[0] in ("opentelemetry", "google")))
"""


@pytest.fixture
def collector():
    with Collector() as running:
        yield running


@pytest.mark.django_db(transaction=True)
def test_each_request_is_a_span_by_the_pattern_of_its_address_and_the_last_ones_are_sent_at_the_end(database_env, collector, tmp_path):
    # Longer than the process lives: what comes, comes at its end.
    environment = database_env | collector.environment | {"OTEL_BSP_SCHEDULE_DELAY": "600000", "OTEL_SERVICE_NAME": "fanfold-web"}
    with running_web(environment, tmp_path) as web:
        web.get("/healthz")
        web.get(f"/d/ABCD2345/{TOKEN}?from={TOKEN}", traceparent=f"00-{CALLER}-{CALLER_SPAN}-01")
        web.get(f"/nothing-here/{TOKEN}")
        web.get("/api/v1/jobs/6c1f7a52-7f0e-4d62-9d3c-0d8f2f0d6f3a/")
        _status, headers, _body = web.get("/accounts/login/", traceparent="nonsense")
        assert collector.requests == 0

    spans = {span.name: span for span in collector.spans}
    assert sorted(spans) == ["GET", "GET /accounts/login/", "GET /api/v1/jobs/<job>/", "GET /d/<str:code>/<str:token>"]
    link, sign_in = spans["GET /d/<str:code>/<str:token>"], spans["GET /accounts/login/"]
    assert (link.trace, link.parent, link.kind) == (CALLER, CALLER_SPAN, 2)
    assert (sign_in.parent, sign_in.facts["fanfold.request_id"]) == ("", headers["X-Request-Id"])
    assert spans["GET"].facts["http.response.status_code"] == 404
    assert sign_in.resource["service.name"] == "fanfold-web"
    assert TOKEN not in "".join(span.raw for span in collector.spans)
    lines = {line["message"]: line for line in web.lines() if "request_id" in line}
    assert lines["GET /d/ABCD2345/[token] 404"]["trace_id"] == CALLER
    assert "trace_id" not in lines.get("GET /healthz 200", {})


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fault", ["hangs", "refuses"])
def test_a_process_ends_within_its_grace_whatever_the_collector_does(fault, database_env, collector, tmp_path):
    collector.hang() if fault == "hangs" else collector.answers(400)

    with running_web(database_env | collector.environment, tmp_path) as web:
        for _ in range(3):
            assert web.get("/accounts/login/")[0] == 200

    assert web.process.returncode == 0
    assert collector.requests > 0
    told = [line for line in web.lines() if line["logger"] == "tenants.otel"]
    assert len(told) == (0 if fault == "hangs" else 1)


@pytest.mark.parametrize("off", [{}, {"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}])
def test_switched_off_nothing_of_opentelemetry_is_imported(off, database_env):
    named = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"} if off else {}

    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        cwd=ROOT,
        env=database_env | named | off | {"DJANGO_SETTINGS_MODULE": "portal.settings"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(done.stdout.replace("'", '"')) == []


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318/"}, "http://collector:4318/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "https://otlp.example/in"}, "https://otlp.example/in/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://otlp.example/spans/"}, "https://otlp.example/spans/"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_SDK_DISABLED": "TRUE"}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, None),
    ],
)
def test_the_address_is_what_the_standard_says(variables, expected, monkeypatch):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert traces.endpoint() == ("http://collector:4318/v1/traces" if expected is None else expected)


@pytest.mark.parametrize(
    "variables",
    [
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_SDK_DISABLED": "perhaps"},
    ],
)
def test_what_cannot_be_meant_stops_the_start(variables, monkeypatch):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ImproperlyConfigured, match="OTEL_"):
        traces.endpoint()
