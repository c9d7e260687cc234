"""The document is exact: what fits it is taken, what does not is refused, every answer is one that it names, and none is a 5xx."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from tenants.key_scopes import ROLES
from tenants.models import Tenant
from tenants.scope import tenant_scope
from tests.factories import make_api_key
from tests.fuzz import seed
from tests.portal.web_process import running_web
from tests.pretend_aws import ROOT
from tests.tenants.rows import TENANT_TABLES, sql

pytestmark = pytest.mark.django_db(transaction=True)
# With the same seed every time, so that a failure is one of the change that brought it. `st fuzz` tries others for as long as one likes.
SEED, EXAMPLES = 77, 8
# An answer with ?wait= comes after 30 seconds when nothing happened.
PATIENCE = 60
WRITING = [scope for scope in ROLES if scope.endswith(":write")]
KEY_SCOPES = [*WRITING, *(scope for scope in ROLES if scope.replace(":read", ":write") not in WRITING and scope not in WRITING)]
# 400 is never among what may be said to a request that fits: that is what sets it apart from 422.
FITS = ["2xx", "304", "401", "403", "404", "409", "410", "412", "422", "429"]
DOES_NOT = ["400", "401", "403", "404", "405", "406", "409", "412", "413", "414", "415", "422", "429"]
BODIES = {"report": ["report"], "timezone": ["zone"], "cron": ["cron"]}


def configuration(folder: Path, ids: seed.Ids) -> Path:
    words = {"report": ["daily-calls"], "zone": ["Europe/Berlin", "UTC"], "cron": ["30 7 * * 1-5", "@daily"], **ids}
    lines = [f"hooks = {json.dumps(str(ROOT / 'tests/fuzz/hooks.py'))}", "[checks.positive_data_acceptance]", f"expected-statuses = {FITS}"]
    lines += ["[checks.negative_data_rejection]", f"expected-statuses = {DOES_NOT}"]
    for name, values in words.items():
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps(values)}"]
    lines += ["[parameters]", '"path.report" = { dictionary = "report", probability = 0.8 }']
    lines += [f'"path.{name}" = {{ dictionary = "{name}", probability = 0.8 }}' for name in ids]
    lines += [f'"body.{name}" = {{ dictionary = "{name}", probability = 0.6 }}' for name in ids]
    lines += [f'"body.{name}" = {{ dictionary = "{of[0]}", probability = 0.7 }}' for name, of in BODIES.items()]
    written = folder / "schemathesis.toml"
    written.write_text("\n".join(lines) + "\n")
    return written


def fuzz(folder: Path, database_env: dict[str, str], aws_env: dict[str, str], secret: str, ids: seed.Ids) -> tuple[int, str]:
    """The exit code and what was written."""
    document = folder / "openapi.yml"
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(document))
    traps = {"DJANGO_SETTINGS_MODULE": "tests.fuzz.settings"}
    with running_web(database_env | aws_env | traps, folder) as web:
        command = [Path(sys.executable).parent / "schemathesis", "--config-file", configuration(folder, ids), "run", document]
        command += ["--url", f"http://127.0.0.1:{web.port}", "--checks", "all", "--seed", str(SEED), "--max-examples", str(EXAMPLES)]
        command += ["--header", f"Authorization: Bearer {secret}", "--request-timeout", str(PATIENCE)]
        command += ["--continue-on-failure", "--no-color", "--warnings", "off"]
        done = subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, text=True, check=False)
        log = web.lines()
    assert [line for line in log if line.get("status", 0) >= 500] == []
    return done.returncode, done.stdout + done.stderr


def key_of(tenant: Tenant) -> str:
    return make_api_key(tenant=tenant, name="fuzzer", scopes=tuple(KEY_SCOPES))[1]


def test_every_answer_is_one_that_the_document_names(acme, daily_calls, database_env, aws, tmp_path):
    code, written = fuzz(tmp_path, database_env, aws.environment, key_of(acme), seed.fill(acme, daily_calls, aws))

    assert code == 0, written


def test_the_ids_of_another_company_open_nothing_and_change_nothing(acme, globex, daily_calls, database_env, aws, tmp_path):
    foreign = seed.fill(globex, daily_calls, aws)
    before = rows_of(globex)

    code, written = fuzz(tmp_path, database_env, aws.environment, key_of(acme), foreign)

    assert code == 0, written
    assert before["reports_snapshotjob"]
    assert rows_of(globex) == before


def rows_of(tenant: Tenant) -> dict[str, set[str]]:
    """Every row of every table of theirs, as text."""
    with tenant_scope(tenant):
        return {table: {row for (row,) in sql(f"select {table}::text from {table}")} for table in TENANT_TABLES if may_read(table)}


def may_read(table: str) -> bool:
    ((may,),) = sql("select has_table_privilege(%s, 'select')", table)
    return bool(may)
