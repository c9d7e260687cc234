"""compose.yaml keeps the database's logins apart, waits for what it needs, and leaves enough time to stop. No container is started."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from django.conf import settings

from portal import gunicorn, supervisor
from tenants import roles

ROOT = Path(settings.BASE_DIR)
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == COMPOSE["x-portal"]["image"]}
# What a name in compose.yaml stands for inside a container alone.
OF_LIBPQ = {"PGPASSWORD"}


def seconds(duration: str) -> float:
    return float(duration.removesuffix("s"))


def taken_from_outside(text: str) -> set[str]:
    return set(re.findall(r"\$\{([A-Z0-9_]+)", text))


def test_every_variable_is_in_the_example_environment():
    listed = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M))
    named = taken_from_outside((ROOT / "compose.yaml").read_text()) | {name for service in OURS.values() for name in service["environment"]}

    assert named - OF_LIBPQ - listed == set()


@pytest.mark.parametrize(
    ("service", "logins"),
    [
        ("web", {roles.WEB}),
        ("worker", {roles.WORKER}),
        ("overdue", {roles.WORKER}),
        ("migrate", {roles.WEB, roles.WORKER, roles.OWNER}),
    ],
)
def test_each_service_knows_the_urls_of_its_own_logins_and_no_other(service, logins):
    environment = SERVICES[service]["environment"]
    text = str(SERVICES[service])

    # migrate gives all three logins their passwords.
    assert {login for login, name in roles.URL_VARIABLES.items() if name in environment} == logins
    assert all(environment[roles.URL_VARIABLES[login]].startswith(f"${{{roles.URL_VARIABLES[login]}:?") for login in logins)
    assert {login for login, name in roles.URL_VARIABLES.items() if name in text} == logins
    assert ("POSTGRES_PASSWORD" in text) is (service == "migrate")
    assert "env_file" not in SERVICES[service], "a whole file would hand over every login"


def test_web_knows_as_well_as_the_worker_whether_mail_is_set_up():
    assert "EMAIL_URL" in SERVICES["web"]["environment"]
    assert "EMAIL_URL" in SERVICES["worker"]["environment"]


def test_whatever_has_no_safe_default_stops_the_start_when_it_is_missing():
    required = set(re.findall(r"\$\{([A-Z0-9_]+):\?", (ROOT / "compose.yaml").read_text()))

    assert required == {"POSTGRES_PASSWORD", "SECRET_KEY", "PORTAL_BASE_URL", "PORTAL_BUCKET", *roles.URL_VARIABLES.values()}


def test_no_password_stands_in_the_file():
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|TOKEN|KEY|DATABASE", name) and value:
                assert re.fullmatch(r"\$\{[A-Z_]+:\?[^}]*\}", value), name


def test_images_of_others_are_pinned_to_a_release():
    images = {service["image"] for name, service in SERVICES.items() if name not in OURS}

    assert len(images) == 2
    assert all(re.fullmatch(r"[a-z]+:\d+\.\d+(\.\d+)?(-[a-z]+)?", image) for image in images)


def test_web_and_worker_start_after_the_migration_and_the_migration_after_the_servers():
    assert SERVICES["migrate"]["depends_on"] == {name: {"condition": "service_healthy"} for name in ("postgres", "redis")}
    for name in ("web", "worker", "overdue"):
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert all("test" in SERVICES[name]["healthcheck"] for name in ("postgres", "redis"))


def test_a_stop_leaves_more_time_than_the_processes_take():
    assert seconds(SERVICES["worker"]["stop_grace_period"]) > supervisor.STOP_SECONDS
    assert seconds(SERVICES["web"]["stop_grace_period"]) > gunicorn.graceful_timeout


def test_the_images_own_health_check_is_off_where_no_web_server_runs():
    assert {name for name, service in OURS.items() if service.get("healthcheck") == {"disable": True}} == {"migrate", "worker", "overdue"}


def test_what_ends_is_started_again_but_for_the_migration():
    assert {name: service["restart"] for name, service in SERVICES.items()} == {
        **dict.fromkeys(("postgres", "redis", "web", "worker", "overdue"), "unless-stopped"),
        "migrate": "no",
    }


@pytest.mark.parametrize("name", OURS)
def test_the_product_can_write_to_its_temporary_folder_only(name):
    service = SERVICES[name]

    assert (service["read_only"], service["tmpfs"], service["cap_drop"]) == (True, ["/tmp"], ["ALL"])
    assert "volumes" not in service
    assert "PORTAL_STATE_DIR=/tmp/" in (ROOT / "Dockerfile").read_text()


def test_database_cache_and_queue_are_reached_from_inside_only():
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert {name for name, service in SERVICES.items() if service["networks"] == ["inside"]} == {"postgres", "redis", "migrate"}
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["web"]
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["web"]["ports"])


def test_clearing_the_cache_leaves_the_queue_alone():
    """Django's clear() empties a whole database of Redis."""
    environment = SERVICES["worker"]["environment"]

    assert environment["CACHE_URL"].startswith("redis://redis:")
    assert environment["CACHE_URL"].rpartition("/")[0] == environment["PORTAL_BROKER"].rpartition("/")[0]
    assert environment["CACHE_URL"] != environment["PORTAL_BROKER"]
