"""What the web processes find out about themselves, through a socket that really listens."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.db import OperationalError

from portal import self_look
from reports.models import ServicePart
from reports.uptime import answering
from reports.uptime.judging import WORKS, Verdict
from tests.portal.web_process import running_web
from tests.reports.engine.worker import wait_for

pytestmark = pytest.mark.django_db
# As may be on a busy machine.
SLOWLY = {(part, cause) for part in ("site", "api") for cause in ("answers_slowly", "no_answer")}


class Site(ThreadingHTTPServer):
    """Answers each path with its status, and keeps what it was asked with."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.statuses: dict[str, int] = {"/accounts/login/": 200, "/api/v1/me": 401}
        self.headers: list[dict[str, str]] = []


class Answer(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.headers.append(dict(self.headers))
        self.send_response(self.server.statuses[self.path])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None: ...


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_a_page_and_a_call_answer_as_they_should(site):
    assert self_look.look(site.socket) == {"site": WORKS, "api": WORKS}


def test_it_asks_by_the_portals_own_name_as_a_proxy_would(site, settings):
    settings.PORTAL_BASE_URL, settings.TRUSTED_PROXY_HOPS = "https://portal.example", 1

    self_look.look(site.socket)

    assert {(asked["Host"], asked["X-Forwarded-Proto"]) for asked in site.headers} == {("portal.example", "https")}


@pytest.mark.parametrize("status", [500, 503, 301, 400])
def test_any_other_answer_is_an_error(site, status):
    site.statuses["/accounts/login/"] = status

    assert self_look.look(site.socket) == {"site": Verdict("down", "errors"), "api": WORKS}


def test_a_slow_answer_is_slow(site, monkeypatch):
    monkeypatch.setattr(self_look, "SLOW_SECONDS", 0)

    assert self_look.look(site.socket)["api"] == Verdict("slow", "answers_slowly")


def test_who_does_not_take_the_request_does_not_answer(monkeypatch):
    monkeypatch.setattr(self_look, "GIVEN_UP_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert self_look.look(listener)["site"] == Verdict("down", "no_answer")


def test_a_socket_of_all_addresses_is_asked_by_this_machines_own():
    with socket.create_server(("0.0.0.0", 0)) as listener, self_look._connected(listener) as connected:
        assert connected.getpeername() == ("127.0.0.1", listener.getsockname()[1])


def test_a_socket_of_the_file_system_is_asked_there(tmp_path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "web.sock"))
        listener.listen()
        with self_look._connected(listener) as connected:
            assert connected.getpeername() == str(tmp_path / "web.sock")


@pytest.mark.django_db(transaction=True)
def test_one_process_looks_and_tells(site):
    site.statuses["/api/v1/me"] = 500

    looked = [self_look.look_if_due(site.socket) for _ in range(3)]

    assert looked == [True, False, False]
    found = {row.part: (row.answered, row.answered_cause) for row in ServicePart.objects.all()}
    assert found == {"site": ("works", ""), "api": ("down", "errors")}


def test_a_database_that_is_away_stops_no_web_process(site, monkeypatch):
    def away() -> bool:
        raise OperationalError("gone")

    monkeypatch.setattr(answering, "take_turn", away)
    monkeypatch.setattr(self_look.connection, "close", lambda: None)

    assert not self_look.look_if_due(site.socket)


@pytest.mark.django_db(transaction=True)
def test_a_real_web_process_looks_at_itself_soon_after_its_start(database_env, tmp_path):
    with running_web(database_env, tmp_path):
        wait_for(lambda: ServicePart.objects.exclude(answered="").count() == 2, 60, "the web process has looked")

    assert set(ServicePart.objects.values_list("part", "answered_cause")) <= {("site", ""), ("api", ""), *SLOWLY}
