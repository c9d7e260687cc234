"""One trace from the request for a job to the mail with its link, by real processes, at a collector that speaks OTLP."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import requests

from reports.models import SnapshotJob
from tenants.scope import tenant_scope
from tests import factories
from tests.collector import Collector, Span
from tests.faults.web import running_web
from tests.journeys import steps
from tests.journeys.steps import KIM, SENDER
from tests.reports.engine.worker import environment_of, running_worker, wait_for
from tests.webhook import PATH, Receiver

pytestmark = pytest.mark.django_db(transaction=True)
# As another service would say it; sampled.
CALLER, CALLER_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{CALLER}-{CALLER_SPAN}-01"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def environment(aws, database_env, smtp, receiver, collector) -> dict[str, str]:
    mail = {"EMAIL_URL": smtp.url(**{"from": SENDER, "rate": 100}), "PORTAL_OUTBOUND_ALLOW": f"127.0.0.1:{receiver.port}"}
    return environment_of(database_env, aws.environment) | mail | collector.environment


@pytest.fixture
def kims(acme, daily_calls):
    """An audience whose one recipient is Kim. Its schedule is not due."""
    schedule = factories.make_schedule(tenant=acme, report=daily_calls, formats=["CSV"], visual_ids=["table-1"], enabled=False)
    kim = factories.make_recipient(tenant=acme, email=KIM)
    return factories.make_audience(schedule=schedule, recipients=[kim])


def run(environment, state, secret: str, audience, smtp, **headers: str) -> tuple[str, requests.Response]:
    """A job by the API, to its mail and the page that leads to. Its id, and the answer to the wish."""
    with running_web(environment, state) as web:
        wish = {"report": "daily-calls", "formats": ["CSV"], "audience": str(audience.pk), "deliver": True}
        environment["PORTAL_BASE_URL"] = web.address
        key = {"Authorization": f"Bearer {secret}"}
        with running_worker(environment, state):
            answer = requests.post(f"{web.address}/api/v1/jobs/", json=wish, headers=key | headers, timeout=20)
            assert answer.status_code == 201, answer.text
            wait_for(lambda: smtp.to(KIM), 60, "the mail came")
            assert requests.get(f"{steps.link_in(smtp.to(KIM)[0])}?from=in-the-query", timeout=20).ok
    return answer.json()["id"], answer


def by_id(spans: list[Span]) -> dict[str, Span]:
    return {span.id: span for span in spans}


def test_one_trace_leads_from_the_request_to_the_mail(aws, acme, account, kims, environment, collector, receiver, smtp, tmp_path):
    _key, secret = factories.make_api_key(tenant=acme)
    factories.make_webhook(tenant=acme, url=receiver.url)

    job, answer = run(environment, tmp_path, secret, kims, smtp, traceparent=TRACEPARENT)

    spans = [span for span in collector.spans if span.trace == CALLER]
    (request,) = [span for span in spans if span.name == "POST /api/v1/jobs/"]
    assert (request.parent, request.kind) == (CALLER_SPAN, 2)
    assert request.facts["fanfold.request_id"] == answer.headers["X-Request-Id"]
    assert (request.facts["http.route"], request.facts["http.response.status_code"]) == ("/api/v1/jobs/", 201)
    # What is done about the job later hangs below the request that asked for it.
    later = [span for span in spans if span.parent == request.id]
    assert {"job.start", "job.look", "job.collect", "deliver.email"} <= {span.name for span in later}
    assert {span.facts["fanfold.job"] for span in later if span.name.startswith("job.")} == {job}
    assert {span.facts["fanfold.tenant"] for span in spans if "fanfold.tenant" in span.facts} == {str(acme.pk)}
    # Calls hang below the step that made them.
    parents = {
        "QuickSight.StartDashboardSnapshotJob": {"job.start"},
        "QuickSight.DescribeDashboardSnapshotJob": {"job.look"},
        "QuickSight.DescribeDashboardSnapshotJobResult": {"job.collect"},
        "S3.GetObject": {"job.collect"},
    }
    known = by_id(spans)
    for name, expected in parents.items():
        calls = [span for span in spans if span.name == name]
        assert {known[span.parent].name for span in calls} == expected, name
        assert {(span.facts["cloud.account.id"], span.facts["cloud.region"]) for span in calls} == {
            (account.aws_account_id, account.region)
        }
    assert {span.facts["fanfold.moved_to"] for span in later if span.name == "job.collect"} == {"completed"}
    # What companies' programs are told of hangs below what made it a fact.
    (told,) = [span for span in spans if span.name == "deliver.webhook" and known[span.parent].name == "job.collect"]
    assert (told.facts["fanfold.outcome"], told.failed) == ("ok", False)


def test_a_span_holds_no_secret_and_nobodys_address(aws, acme, account, kims, environment, collector, receiver, smtp, tmp_path):
    _key, secret = factories.make_api_key(tenant=acme)
    factories.make_webhook(tenant=acme, url=receiver.url)

    run(environment, tmp_path, secret, kims, smtp)

    told = "\n".join(span.raw for span in collector.spans)
    link = steps.link_in(smtp.to(KIM)[0])
    tags = ("tenant_id", '"acme"')
    for secret_part in (secret, "in-the-query", KIM, "acme.example", link.rpartition("/")[2], PATH, SENDER, "s3://", "X-Amz", *tags):
        assert secret_part not in told, secret_part
    assert "deliver.email" in told
    assert collector.named("GET /d/<str:code>/<str:token>")


def test_lines_of_the_log_carry_the_trace(aws, acme, account, kims, environment, collector, smtp, tmp_path):
    _key, secret = factories.make_api_key(tenant=acme)

    run(environment, tmp_path, secret, kims, smtp, traceparent=TRACEPARENT)

    lines = [
        json.loads(line) for name in ("web.log", "worker.log") for line in (tmp_path / name).read_text().splitlines() if line[:1] == "{"
    ]
    traced = [line["message"] for line in lines if line.get("trace_id") == CALLER]
    assert {"POST /api/v1/jobs/ 201", "job new -> queued", "job collecting -> completed"} <= set(traced)


def test_all_jobs_of_a_planned_run_are_one_trace(aws, account, acme, daily_calls, environment, collector, smtp, tmp_path):
    schedule = steps.each_minute(acme, daily_calls)

    with running_worker(environment, tmp_path):
        wait_for(lambda: steps.ended(schedule), 60, "the occurrence ended")

    (expanded,) = collector.named("occurrence.expand")
    (occurrence,) = steps.occurrences(schedule)
    assert expanded.parent == ""
    assert expanded.facts["fanfold.occurrence"] == str(occurrence.pk)
    spans = [span for span in collector.spans if span.parent == expanded.id]
    assert {span.facts["fanfold.job"] for span in spans if span.name == "job.start"} == {str(job.pk) for job in steps.jobs(schedule)}
    assert len([span for span in spans if span.name == "deliver.email"]) == 4


@pytest.mark.parametrize("fault", ["hangs", "is down", "refuses"])
def test_a_collector_that_does_not_take_spans_costs_spans_alone(fault, aws, acme, account, kims, environment, collector, smtp, tmp_path):
    _key, secret = factories.make_api_key(tenant=acme)
    if fault == "hangs":
        collector.hang()
    elif fault == "refuses":
        collector.answers(400)
    else:
        environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1"

    job, _answer = run(environment, tmp_path, secret, kims, smtp)

    with tenant_scope(acme):
        assert SnapshotJob.objects.get(pk=job).status == "completed"
    assert collector.spans == []
    told = [line for line in (tmp_path / "worker.log").read_text().splitlines() if "collector of traces" in line]
    # Of each process once, if it was answered at all.
    assert len(told) <= 20
    assert fault == "hangs" or told
