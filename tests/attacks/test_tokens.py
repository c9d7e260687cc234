"""Tokens and keys that are nearly right: another company's, cut, lengthened, in other letters. Each is as good as none."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from django.test import Client

from tests.test_access_walk import OF_THE_API, OPEN_TO_ALL, WITHOUT_KEY
from tests.test_isolation import _values

pytestmark = pytest.mark.django_db
NEARLY: dict[str, Callable[[str], str]] = {
    "cut": lambda token: token[:-1],
    "longer": lambda token: token + "A",
    "twice": lambda token: token + token,
    "another last letter": lambda token: token[:-1] + ("B" if token[-1] != "B" else "C"),
    "other case": str.swapcase,
    "NUL behind": lambda token: token + "%00",
    "a space before": lambda token: "%20" + token,
    "its hash": lambda token: hashlib.sha256(token.encode()).hexdigest(),
    "all": lambda _token: "*",
    "long": lambda token: token * 200,
}
WITH_TOKENS = [address for address in OPEN_TO_ALL if "token" in address.parameters]


@pytest.mark.parametrize("address", WITH_TOKENS, ids=str)
@pytest.mark.parametrize("how", NEARLY)
def test_a_token_that_is_nearly_right_opens_nothing(address, how, attacker):
    values = _values(address, attacker.acme)
    wrong = values | {"token": NEARLY[how](values["token"])}

    assert Client().get(address.with_values(values)).status_code == 200
    assert {getattr(Client(), method)(address.with_values(wrong)).status_code for method in ("get", "post")} == {404}


@pytest.mark.parametrize("address", WITH_TOKENS, ids=str)
def test_a_token_opens_only_with_the_code_of_its_company(address, attacker):
    mixed = _values(address, attacker.globex) | {"code": attacker.acme.tenant.code}

    assert {getattr(Client(), method)(address.with_values(mixed)).status_code for method in ("get", "post")} == {404}


@pytest.mark.parametrize("address", [a for a in OF_THE_API if a.name not in WITHOUT_KEY and "GET" in a.view.cls.scopes], ids=str)
def test_a_key_that_is_nearly_right_is_none(address, attacker):
    path = address.with_values(_values(address, attacker.acme))
    own = attacker.acme.api_key
    # Of one company, with the code of the other in it.
    mixed = own.replace(attacker.acme.tenant.code, attacker.globex.tenant.code)
    wrong = [own[:-1], own + "A", own.swapcase(), hashlib.sha256(own.encode()).hexdigest(), "*", "", mixed, f"{own},{own}", own * 50]

    assert _with_key(path, own).status_code in (200, 400, 404)
    assert {_with_key(path, secret).status_code for secret in wrong} <= {401, 403}


@pytest.mark.parametrize("address", [a for a in OF_THE_API if a.name not in WITHOUT_KEY], ids=str)
def test_a_session_is_no_key(address, attacker):
    """What a person is signed in to is nothing to the API: else another site's page could call it in their name."""
    path = address.with_values(_values(address, attacker.acme))

    for method in address.view.cls.scopes:
        assert getattr(attacker.browser, method.lower())(path).status_code in (401, 403)


def _with_key(path: str, secret: str):
    return Client(headers={"x-api-key": secret, "Authorization": f"Bearer {secret}"}).get(path)
