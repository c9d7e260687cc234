"""One call of AWS, whatever the service: what botocore raises comes out as ours, and refused credentials are read afresh once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from reports.aws.clients import AccountFacts, renew
from reports.aws.errors import CredentialsRefused, translate

T = TypeVar("T")


def ask(account: AccountFacts, client_of: Callable[[AccountFacts], Any], act: Callable[[Any], T]) -> T:
    """What `act` makes of the account's client. It may run twice: keys that were rotated, or have run out, are no verdict.

    Raises AwsError.
    """
    client = None
    try:
        client = client_of(account)
        return act(client)
    except (ClientError, BotoCoreError) as error:
        refusal = translate(error)
        if not isinstance(refusal, CredentialsRefused):
            raise refusal from error
    renew(account, client)
    try:
        return act(client_of(account))
    except (ClientError, BotoCoreError) as error:
        raise translate(error) from error
