from __future__ import annotations

import json

import pytest

from reports.models import SnapshotJob
from tenants.models import AuditEvent, Tenant
from tenants.scope import platform_scope, tenant_scope
from tests.factories import make_grant, make_report
from tests.reports.api.conftest import OlderClient

VALID = {"dashboardId": "daily-calls", "sheetId": "sheet-1", "format": "PDF", "parameters": None, "bucketConfiguration": {}}


def jobs_of(tenant) -> list[SnapshotJob]:
    with tenant_scope(tenant):
        return list(SnapshotJob.objects.for_tenant(tenant).select_related("report", "api_key"))


def strings(**values) -> dict:
    return {"StringParameters": [{"Name": name, "Values": value} for name, value in values.items()]}


def test_a_submitted_job_is_queued_for_the_keys_tenant(acme, acme_client, daily_calls):
    status, answer = acme_client.submit()

    [job] = jobs_of(acme)
    assert status == 200
    assert answer == {"SnapshotJobId": str(job.pk), "Status": "QUEUED", "RequestId": answer["RequestId"]}
    assert (job.status, job.trigger, job.formats, job.visual_ids) == ("queued", "compat", ["PDF"], [])
    assert (job.actor, job.api_key.name) == ("API key “integration”", "integration")
    assert job.lane == SnapshotJob.Lane.SCHEDULED


def test_a_client_may_ask_for_the_fast_lane(acme, acme_client, daily_calls):
    acme_client.submit(lane="now")

    assert jobs_of(acme)[0].lane == SnapshotJob.Lane.NOW


@pytest.mark.parametrize(
    ("word", "format"), [("PDF", "PDF"), ("pdf", "PDF"), ("csv", "CSV"), ("EXCEL", "EXCEL"), ("xls", "EXCEL"), ("XLSX", "EXCEL")]
)
def test_formats_have_the_names_that_clients_use(acme, acme_client, daily_calls, word, format):
    assert acme_client.submit(format=word, visualId=["table-1"])[0] == 200

    assert jobs_of(acme)[0].formats == [format]


@pytest.mark.parametrize("visual", ["table-1", ["table-1"], ["table-1", "table-1"]])
def test_a_visual_may_come_as_a_list_or_as_a_text(acme, acme_client, daily_calls, visual):
    assert acme_client.submit(format="CSV", visualId=visual)[0] == 200

    assert jobs_of(acme)[0].visual_ids == ["table-1"]


def test_the_clients_prefix_is_kept_and_decides_nothing(acme, acme_client, daily_calls):
    prefix = {"BucketPrefix": "../../t/r90/somebody-else/", "BucketName": "stolen", "BucketRegion": "eu-west-1"}

    status, _ = acme_client.submit(bucketConfiguration=prefix)

    [job] = jobs_of(acme)
    described = acme_client.get(f"/describe_job/daily-calls/{job.pk}")[1]
    assert status == 200
    assert job.requested_prefix == "../../t/r90/somebody-else/"
    assert described["SnapshotConfiguration"]["DestinationConfiguration"] == {
        "S3Destinations": [{"BucketConfiguration": {"BucketPrefix": "../../t/r90/somebody-else/"}}]
    }


def test_members_we_do_not_know_are_passed_over(acme, globex, acme_client, daily_calls):
    tags = [{"Key": "tenant_id", "Value": "globex"}]

    status, _ = acme_client.submit(
        tenant="globex", sessionTags=tags, userConfiguration={"AnonymousUsers": [{"RowLevelPermissionTags": tags}]}
    )

    assert status == 200
    assert len(jobs_of(acme)) == 1
    assert jobs_of(globex) == []


def test_awss_typed_lists_become_the_reports_parameters(acme, acme_client, daily_calls):
    parameters = strings(Region=["North", "East"]) | {
        "IntegerParameters": [{"Name": "MinSeconds", "Values": [30]}],
        "DateTimeParameters": [{"Name": "From", "Values": ["2026-10-01T00:00:00Z"]}],
        "DecimalParameters": [],
    }

    assert acme_client.submit(parameters=parameters)[0] == 200

    [job] = jobs_of(acme)
    assert job.parameters == {"Region": ["North", "East"], "MinSeconds": [30], "From": ["2026-10-01T00:00:00+00:00"]}
    described = acme_client.get(f"/describe_job/daily-calls/{job.pk}")[1]["SnapshotConfiguration"]["Parameters"]
    assert described["IntegerParameters"] == [{"Name": "MinSeconds", "Values": [30]}]


def test_the_first_report_by_slug_that_offers_what_was_asked_is_run(acme, acme_client):
    for slug, fields in {
        "a-pdf-only": {"formats": ["PDF"], "visual_ids": []},
        "b-other-visual": {"formats": ["PDF", "CSV"], "visual_ids": ["pivot-9"]},
        "c-fits": {"formats": ["CSV"], "visual_ids": ["table-1"]},
        "d-fits-too": {"formats": ["CSV"], "visual_ids": ["table-1"]},
    }.items():
        make_grant(tenant=acme, report=make_report(slug=slug, dashboard_id="shared", parameters=[], **fields))

    acme_client.submit(dashboardId="shared", format="CSV", visualId=["table-1"])
    acme_client.submit(dashboardId="shared")

    assert {job.formats[0]: job.report.slug for job in jobs_of(acme)} == {"CSV": "c-fits", "PDF": "a-pdf-only"}


def test_a_report_of_another_tenant_cannot_be_told_from_one_that_does_not_exist(acme, globex, acme_client):
    make_grant(tenant=globex, report=make_report(slug="theirs"))

    foreign, missing = acme_client.submit(dashboardId="theirs"), acme_client.submit(dashboardId="nobodys")

    assert foreign == missing
    assert foreign[0] == 400
    assert foreign[1]["code"] == "report_not_available"
    assert jobs_of(acme) == []


BAD_MEMBERS = {
    "no dashboard": ({"dashboardId": None}, "invalid_request", "dashboardId is required"),
    "dashboard is a number": ({"dashboardId": 7}, "invalid_request", "dashboardId is required"),
    "dashboard is too long": ({"dashboardId": "d" * 513}, "invalid_request", "512"),
    "unknown dashboard": ({"dashboardId": "nope"}, "report_not_available", "no report"),
    "empty sheet": ({"sheetId": ""}, "invalid_request", "sheetId is required"),
    "unknown sheet": ({"sheetId": "nope"}, "report_not_available", "no report"),
    "unknown format": ({"format": "DOC"}, "invalid_request", "PDF, CSV or EXCEL"),
    "format is a list": ({"format": ["PDF"]}, "invalid_request", "PDF, CSV or EXCEL"),
    "CSV without a visual": ({"format": "CSV"}, "invalid_request", "visualId is required for CSV"),
    "Excel with no visual": ({"format": "XLS", "visualId": []}, "invalid_request", "visualId is required for EXCEL"),
    "CSV of two visuals": ({"format": "CSV", "visualId": ["table-1", "pivot-1"]}, "invalid_request", "one visual"),
    "unknown visual": ({"format": "CSV", "visualId": ["nope"]}, "visual_not_offered", "nope"),
    "visual is an object": ({"format": "CSV", "visualId": {"id": "table-1"}}, "invalid_request", "visualId"),
    "visual is a number": ({"visualId": [1]}, "invalid_request", "visualId"),
    "parameters are a list": ({"parameters": []}, "invalid_request", "StringParameters"),
    "parameters are a plain mapping": ({"parameters": {"Region": ["North"]}}, "invalid_request", "nothing else"),
    "a typed list is an object": ({"parameters": {"StringParameters": {}}}, "invalid_request", "must be a list"),
    "an entry is a text": ({"parameters": {"StringParameters": ["Region"]}}, "invalid_request", "Name"),
    "values are no list": ({"parameters": strings(Region="North")}, "invalid_request", "Values"),
    "no values": ({"parameters": strings(Region=[])}, "parameter_value", "Region"),
    "a value that is no choice": ({"parameters": strings(Region=["Up"])}, "parameter_value", "North, South"),
    "a value of another type": ({"parameters": strings(Region=[7])}, "parameter_value", "must be text"),
    "a list of another type": ({"parameters": strings(MinSeconds=["7"])}, "parameter_value", "IntegerParameters"),
    "unknown parameter": ({"parameters": strings(Colour=["red"])}, "parameter_unknown", "Colour"),
    "a parameter twice": (
        {"parameters": {"StringParameters": [{"Name": "Region", "Values": ["North"]}, {"Name": "Region", "Values": ["South"]}]}},
        "invalid_request",
        "twice",
    ),
    "a time without offset": (
        {"parameters": {"DateTimeParameters": [{"Name": "From", "Values": ["2026-10-01T00:00:00"]}]}},
        "parameter_value",
        "offset",
    ),
    "two values for one": (
        {"parameters": {"IntegerParameters": [{"Name": "MinSeconds", "Values": [1, 2]}]}},
        "parameter_value",
        "one value",
    ),
    "prefix is too long": ({"bucketConfiguration": {"BucketPrefix": "p" * 1025}}, "invalid_request", "1024"),
    "prefix is a list": ({"bucketConfiguration": {"BucketPrefix": []}}, "invalid_request", "BucketPrefix"),
    "bucket is a text": ({"bucketConfiguration": "snapshots/"}, "invalid_request", "BucketPrefix"),
    "unknown lane": ({"lane": "fast"}, "invalid_request", "lane"),
    "lane is null": ({"lane": None}, "invalid_request", "lane"),
}


@pytest.mark.parametrize(("members", "code", "said"), BAD_MEMBERS.values(), ids=BAD_MEMBERS)
def test_a_request_that_cannot_be_run_is_refused_with_its_reason(acme, acme_client, daily_calls, members, code, said):
    status, answer = acme_client.submit(**members)

    assert (status, answer["code"]) == (400, code)
    assert said in answer["error"]
    assert jobs_of(acme) == []


def with_dashboard(text: str) -> bytes:
    return json.dumps(VALID).replace('"daily-calls"', text).encode()


BAD_BODIES = {
    "nothing": b"",
    "blank": b"  ",
    "not JSON": b"{'dashboardId': 'daily-calls'}",
    "cut off": json.dumps(VALID).encode()[:-1],
    "two objects": json.dumps(VALID).encode() * 2,
    "a list": b"[]",
    "a text": b'"PDF"',
    "null": b"null",
    "true": b"true",
    "a number": b"1",
    "not UTF-8": b'{"dashboardId": "\xff"}',
    "UTF-16": json.dumps(VALID).encode("utf-16"),
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "a form": b"dashboardId=daily-calls&sheetId=sheet-1&format=PDF",
    "NUL in a value": with_dashboard(r'"daily\u0000calls"'),
    "NUL in a name": with_dashboard(r'"daily-calls", "a\u0000": 1'),
    "NUL in a member we do not know": with_dashboard(r'"daily-calls", "extra": [{"a": "\u0000"}]'),
    "half a surrogate pair": with_dashboard(r'"daily-calls", "extra": "\ud800"'),
    "the other half": with_dashboard(r'"daily-calls", "extra": {"BucketPrefix": "\udfff"}'),
    "NaN": with_dashboard('"daily-calls", "extra": NaN'),
    "Infinity": with_dashboard('"daily-calls", "extra": -Infinity'),
    "a decimal beyond doubles": with_dashboard('"daily-calls", "extra": 1e999'),
    "an integer of 5,000 digits": with_dashboard('"daily-calls", "extra": ' + "9" * 5000),
    "an integer of 400 digits": with_dashboard('"daily-calls", "extra": ' + "9" * 400),
    "nested 25 deep": with_dashboard('"daily-calls", "extra": ' + "[" * 25 + "]" * 25),
    "nested 100,000 deep": with_dashboard('"daily-calls", "extra": ' + "[" * 100_000 + "]" * 100_000),
    "100,000 opening brackets": b"[" * 100_000,
    "100,000 opening objects": b'{"a":' * 100_000,
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_body_that_cannot_be_read_is_refused_and_nothing_is_created(acme, acme_client, daily_calls, body):
    status, answer = acme_client.call("POST", "", body)

    assert status == 400
    assert answer["code"] in {"malformed_body", "invalid_request"}
    assert answer["error"]
    assert jobs_of(acme) == []


def test_a_body_over_one_mebibyte_is_too_large(acme, acme_client, daily_calls):
    body = json.dumps(VALID).encode()

    assert acme_client.call("POST", "", body.ljust(1024 * 1024))[0] == 200
    status, answer = acme_client.call("POST", "", body.ljust(1024 * 1024 + 1))

    assert (status, answer["code"]) == (413, "body_too_large")
    assert len(jobs_of(acme)) == 1


def test_a_body_with_a_byte_order_mark_is_read(acme_client, daily_calls):
    assert acme_client.call("POST", "", b"\xef\xbb\xbf" + json.dumps(VALID).encode())[0] == 200


def test_a_huge_number_for_a_parameter_is_refused(acme, acme_client, daily_calls):
    parameters = {"IntegerParameters": [{"Name": "MinSeconds", "Values": [10**29]}]}

    status, answer = acme_client.submit(parameters=parameters)

    assert (status, answer["code"]) == (400, "parameter_value")


def test_a_wrong_key_is_found_out_before_the_body_is_read(acme):
    assert OlderClient("wrong").call("POST", "", b"[" * 2_000_000) == (403, {"message": "Forbidden"})


def test_a_submit_leaves_no_audit_row_but_a_line_in_the_jobs_timeline(acme, acme_client, daily_calls):
    acme_client.submit()

    with tenant_scope(acme):
        assert [event.type for event in jobs_of(acme)[0].events.all()] == ["queued"]
        assert not AuditEvent.objects.exists()


def test_a_submit_beyond_the_jobs_of_the_day_is_refused_in_words(acme, acme_client, daily_calls):
    with platform_scope():
        Tenant.objects.filter(pk=acme.pk).update(jobs_per_day=1)
    acme_client.submit()

    status, answer = acme_client.submit()

    assert (status, answer["code"]) == (400, "quota_exceeded")
    assert answer["error"].startswith("Your company has made 1 of the 1 jobs that it may make today.")
    assert len(jobs_of(acme)) == 1
