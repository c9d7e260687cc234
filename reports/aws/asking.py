"""One call of AWS, whatever the service: what botocore raises comes out as ours, and refused credentials are read afresh once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from reports.aws.clients import AccountFacts, renew
from reports.aws.errors import CredentialsRefused, NotYet, translate
from tenants import tracing

T = TypeVar("T")
# The service and what it is asked, in AWS's own words.
Operation = tuple[str, str]


def ask(
    account: AccountFacts,
    operation: Operation,
    client_of: Callable[[AccountFacts], Any],
    act: Callable[[Any], T],
    *,
    gate: Callable[[], None] = lambda: None,
) -> T:
    """What `act` makes of the account's client. It may run twice: keys that were rotated, or have run out, are no verdict.

    `gate` is asked before each time. Raises AwsError.
    """
    client = None
    try:
        client = client_of(account)
        return _call(account, operation, client, act, gate)
    except (ClientError, BotoCoreError) as error:
        refusal = translate(error)
        if not isinstance(refusal, CredentialsRefused):
            raise refusal from error
    renew(account, client)
    try:
        return _call(account, operation, client_of(account), act, gate)
    except (ClientError, BotoCoreError) as error:
        raise translate(error) from error


def _call(account: AccountFacts, operation: Operation, client: Any, act: Callable[[Any], T], gate: Callable[[], None]) -> T:
    gate()
    with traced(account, operation):
        return act(client)


@contextmanager
def traced(account: AccountFacts, operation: Operation) -> Iterator[None]:
    """A call as a span: whose, what, and AWS's word for how it ended. Nothing of what is sent or answered."""
    service, method = operation
    facts = {"rpc.system": "aws-api", "rpc.service": service, "rpc.method": method, "cloud.region": account.region}
    facts |= {"cloud.account.id": account.aws_account_id} if account.aws_account_id else {}
    with tracing.call(f"{service}.{method}", facts) as span:
        try:
            yield
        except (ClientError, BotoCoreError) as error:
            refusal = translate(error)
            # To look before a job has ended is no failure.
            span.end_as(refusal.code, failed=not isinstance(refusal, NotYet))
            raise
