"""[[tenant.api_key]]: keys by name. A key is stored as its hash; the file names the variable that holds it, or gets a new one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.utils.translation import gettext as _

from portal.platform_file.reading import Entry
from portal.platform_file.run import Run
from portal.platform_file.shape import ALL_OF
from tenants.keys import new_secret
from tenants.models import ApiKey, ApiKeyIndex, Tenant
from tenants.models.keys import MAX_KEY_LENGTH, MIN_KEY_LENGTH
from tenants.secrets import secret_hash


@dataclass(frozen=True)
class Secret:
    """An entry and the key that its `secret_env` holds; None: it names none."""

    entry: Entry
    key: str | None


def find_secret(entry: Entry, tenant: Tenant, run: Run) -> Secret | None:
    """Outside any scope, where it can be seen that a key is in use, but not by whom. None: it cannot be used."""
    if entry.absent or "secret_env" not in entry.values:
        return None if "secret_env" in entry.bad else Secret(entry, None)
    key = run.secret(entry, "secret_env")
    if key is None or not _is_well_formed(key, entry):
        return None
    taken = ApiKeyIndex.objects.filter(sha256=secret_hash(key)).exclude(tenant=tenant).exists()
    if taken:
        entry.fault("secret_env", _("this key is already in use. Make another one."))
    return None if taken else Secret(entry, key)


def _is_well_formed(key: str, entry: Entry) -> bool:
    good = key.isascii() and key.isprintable() and " " not in key
    if not good:
        entry.fault("secret_env", _("a key is made of ASCII letters, digits and signs, without spaces."))
    elif not MIN_KEY_LENGTH <= len(key) <= MAX_KEY_LENGTH:
        good = False
        entry.fault("secret_env", _("a key has %(low)d to %(high)d characters.") % {"low": MIN_KEY_LENGTH, "high": MAX_KEY_LENGTH})
    return good


def apply_keys(tenant: Tenant, found: list[Secret], run: Run) -> None:
    """In the tenant's scope."""
    for secret in found:
        key = ApiKey.objects.newest().filter(tenant=tenant, name=secret.entry.label).first()
        if secret.entry.absent:
            if key is not None:
                revoke(key, tenant, run)
        elif key is None:
            if not _was_revoked_by_its_people(tenant, secret, run):
                _create(tenant, secret, None, run)
        elif key.created_by_id is not None:
            secret.entry.fault("name", _("somebody of the company made a key with this name. Choose another one."))
        elif secret.key is not None and bytes(key.sha256) != secret_hash(secret.key):
            if _is_free(tenant, secret):
                revoke(key, tenant, run)
                _create(tenant, secret, key, run)
        elif "scopes" in secret.entry.values:
            scopes = _all(secret.entry.values["scopes"])
            run.changes.update("api_key", f"{tenant.slug}/{key.name}", key, {"scopes": scopes}, tenant)


def _create(tenant: Tenant, secret: Secret, replaced: ApiKey | None, run: Run) -> None:
    entry = secret.entry
    if "scopes" not in entry.values and replaced is None:
        entry.needs("scopes")
        return
    if secret.key is not None and not _is_free(tenant, secret):
        return
    scopes = _all(entry.values["scopes"]) if "scopes" in entry.values else list(replaced.scopes if replaced else [])
    value, family = secret.key or new_secret(tenant), replaced.family if replaced else uuid.uuid4()
    hashed = secret_hash(value)
    key = ApiKey.objects.create(tenant=tenant, name=entry.label, family=family, scopes=scopes, sha256=hashed, hint=value[-4:])
    ApiKeyIndex.objects.create(sha256=key.sha256, tenant=tenant, key=key)
    name = f"{tenant.slug}/{key.name}"
    run.changes.added("api_key", name, key, {"scopes": scopes}, tenant)
    if secret.key is None:
        run.changes.shown_once.append(_("API key %(name)s, shown once: %(key)s") % {"name": name, "key": value})


def _was_revoked_by_its_people(tenant: Tenant, secret: Secret, run: Run) -> bool:
    """Then it stays so until the file names another secret. What the file itself revokes is not in the index any more."""
    if secret.key is None:
        return False
    hashed = secret_hash(secret.key)
    if not ApiKeyIndex.objects.filter(tenant=tenant, sha256=hashed, key__revoked_at__isnull=False).exists():
        return False
    told = {"name": f"{tenant.slug}/{secret.entry.label}"}
    run.changes.shown_once.append(
        _("API key %(name)s was revoked by the company's people, and stays so until it has another secret.") % told
    )
    return True


def _is_free(tenant: Tenant, secret: Secret) -> bool:
    assert secret.key is not None
    taken = ApiKeyIndex.objects.filter(tenant=tenant, sha256=secret_hash(secret.key)).exists()
    if taken:
        secret.entry.fault("secret_env", _("this key is already in use. Make another one."))
    return not taken


def revoke(key: ApiKey, tenant: Tenant, run: Run) -> None:
    """Its way in goes too, so that nothing is left to look up."""
    run.changes.removed("api_key", f"{tenant.slug}/{key.name}", key, {"scopes": key.scopes}, tenant)
    ApiKey.objects.filter(tenant=tenant, pk=key.pk).update(revoked_at=run.now)
    ApiKeyIndex.objects.filter(tenant=tenant, key=key).delete()


def _all(scopes: list[str]) -> list[str]:
    """`links:*` written out, each scope once."""
    each = [[scope.replace("*", verb) for verb in ("read", "write")] if scope in ALL_OF else [scope] for scope in scopes]
    return list(dict.fromkeys(scope for group in each for scope in group))
