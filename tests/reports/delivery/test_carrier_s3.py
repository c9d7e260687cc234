"""From a due delivery to an object in a bucket of somebody else, by a real carrier: whole, once, and stopped where it must be."""

from __future__ import annotations

import pytest
from django.utils import timezone

from reports.destinations import choosing
from reports.models import Delivery, Destination
from tenants.scope import tenant_scope
from tests import factories
from tests.pretend_aws import REGION
from tests.reports.delivery import steps
from tests.reports.delivery.test_carrier import BODY, due, put, run

pytestmark = pytest.mark.django_db(transaction=True)
THERE, OWNER, EXTERNAL_ID = "partner-reports", "210987654321", "fanfold-1234"
ROLE = f"arn:aws:iam::{OWNER}:role/reports-writer"
CONFIG = {
    "bucket": THERE,
    "region": REGION,
    "role_arn": ROLE,
    "external_id": EXTERNAL_ID,
    "owner_account": OWNER,
    "folder": "close/{report}",
    "file_name": "{schedule}.{ext}",
}


@pytest.fixture(autouse=True)
def partner(aws):
    aws.control.create_bucket(THERE)
    aws.control.set(external_ids={ROLE: EXTERNAL_ID}, bucket_owners={THERE: OWNER})
    return aws.client("s3")


@pytest.fixture
def delivery(acme, report, schedule, occurrence, aws):
    destination = factories.make_destination(tenant=acme, kind="s3", name="Lake", config=CONFIG, secret="", status="ok")
    audience = factories.make_audience(schedule=schedule)
    with tenant_scope(acme):
        choosing.put(audience, [destination])
    job = factories.make_job(tenant=acme, report=report, status="completed", occurrence=occurrence)
    put(aws, job)
    return due(job, destination, audience)


def objects(partner) -> dict[str, int]:
    return {found["Key"]: found["Size"] for found in partner.list_objects_v2(Bucket=THERE).get("Contents", ())}


def try_again(delivery) -> None:
    with tenant_scope(delivery.tenant_id):
        Delivery.objects.filter(pk=delivery.pk).update(next_try_at=timezone.now())
    run()


def status_of(delivery) -> tuple[str, str]:
    with tenant_scope(delivery.tenant_id):
        return Destination.objects.values_list("status", "failure_code").get(pk=delivery.destination_id)


def test_an_object_arrives_under_its_name(delivery, partner):
    run()

    (key,) = objects(partner)
    assert key.startswith("close/daily-calls/")
    assert partner.get_object(Bucket=THERE, Key=key)["Body"].read() == BODY
    assert (steps.now_of(delivery).status, list(steps.now_of(delivery).placed.values())) == ("sent", [key])


@pytest.mark.parametrize("fault", ["drop", "accept_then_drop"])
def test_an_upload_that_breaks_off_or_whose_answer_is_lost_ends_as_one_whole_object(aws, delivery, partner, fault):
    getattr(aws.control, fault)("PutObject", dashboard=THERE)

    run()
    waiting, seen = steps.now_of(delivery), objects(partner)
    try_again(delivery)

    assert (waiting.status, waiting.failure_code, waiting.maybe_twice) == ("pending", "fate_unknown_there", True)
    assert set(seen.values()) <= {len(BODY)}
    assert list(objects(partner).values()) == [len(BODY)]
    assert steps.now_of(delivery).status == "sent"


def test_who_refuses_us_is_tried_later_and_says_why(aws, delivery, partner):
    aws.control.set(denied=["s3:PutObject"])
    run()
    refused, state = steps.now_of(delivery), status_of(delivery)
    aws.control.set(denied=[])

    try_again(delivery)

    assert (refused.status, refused.failure_code, state) == ("pending", "bucket_refused", ("failing", "bucket_refused"))
    assert (steps.now_of(delivery).status, status_of(delivery)) == ("sent", ("ok", ""))


def test_a_role_that_is_open_to_all_stops_the_destination(aws, delivery, partner):
    aws.control.set(external_ids={})

    run()

    assert (steps.now_of(delivery).status, status_of(delivery)) == ("pending", ("stopped", "role_open"))
    assert objects(partner) == {}
