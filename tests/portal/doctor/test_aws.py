"""QuickSight and S3, answering, refusing and away."""

from __future__ import annotations

import pytest

from tenants.models import Tenant
from tenants.scope import platform_scope
from tests.factories import make_account
from tests.pretend_aws import BUCKET
from tests.reports.engine import steps

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("new_clients")]
NOWHERE = "http://127.0.0.1:1"
MAIN = "main (111122223333, us-east-1)"


def test_each_account_is_asked_once(aws, daily_calls, ask):
    assert ask("quicksight") == [f"OK quicksight {MAIN}: answers."]
    assert aws.control.stats()["calls"] == {steps.DESCRIBE: 1}


def test_an_account_without_a_report_can_be_asked_too(aws, account, ask):
    assert ask("quicksight") == [f"OK quicksight {MAIN}: answers."]


def test_credentials_that_are_refused_are_told(aws, daily_calls, monkeypatch, ask):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-somebody-else")

    (line,) = ask("quicksight")

    assert line.startswith(f"FAIL quicksight {MAIN}: refuses these credentials: ")
    assert "What AWS has to allow" in line
    assert "of-somebody-else" not in line


@pytest.mark.parametrize(
    ("code", "begins"),
    [
        ("AccessDeniedException", "refuses these credentials: AccessDeniedException"),
        ("UnsupportedUserEditionException", "refuses the account: UnsupportedUserEditionException"),
        ("ThrottlingException", "does not answer: ThrottlingException"),
        ("InvalidParameterValueException", "answers with InvalidParameterValueException"),
    ],
)
def test_each_kind_of_refusal_is_told_apart(aws, daily_calls, ask, code, begins):
    aws.control.fail_next(steps.DESCRIBE, code)

    assert ask("quicksight")[0].startswith(f"FAIL quicksight {MAIN}: {begins}")


def test_a_foreign_account_is_told(aws, ask):
    make_account(name="other", aws_account_id="999988887777")

    assert ask("quicksight")[0].startswith("FAIL quicksight other (999988887777, us-east-1): ")


def test_a_quicksight_that_is_away_is_told(aws, daily_calls, monkeypatch, ask):
    monkeypatch.setenv("AWS_ENDPOINT_URL_QUICKSIGHT", NOWHERE)

    (line,) = ask("quicksight")

    assert line.startswith(f"FAIL quicksight {MAIN}: does not answer: EndpointConnectionError")
    assert "Remedy: the network between this host and AWS" in line


def test_the_portals_bucket_and_those_of_tenants_are_looked_into(aws, daily_calls, globex, ask):
    aws.control.create_bucket("globex-reports")
    own_bucket(globex, "globex-reports")

    assert ask("bucket") == [
        f"OK bucket {BUCKET} (as account main): can be looked into.",
        "OK bucket globex-reports (as account main): can be looked into.",
    ]


def test_a_bucket_that_is_not_there_is_told(aws, daily_calls, globex, ask):
    own_bucket(globex, "never-made")

    assert ask("bucket")[1].startswith("FAIL bucket never-made (as account main): there is no such bucket. Remedy: PORTAL_BUCKET")


def test_no_bucket_at_all_is_told(aws, daily_calls, settings, ask):
    settings.PORTAL_BUCKET = ""

    assert ask("bucket") == [
        "FAIL bucket: no bucket is named, so no job can start. Remedy: PORTAL_BUCKET, or bucket of each tenant in the platform file."
    ]


def test_a_bucket_that_refuses_is_told(aws, daily_calls, monkeypatch, ask):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-somebody-else")

    (line,) = ask("bucket")

    assert line.startswith(f"FAIL bucket {BUCKET} (as account main): refuses these credentials: SignatureDoesNotMatch")
    assert "s3:ListBucket" in line


def test_an_s3_that_is_away_is_told(aws, daily_calls, monkeypatch, ask):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", NOWHERE)

    assert ask("bucket")[0].startswith(f"FAIL bucket {BUCKET} (as account main): does not answer: ")


def own_bucket(tenant, name):
    with platform_scope():
        Tenant.objects.filter(pk=tenant.pk).update(bucket=name)
