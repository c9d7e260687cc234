"""The settings that decide about safety, and the static files."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, staticfiles_storage

from portal.doctor.finding import Findings, fail, ok, warn

NEW_KEY = 'put the output of python3 -c "import secrets; print(secrets.token_urlsafe(64))" into SECRET_KEY'
# Keys that stand in this repository begin so.
PUBLISHED = "only-for-"
GOOD_LENGTH = 50  # as Django's security.W009


def secret_key() -> Findings:
    if settings.SECRET_KEY.startswith(PUBLISHED):
        yield fail("it stands in the source code, so everybody can sign sessions", NEW_KEY)
    elif len(settings.SECRET_KEY) < GOOD_LENGTH:
        yield warn(f"it has {len(settings.SECRET_KEY)} characters", NEW_KEY)
    elif settings.HAS_OWN_DATABASE:
        yield ok(f"from the environment, with {len(settings.SECRET_KEY_FALLBACKS)} older ones still accepted")
    else:
        yield ok(f"made for this machine, kept in {settings.STATE_DIR / 'secret-key'}")


def address() -> Findings:
    if settings.DEBUG and settings.HAS_OWN_DATABASE:
        yield fail("DEBUG is on: error pages show settings and data to whoever causes one", "take DEBUG out of the environment")
    if settings.IS_HTTPS:
        yield ok(settings.PORTAL_BASE_URL)
    elif settings.HAS_OWN_DATABASE:
        yield fail(
            f"{settings.PORTAL_BASE_URL} is not https, so passwords and links travel in the clear",
            "a proxy that speaks HTTPS, and its address in PORTAL_BASE_URL",
        )
    else:
        yield ok(f"{settings.PORTAL_BASE_URL}, for this machine alone")


def encryption_keys() -> Findings:
    count = len(settings.PORTAL_ENCRYPTION_KEYS)
    yield ok(f"{count} set" if count else "none set: they are made of SECRET_KEY")


def staff_second_step() -> Findings:
    policy = settings.PORTAL_STAFF_MFA
    if policy == "required" or not settings.HAS_OWN_DATABASE:
        yield ok(f"{policy} of platform staff")
    else:
        yield warn(f"{policy}: a password alone may open the pages of platform staff", "PORTAL_STAFF_MFA=required")


def static_files() -> Findings:
    if not settings.IS_COLLECTED:
        if settings.HAS_OWN_DATABASE and not settings.DEBUG:
            yield warn("not collected, so they are sent uncompressed and asked for again each minute", "manage.py collectstatic")
        else:
            yield ok("served from the source folders")
        return
    missing = sorted(_sources() - _collected())
    if missing:
        yield fail(
            f"missing among those that were collected: {len(missing)}, such as {missing[0]}; pages fail",
            "manage.py collectstatic",
        )
    else:
        yield ok(f"{len(_collected())} in {settings.STATIC_ROOT}")


def _sources() -> set[str]:
    return {Path(path).as_posix() for finder in finders.get_finders() for path, _storage in finder.list(None)}


def _collected() -> set[str]:
    # The module's object is lazy; what stands behind it follows the settings.
    return set(staticfiles_storage.hashed_files) if isinstance(staticfiles_storage, ManifestStaticFilesStorage) else set()
