from __future__ import annotations

import pytest

from tenants.models import Tenant
from tenants.scope import platform_scope
from tests.portal.platform_file.file import KEY, OWNER_PASSWORD, STAFF_PASSWORD, Platform
from tests.reports.engine.conftest import aws, server

__all__ = ["aws", "server"]


@pytest.fixture
def platform(db, tmp_path, monkeypatch, settings):
    """The platform of `file.py` in a file; the variables it names are set."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # Argon2 is slow by design
    settings.PORTAL_BASE_URL = "https://reports.anycompany.example"
    for name, value in {"STAFF_PASSWORD": STAFF_PASSWORD, "ACME_OWNER_PASSWORD": OWNER_PASSWORD, "ACME_API_KEY": KEY}.items():
        monkeypatch.setenv(name, value)
    return Platform(tmp_path)


@pytest.fixture
def applied(platform):
    platform.apply()
    return platform


@pytest.fixture
def tenant(applied):
    """The tenant as it is in the database after the first run."""
    with platform_scope():
        return Tenant.objects.get(slug="acme")
