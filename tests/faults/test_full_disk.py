"""Row 19. No room where the database lies, or where a process keeps what it works on: said as 503, nothing half, and it goes on."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest
import requests

from portal.database import embedded_cluster
from tests import database, factories
from tests.faults.carrying import BODY
from tests.faults.disk import PAGE, small_disk
from tests.faults.test_cache_away import ask, create, send_form
from tests.faults.web import running_web, session_of
from tests.reports.delivery import steps as mail
from tests.reports.engine.worker import environment_of, running_worker, wait_for
from tests.reports.gate import files
from tests.reports.gate import steps as gate

pytestmark = pytest.mark.django_db(transaction=True)
# Of a database without anything in it there are about 60.
MEGABYTES, MOST_ORDERS = 128, 300
LARGE_PDF = files.pdf("Acme Hotels", *("\n".join(os.urandom(30).hex() for _ in range(40)) for _page in range(9)))


def count(name: str, what: str) -> int:
    """Past row-level security."""
    with psycopg.connect(embedded_cluster().dsn("postgres", name)) as connection:
        return connection.execute(f"select count(*) from reports_snapshotjob where {what}".encode()).fetchone()[0]


def test_row_19_a_database_without_room_answers_503_keeps_what_it_promised_and_goes_on_when_there_is_some(
    aws, account, acme, daily_calls, database_name, tmp_path: Path
):
    key = factories.make_api_key(tenant=acme)[1]
    database.backup(database_name, tmp_path / "start")

    with (
        small_disk(MEGABYTES) as disk,
        database.tablespace(disk.folder) as tablespace,
        database.restored_database(tmp_path / "start", tablespace=tablespace) as name,
    ):
        environment = environment_of(database.environment(name), aws.environment)
        with running_web(environment, tmp_path) as web, running_worker(environment, tmp_path / "worker"):
            create(web, key, "order-0")
            wait_for(lambda: count(name, "status = 'completed'") == 1, 60, "work goes on")
            disk.fill()
            answers = {}
            while list(answers.values()).count(503) < 3 and len(answers) < MOST_ORDERS:
                order = f"order-{len(answers) + 1}"
                answers[order] = create(web, key, order).status_code
            reading = ask(web, key).status_code
            promised = 1 + list(answers.values()).count(201)
            kept = count(name, "true")
            disk.make_room()
            again = {order: create(web, key, order).status_code for order, status in answers.items() if status == 503}
            wait_for(lambda: count(name, "finished_at is null") == 0, 90, "all jobs ended")
        done, attempts = count(name, "status = 'completed'"), attempts_of(name)

    assert set(answers.values()) <= {201, 503}
    assert list(answers.values()).count(503) == 3
    assert reading == 200
    assert kept == promised
    assert set(again.values()) == {201}
    assert done == len(answers) + 1
    assert aws.control.stats()["accepted"] == dict.fromkeys(attempts, 1)
    assert len(attempts) == done


def attempts_of(name: str) -> list[str]:
    with psycopg.connect(embedded_cluster().dsn("postgres", name)) as connection:
        return [id for (id,) in connection.execute("select id::text from reports_attempt")]


def test_row_19_a_worker_without_room_for_a_file_sends_no_half_of_it_and_the_whole_once_there_is(
    aws, acme, delivery, peer, database_env, tmp_path: Path
):
    with small_disk(8) as disk:
        disk.fill(leave=len(BODY) // 2)
        own = {"TMPDIR": str(disk.folder), "PORTAL_OUTBOUND_ALLOW": f"127.0.0.1:{peer.port}"}
        with running_worker(environment_of(database_env, aws.environment) | own, tmp_path / "worker"):
            wait_for(lambda: mail.now_of(delivery).failure_code == "internal", 60, "it finds no room")
            while_full = mail.now_of(delivery).status, peer.files(), peer.hidden(), [path.name for path in disk.folder.iterdir()]
            disk.make_room()
            mail.let_pass(acme, minutes=20)
            wait_for(lambda: mail.now_of(delivery).status == "sent", 60, "the file is brought")

    assert while_full == ("pending", {}, [], ["filler"])
    assert list(peer.files().values()) == [BODY]
    assert [size for _name, size in peer.shown] == [len(BODY)]


def test_row_19_a_gate_without_room_looks_again_and_blames_no_file(aws, acme, olga, database_env, tmp_path: Path):
    schedule = factories.make_schedule(tenant=acme, release="if_usual", must_contain="Acme Hotels")
    fine = gate.finish(aws, gate.make_run(schedule, people=["anna@c.example"]), LARGE_PDF)

    with small_disk(1) as disk:
        disk.fill(leave=PAGE)
        with running_worker(environment_of(database_env, aws.environment) | {"TMPDIR": str(disk.folder)}, tmp_path / "worker"):
            wait_for(lambda: gate.review_of(fine).tries == 1 and gate.review_of(fine).lease_until is None, 60, "it finds no room")
            while_full = gate.review_of(fine).status, gate.told(acme)
            disk.make_room()
            gate.let_pass(acme, hours=1)
            wait_for(lambda: gate.review_of(fine).status == "released", 60, "the verdict")

    assert while_full == ("checking", [])
    assert gate.told(acme) == ["job.completed"]


def test_row_19_a_web_process_without_room_for_an_upload_says_503_and_takes_it_later(acme, adam, database_env, tmp_path: Path):
    browser = requests.Session()
    browser.cookies.set("session", session_of(adam))
    # The server closes a connection of which it did not read all.
    browser.headers["Connection"] = "close"
    # More than is kept in memory, and more than a list may have: what comes of it later is said by the form.
    upload = {"file": ("people.csv", b"email\n" + b"x" * 3_000_000)}

    with small_disk(8) as disk:
        disk.fill(leave=PAGE)
        (tmp_path / "logs").mkdir()
        with running_web(database_env | {"TMPDIR": str(disk.folder)}, tmp_path / "logs") as web:
            page = f"{web.address}/t/acme/recipients/upload/"
            full = send_form(browser, page, files=upload)
            disk.make_room()
            later = send_form(browser, page, files=upload)
        left = [path.name for path in disk.folder.iterdir()]

    assert (full.status_code, full.headers["Retry-After"]) == (503, "30")
    assert later.status_code == 422
    assert left == []
