"""The only door to SES: one raw mail to one address."""

from __future__ import annotations

from reports.aws.asking import ask
from reports.aws.clients import AccountFacts, ses_client


def send_raw(region: str, raw: bytes, *, sender: str, address: str, tags: dict[str, str], configuration_set: str = "") -> str:
    """SES's own message id. It replaces the header Message-ID by one of its own; `tags` come back with its events. Raises AwsError."""
    request = {
        "FromEmailAddress": sender,
        "Destination": {"ToAddresses": [address]},
        "Content": {"Raw": {"Data": raw}},
        "EmailTags": [{"Name": name, "Value": value} for name, value in tags.items()],
    } | ({"ConfigurationSetName": configuration_set} if configuration_set else {})
    return str(ask(AccountFacts("", region), ("SES", "SendEmail"), ses_client, lambda client: client.send_email(**request))["MessageId"])
