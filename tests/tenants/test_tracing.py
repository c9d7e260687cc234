"""Spans: whose child each is, what they hold, and that they cost nothing where nobody wants them."""

from __future__ import annotations

import os
import threading
import uuid

import pytest

from reports.delivery.channel import Sent, TryLater
from reports.delivery.traced import traced
from tenants import log_context, otel, tracing
from tests.collector import Collector
from tests.reports.engine.worker import wait_for

CALLER, CALLER_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{CALLER}-{CALLER_SPAN}-01"
SECRET = "the mail server said: kim@acme.example"


@pytest.fixture
def collector(settings, monkeypatch):
    with Collector() as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        settings.TRACES = running.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/v1/traces"
        monkeypatch.setattr(otel, "_tracer", None)
        yield running


def spans(collector: Collector, number: int) -> dict[str, object]:
    wait_for(lambda: len(collector.spans) == number, 20, "all spans came")
    return {span.name: span for span in collector.spans}


def test_a_span_is_inside_the_one_around_it_or_where_it_is_told_to_hang(collector):
    with tracing.span("outer", parent=TRACEPARENT):
        with tracing.span("inner", {"fanfold.job": "7"}):
            handed_on = tracing.traceparent()
        with tracing.span("apart", parent=""):
            pass
    with tracing.span("later", parent=handed_on):
        pass

    found = spans(collector, 4)
    assert (found["outer"].trace, found["outer"].parent) == (CALLER, CALLER_SPAN)
    assert (found["inner"].trace, found["inner"].parent, found["inner"].facts["fanfold.job"]) == (CALLER, found["outer"].id, "7")
    assert (found["later"].trace, found["later"].parent) == (CALLER, found["inner"].id)
    assert (found["apart"].trace != CALLER, found["apart"].parent) == (True, "")


@pytest.mark.parametrize("nonsense", ["", "nonsense", TRACEPARENT[:-1], "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "x" * 10_000])
def test_what_is_no_traceparent_begins_a_new_trace(nonsense, collector):
    with tracing.span("root", parent=nonsense):
        assert len(tracing.traceparent()) == 55

    assert spans(collector, 1)["root"].parent == ""


def test_who_is_not_sampled_has_nothing_recorded_and_hands_that_on(collector):
    with tracing.span("unseen", parent=TRACEPARENT[:-2] + "00"):
        handed_on = tracing.traceparent()
        assert "trace_id" not in log_context.current()
    with tracing.span("unseen too", parent=handed_on):
        pass
    with tracing.span("seen", parent=""):
        pass

    assert list(spans(collector, 1)) == ["seen"]
    assert handed_on.endswith("-00")


def test_an_error_is_told_by_its_name_and_never_by_its_text(collector):
    with pytest.raises(ValueError, match="the mail server"), tracing.span("fails", parent=""):
        raise ValueError(SECRET)

    span = spans(collector, 1)["fails"]
    assert (span.failed, span.facts["fanfold.outcome"], span.facts["error.type"]) == (True, "ValueError", "ValueError")
    assert "kim" not in span.raw


@pytest.mark.parametrize("channel", ["email", "sftp", "s3", "slack", "teams"])
def test_a_delivery_ends_as_its_reason_says(channel, collector):
    tenant, delivery = uuid.uuid4(), uuid.uuid4()
    with pytest.raises(TryLater), traced(tenant, delivery, channel, 2, TRACEPARENT):
        raise TryLater("server_silent", SECRET)
    with traced(tenant, delivery, f"{channel} again", 3, ""):
        Sent(SECRET)

    found = spans(collector, 2)
    failed, sent = found[f"deliver.{channel}"], found[f"deliver.{channel} again"]
    assert (failed.trace, failed.failed, failed.facts["fanfold.outcome"]) == (CALLER, True, "server_silent")
    assert (failed.facts["fanfold.tries"], failed.facts["fanfold.delivery"]) == (2, str(delivery))
    assert (sent.failed, sent.facts["fanfold.outcome"], sent.trace != CALLER) == (False, "ok", True)
    assert "kim" not in failed.raw + sent.raw


def test_a_call_is_a_span_only_inside_of_something(collector):
    with tracing.call("SQS.ReceiveMessage", {}):
        pass
    with tracing.span("job.look", parent=""), tracing.call("QuickSight.Describe", {"cloud.region": "us-east-1"}):
        pass

    found = spans(collector, 2)
    assert found["QuickSight.Describe"].parent == found["job.look"].id


def test_lines_of_the_log_have_the_trace_while_it_lasts(collector):
    with tracing.span("outer", parent=TRACEPARENT):
        assert log_context.current()["trace_id"] == CALLER

    assert "trace_id" not in log_context.current()


def test_threads_do_not_mix_their_spans(collector):
    def work(number: int) -> None:
        with tracing.span(f"outer {number}", parent=""), tracing.span(f"inner {number}"):
            pass

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = spans(collector, 16)
    assert all(found[f"inner {number}"].parent == found[f"outer {number}"].id for number in range(8))


def test_a_child_of_a_process_that_sends_sends_for_itself_and_not_for_its_parent(collector, monkeypatch):
    """As gunicorn and multiprocessing make them."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "600000")
    with tracing.span("of the parent", parent=""):
        pass

    child = os.fork()
    if not child:
        with tracing.span("of the child", parent=""):
            pass
        otel._tracer.span_processor.force_flush()
        os._exit(0)
    os.waitpid(child, 0)

    assert [span.name for span in collector.spans] == ["of the child"]
    otel._tracer.span_processor.force_flush()
    assert sorted(span.name for span in collector.spans) == ["of the child", "of the parent"]


def test_off_a_span_is_always_the_same_nothing(settings):
    settings.TRACES = ""

    with tracing.span("a", parent=TRACEPARENT) as first, tracing.call("b", {}) as second:
        first.note(job="7")
        first.end_as("failed", failed=True)
        first.answer("GET", "/", 200)
        tracing.note(job="7")

    assert first is second is tracing.NOTHING
    assert tracing.traceparent() == ""
