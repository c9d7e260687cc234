from __future__ import annotations

import pytest
from django.utils import timezone

from reports.refused import Refused
from reports.webhooks import pinging
from tenants.audit import Actor
from tests.factories import make_tenant, make_webhook
from tests.reports.engine.threads import together

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_tests_that_begin_in_one_moment_no_more_than_two_run():
    webhook = make_webhook(tenant=make_tenant())
    begun = []

    refused = together(*[lambda: begun.append(pinging._prepare(webhook, Actor("test"), timezone.now()))] * 8)

    assert len(begun) == pinging.MOST_AT_ONCE
    assert {(type(fault), getattr(fault, "code", "")) for fault in refused} == {(Refused, "test_running")}
