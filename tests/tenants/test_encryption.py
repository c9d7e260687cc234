"""Secrets in the database: readable with the keys in use, at their own place, and nowhere else."""

from __future__ import annotations

import base64

import pytest

from tenants.encryption import Unreadable, decrypt, encrypt, is_current, read_key

OLD, NEW = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))
PLACE = "mfa_authenticator|7|secret"


def test_a_secret_is_read_at_its_place(settings):
    settings.PORTAL_ENCRYPTION_KEYS = [NEW]

    sealed = encrypt("köşe", PLACE)

    assert "köşe" not in sealed
    assert decrypt(sealed, PLACE) == "köşe"


def test_a_secret_that_was_copied_to_another_row_is_unreadable(settings):
    settings.PORTAL_ENCRYPTION_KEYS = [NEW]
    sealed = encrypt("secret", PLACE)

    with pytest.raises(Unreadable):
        decrypt(sealed, "mfa_authenticator|8|secret")


def test_keys_rotate_and_older_ones_go_on_reading(settings):
    settings.PORTAL_ENCRYPTION_KEYS = [OLD]
    sealed = encrypt("secret", PLACE)

    settings.PORTAL_ENCRYPTION_KEYS = [NEW, OLD]

    assert decrypt(sealed, PLACE) == "secret"
    assert (is_current(sealed), is_current(encrypt("secret", PLACE))) == (False, True)


def test_what_was_sealed_before_there_were_own_keys_is_read_by_the_signing_key(settings):
    settings.PORTAL_ENCRYPTION_KEYS = []
    sealed = encrypt("secret", PLACE)

    settings.PORTAL_ENCRYPTION_KEYS = [NEW]

    assert decrypt(sealed, PLACE) == "secret"


@pytest.mark.parametrize("text", ["", "no point", "00000000.", "gone.AAAA", f"{'0' * 8}.%%%"])
def test_what_nobody_sealed_is_unreadable(settings, text):
    settings.PORTAL_ENCRYPTION_KEYS = [NEW]

    with pytest.raises(Unreadable):
        decrypt(text, PLACE)


def test_each_changed_character_is_noticed(settings):
    settings.PORTAL_ENCRYPTION_KEYS = [NEW]
    sealed = encrypt("secret", PLACE)
    start = sealed.index(".") + 1

    for at in range(start, len(sealed)):
        changed = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
        with pytest.raises(Unreadable):
            decrypt(changed, PLACE)


@pytest.mark.parametrize("text", ["", "short", "é" * 40, base64.b64encode(b"x" * 31).decode()])
def test_a_key_of_another_shape_is_refused(text):
    with pytest.raises(ValueError, match=r"base64|bytes|ASCII|ascii|latin"):
        read_key(text)
