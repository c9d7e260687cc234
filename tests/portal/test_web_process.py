"""The web process as it runs in production: static files, its log, whom it believes, and how it stops."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from portal import gunicorn
from tenants import roles
from tests.factories import make_api_key, make_job
from tests.portal.web_process import running_web
from tests.pretend_aws import ROOT
from tests.reports.engine.worker import wait_for

pytestmark = pytest.mark.django_db(transaction=True)
IN_THE_IMAGE = ("manage.py", "portal", "reports", "tenants", "templates")
WAITING = "select count(*) from pg_locks where relation = 'tenants_apikeyindex'::regclass and not granted"


@pytest.fixture(scope="module")
def installed(tmp_path_factory, database_name) -> Path:
    """The product as the image holds it, static files collected."""
    folder = tmp_path_factory.mktemp("image")
    for name in IN_THE_IMAGE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder)
    build = {"DATABASE_URL": "postgresql://a@b.invalid/c", "DATABASE_WORKER_URL": "postgresql://a@b.invalid/c", "SECRET_KEY": "k" * 32}
    subprocess.run([sys.executable, "manage.py", "collectstatic", "--no-input"], cwd=folder, env=build, check=True, capture_output=True)
    return folder


def test_collected_files_are_compressed_and_kept_for_ever_by_their_hash(installed, database_env, tmp_path):
    with running_web(database_env, tmp_path, root=installed) as web:
        _status, _headers, page = web.get("/accounts/login/")
        address = re.search(r"/static/portal/portal\.[0-9a-f]{12}\.css", page.decode()).group()
        status, headers, body = web.get(address, accept_encoding="gzip")
        _status, plain_headers, plain = web.get("/static/portal/portal.css")

    assert status == 200
    assert headers["Content-Encoding"] == "gzip"
    assert headers["Cache-Control"] == "max-age=315360000, public, immutable"
    assert "portal/portal.css" not in page.decode()
    assert gzip.decompress(body).startswith(plain[:40])
    assert plain_headers["Cache-Control"] == "max-age=60, public"


def test_a_checkout_serves_its_files_without_collecting_them(database_env, tmp_path, installed):
    shutil.copytree(installed, tmp_path / "checkout", ignore=shutil.ignore_patterns("staticfiles"))

    with running_web(database_env, tmp_path, root=tmp_path / "checkout") as web:
        _status, _headers, page = web.get("/accounts/login/")
        status, headers, _body = web.get("/static/portal/portal.css")

    assert '"/static/portal/portal.css"' in page.decode()
    assert (status, headers["Cache-Control"]) == (200, "max-age=60, public")


def test_each_line_it_writes_is_json_and_none_holds_a_token(database_env, tmp_path):
    token = "pQ7-x_9Zt4mB2vK8wR1nY6cL3sD5fG0hJ_aE-uTiOoX"

    with running_web(database_env, tmp_path) as web:
        web.get(f"/d/ABCD2345/{token}?x={token}")
        _status, headers, _body = web.get("/nowhere")

    lines = web.lines()
    assert {"gunicorn.error", "portal.middleware"} == {line["logger"] for line in lines}
    assert all(line["time"] and line["level"] for line in lines)
    assert [line["message"] for line in lines if line.get("request_id") == headers["X-Request-Id"]] == ["GET /nowhere 404"]
    assert token not in web.written.read_text()


def test_nobody_is_believed_about_https_who_is_not_a_trusted_proxy(database_env, tmp_path):
    contradiction = {"X_Forwarded_Proto": "https", "X_Forwarded_Ssl": "off"}

    with running_web(database_env, tmp_path) as web:
        status, headers, _body = web.get("/accounts/login/", **contradiction)

    assert status == 200
    assert "Strict-Transport-Security" not in headers


def test_a_stop_answers_every_request_that_was_taken(acme, database_env, login, tmp_path):
    """More requests than threads; all wait for a lock when the stop comes, and none is dropped."""
    _key, secret = make_api_key(tenant=acme)
    owner, watcher = login(roles.OWNER), login(roles.WORKER)
    requests = 3 * gunicorn.threads

    with running_web(database_env, tmp_path) as web, ThreadPoolExecutor(requests) as people:
        web.get("/healthz")
        with owner.transaction():
            owner.execute("lock table tenants_apikeyindex in access exclusive mode")
            answers = [people.submit(web.get, "/qs-anonymous-snapshot/describe_job/a/b", x_api_key=secret) for _ in range(requests)]
            wait_for(lambda: watcher.execute(WAITING).fetchone()[0] == gunicorn.threads, 20, "all threads work")
            wait_for(lambda: web.connections() == requests, 20, "all requests are taken")
            web.process.terminate()
            wait_for(lambda: "Handling signal: term" in web.written.read_text(), 10, "it heard")
        statuses = [answer.result()[0] for answer in answers]
        web.process.wait(timeout=20)

    assert statuses == [404] * requests
    assert web.process.returncode == 0
    with pytest.raises(ConnectionRefusedError):
        web.get("/healthz")


def test_a_stop_answers_who_waits_for_news_of_a_job_as_it_is_then(acme, database_env, tmp_path):
    """One waits, and gets its answer long before its time is over: else the process would be killed around it."""
    _key, secret = make_api_key(tenant=acme)
    job = make_job(tenant=acme)

    with running_web(database_env, tmp_path) as web, ThreadPoolExecutor(1) as people:
        web.get("/healthz")
        answer = people.submit(web.get, f"/api/v1/jobs/{job.pk}/?wait=30", authorization=f"Bearer {secret}")
        wait_for(lambda: web.connections() == 1, 20, "it is taken")
        web.process.terminate()
        status, _headers, body = answer.result(timeout=12)
        web.process.wait(timeout=20)

    assert (status, json.loads(body)["status"]) == (200, "queued")
    assert web.process.returncode == 0
