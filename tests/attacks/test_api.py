"""Bodies and cursors of the API that name another company, or more than a caller decides about."""

from __future__ import annotations

import base64
import json

import pytest
from django.core import signing
from django.db import transaction
from django.test import Client

from reports.models import SnapshotJob
from tenants.models import SessionTag
from tenants.scope import tenant_scope
from tests import factories
from tests.test_access_walk import OF_THE_API, WITHOUT_KEY
from tests.test_isolation import OLDER_API, _of_the_test, _values, ask

pytestmark = pytest.mark.django_db
ODD = ("0", "-1", "%00", "..%2f..", "'", "a" * 600, "*", "%F0%9F%98%80")
SUBMIT = {"dashboardId": "acme-revenue", "sheetId": "sheet-1", "format": "PDF"}


@pytest.fixture
def caller(attacker) -> Client:
    secret = attacker.acme.api_key
    return Client(headers={"x-api-key": secret, "Authorization": f"Bearer {secret}"})


def _submit(caller, body: dict):
    return caller.post(f"/{OLDER_API}", json.dumps(body), content_type="application/json")


def test_a_dashboard_of_another_company_is_one_that_does_not_exist(attacker, caller):
    answers = [_submit(caller, SUBMIT | {"dashboardId": name}) for name in (attacker.globex.report_slug, "no-such-dashboard")]

    told = [(answer.status_code, _without_ids(answer.json(), attacker.globex.report_slug, "no-such-dashboard")) for answer in answers]
    assert told[0] == told[1]
    assert told[0][0] >= 400


def test_a_caller_decides_neither_about_tags_nor_about_whose_a_job_is(attacker, caller):
    more = {
        **{name: "globex" for name in ("tenant", "tenantId", "tenant_id", "namespace", "AwsAccountId", "account")},
        **{name: [{"Key": "tenant_id", "Value": "globex"}] for name in ("SessionTags", "sessionTags", "session_tags", "tags")},
        **{name: str(attacker.globex.job.pk) for name in ("id", "SnapshotJobId", "retry_of", "replaces", "job_id")},
        "bucketConfiguration": {"BucketName": "evil", "BucketRegion": "us-east-1", "BucketPrefix": f"{attacker.globex.tenant.pk}/"},
        "dry_run_tags": {"tenant_id": "globex"},
        "actor": attacker.globex.owner.email,
        "status": "completed",
    }

    answer = _submit(caller, SUBMIT | more)

    assert answer.status_code == 200
    with tenant_scope(attacker.acme.tenant):
        job = SnapshotJob.objects.get(pk=answer.json()["SnapshotJobId"])
        tags = dict(SessionTag.objects.filter(tenant=attacker.acme.tenant).values_list("key", "value"))
    assert (job.tenant_id, job.status, job.dry_run_tags, job.retry_of_id, job.replaces_id) == (
        attacker.acme.tenant.pk,
        "queued",
        None,
        None,
        None,
    )
    assert job.actor != attacker.globex.owner.email
    assert tags == {"tenant_id": "acme"}


def test_a_cursor_of_another_company_continues_nothing(attacker, caller):
    with _of_the_test():
        for _ in range(101):
            factories.make_job(tenant=attacker.globex.tenant, report=attacker.globex.job.report, status="completed")
        theirs = Client(headers={"x-api-key": attacker.globex.api_key}).get(f"/{OLDER_API}").json()["nextToken"]
        transaction.set_rollback(True)
    forged = base64.urlsafe_b64encode(signing.dumps(["2026-01-01T00:00:00+00:00", str(attacker.globex.job.pk)], salt="x").encode()).decode()

    for token in (theirs, theirs[:-2], forged, "AAAA", "\0", "a" * 5000, "é"):
        answer = caller.get(f"/{OLDER_API}", {"nextToken": token})

        assert answer.status_code == 400
        assert attacker.marks_in(answer.content.decode(), [token]) == []


@pytest.mark.parametrize("address", [a for a in OF_THE_API if a.name not in WITHOUT_KEY and a.parameters], ids=str)
def test_an_id_that_is_none_is_not_found(address, attacker, caller):
    own = _values(address, attacker.acme)
    for method in address.view.cls.scopes:
        for name in address.parameters:
            for odd in (*ODD, own[name] + "x"):
                if odd == own[name]:
                    continue
                answer = ask(caller, method.lower(), address.with_values(own | {name: odd}))

                assert answer.status_code in (400, 403, 404, 405) or answer.json().get("Items") == [], f"{method} {name}={odd}"


@pytest.mark.parametrize("name", ["tenant", "tenant_id", "sort", "order_by", "fields", "dashboardId", "limit", "status"])
def test_a_query_shows_nothing_of_another_company(name, attacker, caller):
    for path in (f"/{OLDER_API}", "/api/v1/me"):
        for value in (str(attacker.globex.tenant.pk), "globex", attacker.globex.report_slug, str(attacker.globex.job.pk), "\0", "-1"):
            answer = caller.get(path, {name: value})

            assert answer.status_code in (200, 400)
            assert attacker.marks_in(answer.content.decode(), [value]) == []


def _without_ids(body: dict, *names: str) -> str:
    text = json.dumps({key: value for key, value in body.items() if key not in ("RequestId", "request_id")})
    for name in names:
        text = text.replace(name, "…")
    return text
