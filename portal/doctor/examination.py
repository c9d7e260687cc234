"""All checks, in the order in which trouble shows: what stands below needs what stands above."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import django.db
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from portal.doctor import aws, catalogue, configuration, database, engine, host, logins, mail, object_events, queue, restored
from portal.doctor.finding import FAIL, Finding, Findings, fail, warn


@dataclass(frozen=True)
class Check:
    name: str
    ask: Callable[[], Findings]
    needs_database: bool = True


CHECKS = (
    Check("secret-key", configuration.secret_key, needs_database=False),
    Check("address", configuration.address, needs_database=False),
    Check("encryption-keys", configuration.encryption_keys, needs_database=False),
    Check("staff-second-step", configuration.staff_second_step, needs_database=False),
    Check("static-files", configuration.static_files, needs_database=False),
    Check("state-folder", host.state_folder, needs_database=False),
    Check("database", database.answers, needs_database=False),
    Check("clock", host.clock),
    Check("login", logins.roles_are_apart),
    Check("sign-in", logins.sign_in),
    Check("migrations", database.migrations),
    Check("row-security", database.row_security),
    Check("restored", restored.mode_of_the_database),
    Check("send-log", restored.send_log),
    Check("cache", queue.cache_answers),
    Check("worker", queue.heartbeats),
    Check("processes", queue.processes),
    Check("recurring", queue.recurring),
    Check("queue", queue.backlog),
    Check("pump", engine.pumps),
    Check("slots", engine.slots_and_jobs_agree),
    Check("tenant-queues", queue.counts),
    Check("resting-slots", engine.resting_slots),
    Check("deadlines", engine.past_deadline),
    Check("leases", engine.left_alone),
    Check("preflight", catalogue.preflights),
    Check("session-tags", catalogue.session_tags),
    Check("quicksight", aws.quicksight_answers),
    Check("bucket", aws.buckets),
    Check("lifecycle", aws.lifecycle),
    Check("object-events", object_events.object_events),
    Check("mail-server", mail.mail_server),
    Check("mail-events", mail.mail_events),
    Check("mail-backlog", mail.backlog),
)


def examine() -> Iterator[tuple[Check, Finding]]:
    """Each check's findings as soon as they are known. The database's silence is a finding, and said once."""
    silent = False
    for check in CHECKS:
        if silent and check.needs_database:
            yield check, warn("not checked, because the database does not answer", "see the line of the database")
            continue
        for finding in ask(check):
            silent = silent or (check.name == "database" and finding.level == FAIL)
            yield check, finding


def ask(check: Check) -> Findings:
    try:
        yield from check.ask()
    except ImproperlyConfigured as error:
        # The login that was refused as soon as it connected; see portal/checks.py.
        connection.close()
        yield fail(str(error).rstrip("."), "give DATABASE_WORKER_URL the login portal_worker")
    except django.db.Error as error:
        connection.close()
        yield fail(f"the database says: {_first_line(error)}", "the lines above, and manage.py migrate; then look into PostgreSQL's log")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
