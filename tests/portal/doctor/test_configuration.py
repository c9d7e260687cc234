"""Settings, static files, and the machine."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from portal.doctor import host


@pytest.mark.parametrize(
    ("key", "begins"),
    [
        ("only-for-the-build-which-signs-nothing", "FAIL secret-key: it stands in the source code"),
        ("k" * 32, "WARN secret-key: it has 32 characters"),
        ("k" * 64, "OK secret-key: from the environment"),
    ],
)
def test_a_key_that_others_know_or_guess_is_told(key, begins, settings, ask):
    settings.SECRET_KEY, settings.HAS_OWN_DATABASE = key, True

    (line,) = ask("secret-key")

    assert line.startswith(begins)
    assert line.startswith("OK") or "into SECRET_KEY" in line
    assert key not in line


def test_the_key_of_a_laptop_is_told_by_its_place(settings, ask):
    settings.SECRET_KEY, settings.HAS_OWN_DATABASE = "k" * 64, False

    assert ask("secret-key") == [f"OK secret-key: made for this machine, kept in {settings.STATE_DIR}/secret-key."]


def test_an_address_without_https_is_for_laptops_only(settings, ask):
    settings.IS_HTTPS, settings.PORTAL_BASE_URL = False, "http://portal.example"

    found = []
    for settings.HAS_OWN_DATABASE in (False, True):
        found += ask("address")

    assert [line.split(":")[0] for line in found] == ["OK address", "FAIL address"]
    assert "Remedy: a proxy that speaks HTTPS" in found[1]


def test_debug_with_a_database_of_ones_own_is_a_fault(settings, ask):
    settings.DEBUG = settings.HAS_OWN_DATABASE = settings.IS_HTTPS = True

    assert ask("address")[0].startswith("FAIL address: DEBUG is on")


def test_the_count_of_encryption_keys_is_told_and_no_key(settings, ask):
    settings.PORTAL_ENCRYPTION_KEYS = ["first-secret", "second-secret"]

    assert ask("encryption-keys") == ["OK encryption-keys: 2 set."]


@pytest.fixture
def collected(settings, tmp_path):
    settings.STATIC_ROOT, settings.IS_COLLECTED = tmp_path, True
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": settings.HASHED}}
    call_command("collectstatic", interactive=False, verbosity=0)
    return tmp_path / "staticfiles.json"


def test_static_files_that_were_collected_are_counted(collected, ask):
    (line,) = ask("static-files")

    assert line.startswith("OK static-files: ")
    assert line.endswith(f" in {collected.parent}.")


def test_a_static_file_that_came_after_the_collection_is_named(collected, settings, ask):
    manifest = json.loads(collected.read_text())
    del manifest["paths"]["portal/portal.css"]
    collected.write_text(json.dumps(manifest))
    settings.STORAGES = dict(settings.STORAGES)

    (line,) = ask("static-files")

    assert line.startswith("FAIL static-files: missing among those that were collected: 1, such as portal/portal.css")
    assert line.endswith("Remedy: manage.py collectstatic.")


def test_a_production_without_collected_files_is_warned(settings, ask):
    settings.IS_COLLECTED, settings.HAS_OWN_DATABASE = False, True

    assert ask("static-files")[0].startswith("WARN static-files: not collected")


def test_a_state_folder_that_cannot_be_made_is_a_fault(settings, tmp_path, ask):
    (tmp_path / "file").touch()
    settings.STATE_DIR = tmp_path / "file" / "state"

    (line,) = ask("state-folder")

    assert line.startswith(f"FAIL state-folder: nothing can be written into {settings.STATE_DIR} (Not a directory)")
    assert "PORTAL_STATE_DIR" in line


def test_too_little_room_is_a_fault(settings, tmp_path, ask):
    settings.STATE_DIR = tmp_path

    (line,) = ask("state-folder")
    (finding,) = host.state_folder(needed=10**18)

    assert line.startswith("OK state-folder: ")
    assert (finding.level, finding.remedy) == ("FAIL", "make room, or name another folder in PORTAL_STATE_DIR")


@pytest.mark.parametrize(("seconds", "level"), [(0, "OK"), (10, "WARN"), (-10, "WARN"), (300, "FAIL"), (-300, "FAIL")])
def test_a_clock_that_is_off_is_told(seconds, level, db):
    (finding,) = host.clock(lambda: timezone.now() + timedelta(seconds=seconds))

    assert finding.level == level
    assert (level == "OK") or "NTP" in finding.remedy


@pytest.mark.parametrize(
    ("policy", "has_own_database", "told"),
    [
        ("required", True, "OK staff-second-step: required of platform staff."),
        ("grace", False, "OK staff-second-step: grace of platform staff."),
        ("grace", True, "WARN staff-second-step: grace: a password alone"),
        ("optional", True, "WARN staff-second-step: optional: a password alone"),
    ],
)
def test_staff_without_a_second_step_are_told_in_production(ask, settings, policy, has_own_database, told):
    settings.PORTAL_STAFF_MFA, settings.HAS_OWN_DATABASE = policy, has_own_database

    (line,) = ask("staff-second-step")

    assert line.startswith(told)
    assert line.startswith("OK") or line.endswith("Remedy: PORTAL_STAFF_MFA=required.")
