from __future__ import annotations

import logging

import pytest
from django.test import Client

from tests.attacks.attacker import Attacker
from tests.recently import sign_in
from tests.test_isolation import _rows, acme_company, aws, globex_company, server

__all__ = ["acme_company", "aws", "globex_company", "server"]


@pytest.fixture
def attacker(client: Client, acme_company, globex_company, aws, caplog) -> Attacker:
    """An owner of acme, who may do everything there, with all that acme and globex have. Nothing of globex's changes, whatever they do."""
    caplog.set_level(logging.CRITICAL)
    attacker = Attacker(sign_in(client, acme_company.owner, with_code=True), acme_company, globex_company, _rows(globex_company.tenant))
    yield attacker
    assert _rows(globex_company.tenant) == attacker.globex_rows
