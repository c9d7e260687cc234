"""A small file that goes with its mail is the one that lies in S3, read by whoever may read there."""

from __future__ import annotations

import pytest

from reports.models import Schedule
from tenants.models import Tenant
from tenants.scope import platform_scope, tenant_scope
from tests import factories
from tests.pretend_aws import BUCKET
from tests.reports.delivery import steps

pytestmark = pytest.mark.django_db(transaction=True)
BODY = b"%PDF-1.7 the very file"


def test_a_file_goes_with_its_mail(acme, report, schedule, occurrence, aws, smtp):
    job = factories.make_job(tenant=acme, report=report, status="completed", occurrence=occurrence)
    file = factories.make_file(job=job, body=BODY, bucket=BUCKET)
    aws.client("s3").put_object(Bucket=BUCKET, Key=file.key, Body=BODY)
    with platform_scope():
        Tenant.objects.filter(pk=acme.pk).update(allow_attachments=True)
    with tenant_scope(acme):
        Schedule.objects.filter(pk=schedule.pk).update(attach=True)
    delivery = steps.due_delivery(job, "kim@customer.example")

    steps.run()

    (mail,) = smtp.mails
    attached = [part.get_payload(decode=True) for part in mail.message.walk() if part.get_filename()]
    assert attached == [BODY]
    assert steps.now_of(delivery).status == "sent"
