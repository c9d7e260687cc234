"""What holds for a run as a whole."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
from django.core.management import CommandError
from django.db import connection

from reports.models import Account, Report
from tenants import roles
from tenants.models import AuditEvent, Tenant, User
from tenants.scope import platform_scope, tenant_scope
from tests.portal.platform_file.file import KEY, OWNER_PASSWORD, STAFF_PASSWORD, Platform

LISTED = {
    "+ account main",
    "+ report daily-calls",
    "+ parameter daily-calls/Region",
    "+ staff ops@anycompany.example",
    "+ tenant acme",
    "+ session tag acme/tenant_id",
    "+ grant acme/daily-calls",
    "+ member acme/owner@acme.example",
    "+ api key acme/integration",
    "+ schedule acme/weekday-morning",
    "+ audience acme/weekday-morning/North desk",
}


def stored():
    with platform_scope():
        return {model.__name__: model.objects.count() for model in (Account, Report, Tenant, User)}


def test_a_new_platform_is_planned_line_by_line_and_made(platform):
    output = platform.apply()

    assert set(output.splitlines()) >= LISTED
    assert stored() == {"Account": 1, "Report": 1, "Tenant": 1, "User": 2}


def test_a_second_run_prints_no_changes(applied):
    assert applied.apply() == "no changes\n"


def test_a_second_run_writes_no_audit_row(applied, tenant):
    with tenant_scope(tenant):
        before = AuditEvent.objects.count()

    applied.apply()

    with tenant_scope(tenant):
        assert AuditEvent.objects.count() == before > 0


def test_a_dry_run_prints_the_plan_and_changes_nothing(platform):
    output = platform.apply("--dry-run")

    assert set(output.splitlines()) >= LISTED
    assert "nothing was applied" in output
    assert stored() == {"Account": 0, "Report": 0, "Tenant": 0, "User": 0}


def test_a_dry_run_tells_no_secret_that_a_real_run_would_not_keep(platform):
    del platform.tenant["member"][0]["password_env"]
    del platform.tenant["api_key"][0]["secret_env"]

    output = platform.apply("--dry-run")

    assert "/invitations/" not in output
    assert "fan_" not in output


def test_the_order_of_the_tables_does_not_matter(platform):
    platform.tables = dict(reversed(platform.tables.items()))

    assert set(platform.apply().splitlines()) >= LISTED


def test_one_fault_anywhere_and_nothing_is_applied(platform):
    platform.schedule["formats"] = ["PDF"]
    platform.schedule["parameters"] = {"MinSeconds": "many"}

    assert platform.fault() == 'tenant[1] "acme": schedule "weekday-morning": parameters.MinSeconds: MinSeconds: must be a whole number.'
    assert stored() == {"Account": 0, "Report": 0, "Tenant": 0, "User": 0}


def test_what_the_file_does_not_mention_is_left_alone(applied):
    applied.tables = {"tenant": [{"slug": "acme", "name": "Acme Hotels & Resorts"}]}

    assert applied.lines() == ['~ tenant acme: name "Acme Hotels" -> "Acme Hotels & Resorts"']


def test_every_change_is_audited_in_its_tenant(applied, tenant):
    with tenant_scope(tenant):
        actions = set(AuditEvent.objects.filter(tenant=tenant, actor="apply").values_list("action", flat=True))

    assert actions >= {"tenant.created", "session_tag.created", "grant.created", "member.created", "api_key.created", "schedule.created"}


def test_no_secret_is_printed_logged_or_audited(platform, caplog, capsys):
    output = platform.apply()

    with platform_scope():
        tenant = Tenant.objects.get(slug="acme")
    with tenant_scope(tenant):
        rows = str(list(AuditEvent.objects.values_list("before", "after", "object_id")))
    told = output + caplog.text + "".join(capsys.readouterr()) + rows
    assert not [secret for secret in (KEY, OWNER_PASSWORD, STAFF_PASSWORD) if secret in told]


@pytest.mark.django_db(transaction=True)
def test_the_command_ends_with_an_error_code_and_sentences_only(platform, database_env, settings):
    (platform.folder / "bad.toml").write_text("[[tenant]]\nslug = 'acme'\ncolour = 1\n")

    command = [sys.executable, "manage.py", "apply", str(platform.folder / "bad.toml")]
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=database_env, capture_output=True, text=True)

    assert done.returncode == 1
    assert done.stdout == ""
    assert 'tenant[1] "acme": colour: is not a key here.' in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_do_not_meet(platform, login):
    other = login(roles.WORKER)
    other.autocommit = False
    other.execute("select pg_advisory_xact_lock(7202, 0)")

    with pytest.raises(CommandError, match="Another apply is running"):
        platform.apply()

    other.rollback()
    assert "+ tenant acme" in platform.apply()


@pytest.mark.django_db(transaction=True)
def test_the_same_file_applied_by_eight_at_once_makes_everything_once(platform, tmp_path):
    def run(number):
        folder = tmp_path / str(number)
        folder.mkdir()
        try:
            Platform(folder).apply()
        except CommandError as refused:
            refusals.append(str(refused))
        finally:
            connection.close()

    refusals = []
    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert stored() == {"Account": 1, "Report": 1, "Tenant": 1, "User": 2}
    assert all("Another apply is running" in refusal for refusal in refusals)
    assert platform.apply() == "no changes\n"
