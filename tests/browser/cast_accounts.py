"""People with something to show of their own accounts."""

from __future__ import annotations

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP

from portal.second_step_secrets import secrets_of
from tenants.models import User
from tests.factories import PASSWORD, make_user

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CAREFUL = "vera.lopes@azurebay.example"


def make_accounts(parts: dict[str, str]) -> dict[str, User]:
    careful = make_user(email=CAREFUL, name="Vera Lopes", password=PASSWORD)
    with secrets_of(careful.pk):
        TOTP.activate(careful, SECRET)
        RecoveryCodes.activate(careful)
    # Never signs in, which would make the address too old.
    forgetful = make_user(email="tomas.reis@azurebay.example", name="Tomás Reis")
    parts["reset_key"] = f"{user_pk_to_url_str(forgetful)}-{default_token_generator.make_token(forgetful)}"
    return {"careful": careful}
