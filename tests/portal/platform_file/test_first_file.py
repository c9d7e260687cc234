"""The platform file that a stack on AWS prints is applied as it stands: docs/aws.md, "The first key"."""

from __future__ import annotations

from reports.models import Account, Slot
from tenants.scope import platform_scope
from tests.deploy.template import PORTAL, of_type, read

TEMPLATE = read(PORTAL)
VALUES = {"${AWS::AccountId}": "111122223333", "${AWS::Region}": "eu-central-1", "${MaxConcurrentJobs}": "12"}


def printed():
    text = TEMPLATE["Outputs"]["PlatformFile"]["Value"]["Fn::Sub"]
    for name, value in VALUES.items():
        text = text.replace(name, value)
    assert "${" not in text
    return text


def generated(secret):
    """As long as the template has it made, of letters and digits."""
    rule = of_type(TEMPLATE, "AWS::SecretsManager::Secret")[secret]["GenerateSecretString"]
    assert rule["ExcludePunctuation"] is True
    return ("Hg7kQ2mVx9" * 10)[: rule["PasswordLength"]]


def test_the_file_that_a_stack_prints_is_applied_as_it_stands(platform, monkeypatch, settings):
    settings.PORTAL_BUCKET = "portal-reports"
    for name, secret in {"FIRST_KEY": "FirstKey", "FIRST_PASSWORD": "FirstPassword"}.items():
        monkeypatch.setenv(name, generated(secret))

    said = platform.apply(text=printed())

    with platform_scope():
        account = Account.objects.get(aws_account_id="111122223333", region="eu-central-1")
        assert Slot.objects.filter(account=account, enabled=True).count() == 12
    # Neither is printed: they stand in Secrets Manager.
    assert [name for name in ("FirstKey", "FirstPassword") if generated(name) in said] == []
