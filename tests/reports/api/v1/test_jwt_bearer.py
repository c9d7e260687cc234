"""Tokens of a deployment's own issuer: what is taken, what they may do, and every way in which one is wrong."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import time
import uuid

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.exceptions import ImproperlyConfigured

from reports.api.jwt_bearer import JwtBearer
from reports.api.v1.authentication import check_authenticators
from tests.factories import make_api_key
from tests.reports.api.v1.conftest import V1Client, code

ISSUER, AUDIENCE = "https://login.example", "https://reports.example/api"
WRONG = (401, "invalid_key")
RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
KEYS = {"RS256": RSA, "ES256": EC, "EdDSA": ED}


def public_jwk(private, algorithm, kid):
    told = jwt.get_algorithm_by_name(algorithm).to_jwk(private.public_key(), as_dict=True)
    return told | {"kid": kid, "use": "sig"}


def write(path, *entries):
    path.write_text(json.dumps({"keys": list(entries)}))
    # Two writes within one tick of the clock would look like none.
    os.utime(path, ns=(time.time_ns(), time.time_ns()))


@pytest.fixture
def issuer(settings, tmp_path, acme):
    """Speaks for acme alone, which it calls `hotels`."""
    path = tmp_path / "issuer.jwks.json"
    write(path, *[public_jwk(private, algorithm, algorithm) for algorithm, private in KEYS.items()])
    settings.PORTAL_API_AUTHENTICATORS = ["reports.api.jwt_bearer.JwtBearer"]
    settings.PORTAL_JWT_ISSUER, settings.PORTAL_JWT_AUDIENCE = ISSUER, AUDIENCE
    settings.PORTAL_JWT_KEYS, settings.PORTAL_JWT_TENANTS = str(path), [f"hotels={acme.code}", "N3WB6RTY"]
    return path


def claims(**changes):
    now = int(time.time())
    told = {"iss": ISSUER, "aud": AUDIENCE, "sub": "crm", "iat": now, "nbf": now, "exp": now + 300, "tenant": "hotels"}
    return {name: value for name, value in (told | {"scope": "jobs:write usage:read"} | changes).items() if value is not None}


def token(algorithm="RS256", *, key=None, kid="", **changes):
    headers = {} if kid is None else {"kid": kid or algorithm}
    return jwt.encode(claims(**changes), key or KEYS[algorithm], algorithm, headers=headers)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def by_hand(header, body, signature=b""):
    return ".".join([b64(json.dumps(header).encode()), b64(json.dumps(body).encode()), b64(signature)])


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_token_stands_for_its_company_with_the_scopes_it_names(issuer, algorithm):
    body = V1Client(token(algorithm)).get().json()

    assert body["tenant"]["slug"] == "acme"
    assert body["key"] == {
        "name": "crm",
        "hint": None,
        "scopes": ["jobs:read", "jobs:write", "usage:read"],
        "expires_at": body["key"]["expires_at"],
        "last_used_at": None,
    }


def test_keys_of_ours_go_on_beside_it(issuer, acme_v1):
    assert acme_v1.get().status_code == 200
    assert code(V1Client("x" * 60).get()) == WRONG
    assert code(V1Client().get()) == (401, "not_authenticated")


def test_without_the_setting_no_token_is_taken(issuer, settings):
    settings.PORTAL_API_AUTHENTICATORS = []

    assert code(V1Client(token()).get()) == WRONG


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"aud": "https://other.example"},
        {"aud": None},
        {"aud": []},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "line\nbreak"},
        {"sub": "x" * 201},
        {"exp": None},
        {"exp": float("inf")},
        {"iat": float("inf")},
        {"nbf": None},
        {"iat": None},
        {"nbf": int(time.time()) + 3600},
        {"iat": int(time.time()) + 3600},
        {"exp": int(time.time()) + 3 * 86_400},
        {"exp": "never"},
        {"exp": 1e300},
        {"tenant": None},
        {"tenant": "globex"},
        {"tenant": ["hotels"]},
        {"tenant": {"code": "hotels"}},
        {"tenant": ""},
        {"tenant": "N3WB6RTY"},
        {"tenant": "hotels\0"},
    ],
    # Without their times, which differ in each process.
    ids=" ".join,
)
def test_a_claim_that_is_missing_or_wrong_makes_it_no_key(issuer, changes):
    assert code(V1Client(token(**changes)).get()) == WRONG


def test_it_names_no_company_that_its_issuer_may_not_speak_for(issuer, acme, globex):
    """Neither by slug nor by code, and not the one it may speak for by another name than was agreed."""
    for called in (globex.slug, globex.code, str(globex.pk), acme.code, acme.slug):
        assert code(V1Client(token(tenant=called)).get()) == WRONG


def test_a_listed_code_alone_is_the_companys_name(issuer, settings, globex):
    settings.PORTAL_JWT_TENANTS = [globex.code]

    assert V1Client(token(tenant=globex.code)).get().json()["tenant"]["slug"] == "globex"


def test_an_expired_token_is_called_so_after_half_a_minute(issuer):
    now = int(time.time())

    assert V1Client(token(iat=now - 60, nbf=now - 60, exp=now - 10)).get().status_code == 200
    assert code(V1Client(token(iat=now - 60, nbf=now - 60, exp=now - 40)).get()) == (401, "key_expired")


def test_an_expired_token_that_somebody_else_signed_is_only_unknown(issuer):
    stranger = rsa.generate_private_key(65537, 2048)

    assert code(V1Client(token(key=stranger, exp=int(time.time()) - 600)).get()) == WRONG


def test_no_token_without_a_signature_is_taken(issuer):
    for algorithm in ("none", "None", "nOnE", "NONE"):
        for kid in ({}, {"kid": "RS256"}):
            assert code(V1Client(by_hand({"alg": algorithm, "typ": "JWT"} | kid, claims())).get()) == WRONG


@pytest.mark.parametrize("form", ["pem", "jwk", "der"])
def test_a_public_key_is_no_password(issuer, form):
    """Signed with HS256 and the public key, which everybody knows."""
    public = RSA.public_key()
    words = {
        "pem": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "der": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "jwk": json.dumps(public_jwk(RSA, "RS256", "RS256")).encode(),
    }[form]
    unsigned = by_hand({"alg": "HS256", "typ": "JWT", "kid": "RS256"}, claims()).rpartition(".")[0]
    signature = hmac.digest(words, unsigned.encode(), hashlib.sha256)

    assert code(V1Client(f"{unsigned}.{b64(signature)}").get()) == WRONG


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256"])
def test_a_key_signs_by_its_one_algorithm(issuer, algorithm):
    assert code(V1Client(token(algorithm, key=RSA, kid="RS256")).get()) == WRONG


def test_a_token_does_not_choose_another_key_or_bring_one(issuer):
    stranger = rsa.generate_private_key(65537, 2048)
    own = public_jwk(stranger, "RS256", "RS256")
    brought = jwt.encode(claims(), stranger, "RS256", headers={"kid": "RS256", "jwk": own, "jku": "https://evil.example/keys"})

    assert code(V1Client(brought).get()) == WRONG
    for kid in ("ES256", "nobody", "../../etc/passwd", None, 7, ["RS256"]):
        assert code(V1Client(by_hand({"alg": "RS256", "kid": kid}, claims(), b"x" * 256)).get()) == WRONG


def test_a_changed_token_is_not_taken(issuer):
    header, body, signature = token().split(".")
    other = b64(json.dumps(claims(tenant="globex", sub="root")).encode())

    for changed in (f"{header}.{other}.{signature}", f"{header}.{body}.{signature[:-8]}AAAAAAAA", f"{header}.{body}."):
        assert code(V1Client(changed).get()) == WRONG


@pytest.mark.parametrize("text", ["..", "a.b.c", "e30.e30.e30", "é.é.é", f"{'x' * 200_000}.y.z", f"{b64(b'[' * 5000)}.e30.x"])
def test_what_only_looks_like_a_token_is_not_taken(issuer, text):
    assert code(V1Client(text).get()) == WRONG


def test_a_huge_token_is_not_even_read(issuer):
    assert code(V1Client(token(padding="x" * 9000)).get()) == WRONG


def test_scopes_are_text_or_a_list_and_only_ours_and_never_an_owners(issuer):
    def scopes(told):
        return V1Client(token(scope=told)).get().json()["key"]["scopes"]

    assert scopes("jobs:read links:write everything proof:read") == ["jobs:read", "links:read", "links:write"]
    assert scopes(["jobs:read", 7, None, ["jobs:write"]]) == ["jobs:read"]
    assert scopes({"jobs:write": True}) == []
    assert scopes(None) == []


def test_a_key_that_was_taken_out_of_the_file_opens_nothing_with_the_next_request(issuer):
    signed = token()
    assert V1Client(signed).get().status_code == 200

    newer = rsa.generate_private_key(65537, 2048)
    write(issuer, public_jwk(newer, "RS256", "new"), public_jwk(EC, "ES256", "ES256"))

    assert code(V1Client(signed).get()) == WRONG
    assert V1Client(token(key=newer, kid="new")).get().status_code == 200
    assert V1Client(token("ES256")).get().status_code == 200


def test_a_single_key_may_be_pem_and_needs_no_name(issuer, settings, tmp_path):
    path = tmp_path / "issuer.pem"
    path.write_bytes(EC.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    settings.PORTAL_JWT_KEYS = str(path)

    assert V1Client(token("ES256", kid=None)).get().status_code == 200


def test_tokens_of_one_holder_share_a_rate_and_its_name_is_in_the_record(issuer, acme, rf):
    def caller(**changes):
        request = rf.get("/", headers={"authorization": f"Bearer {token(**changes)}"})
        request._request = request
        return JwtBearer().authenticate(request)[0]

    first, second, other = caller(), caller(), caller(sub="erp")

    assert first.family == second.family != other.family
    assert isinstance(first.family, uuid.UUID)
    assert first.actor.label == "Token of “crm”"


def test_a_suspended_companys_tokens_are_told_so_too(issuer, acme):
    from_key = make_api_key(tenant=acme)[1]
    assert V1Client(from_key).get().status_code == V1Client(token()).get().status_code == 200


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PORTAL_API_AUTHENTICATORS", ["no.such.Thing"], "PORTAL_API_AUTHENTICATORS: no.such.Thing cannot be imported"),
        ("PORTAL_API_AUTHENTICATORS", ["reports.api.rates.Rate"], "reports.api.rates.Rate is not a subclass"),
        ("PORTAL_JWT_ISSUER", "", "PORTAL_JWT_ISSUER is not set"),
        ("PORTAL_JWT_AUDIENCE", "", "PORTAL_JWT_AUDIENCE is not set"),
        ("PORTAL_JWT_KEYS", "", "PORTAL_JWT_KEYS is not set"),
        ("PORTAL_JWT_KEYS", "/no/such/file", "PORTAL_JWT_KEYS: /no/such/file cannot be read"),
        ("PORTAL_JWT_TENANTS", [], "PORTAL_JWT_TENANTS is not set"),
        ("PORTAL_JWT_TENANTS", ["acme"], "'acme' is not the code of a company"),
    ],
)
def test_a_wrong_setting_stops_the_start_by_its_name(issuer, settings, name, value, sentence):
    setattr(settings, name, value)

    with pytest.raises(ImproperlyConfigured, match=sentence):
        check_authenticators()


@pytest.mark.parametrize(
    "entry",
    [
        {"kty": "oct", "k": b64(b"x" * 32), "kid": "a"},
        jwt.get_algorithm_by_name("RS256").to_jwk(rsa.generate_private_key(65537, 2048), as_dict=True),
        public_jwk(rsa.generate_private_key(65537, 1024), "RS256", "a"),
        public_jwk(ec.generate_private_key(ec.SECP384R1()), "ES384", "a"),
        {"kty": "RSA"},
        {},
        [],
    ],
    ids=["a password", "a private key", "too short", "another curve", "half a key", "nothing", "no object"],
)
def test_a_file_with_a_key_that_is_of_no_use_stops_the_start(issuer, entry):
    write(issuer, entry)

    with pytest.raises(ImproperlyConfigured, match="PORTAL_JWT_KEYS"):
        check_authenticators()


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"keys": []}', '{"keys": 7}', "-----BEGIN PUBLIC KEY-----", "{"])
def test_a_file_without_a_key_stops_the_start(issuer, text):
    issuer.write_text(text)
    os.utime(issuer, ns=(time.time_ns(), time.time_ns()))

    with pytest.raises(ImproperlyConfigured, match="PORTAL_JWT_KEYS"):
        check_authenticators()


def test_a_file_that_is_spoilt_later_is_a_fault_of_ours_and_keys_go_on(issuer, acme_v1):
    signed = token()
    issuer.write_text("{")
    os.utime(issuer, ns=(time.time_ns(), time.time_ns()))

    assert code(V1Client(signed).get()) == (500, "internal_error")
    assert acme_v1.get().status_code == 200
