"""The demo as people meet it: in a folder with a space, its usual port taken, stopped by Ctrl-C or by kill -9, and started again."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import openpyxl
import psutil
import pypdf
import pytest

from portal.local import ROOT, demo
from portal.local.first_reports import rows_of
from portal.local.postgres_files import Account, Files
from portal.local.visitor import download

# What a shell may hold for another purpose: followed, each of these would stop the demo, or lead it astray.
OF_THE_SHELL = {
    "AWS_PROFILE": "of-the-developer",
    "DATABASE_URL": "postgresql://portal_web:secret@127.0.0.1:1/dead",
    "PGHOSTADDR": "192.0.2.1",
    "PORTAL_MISSPELT": "1",
    "SECRET_KEY": "short",
    "TRUSTED_PROXY_HOPS": "many",
}
READY, SERVING = "portal and worker are ready", "Serving until"


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """What one run leaves there, the next one finds."""
    folder = tmp_path_factory.mktemp("demo") / "a state"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PORTAL_STATE_DIR", str(folder))
        yield folder
        # Root's PostgreSQL lies elsewhere when its user cannot reach the folder.
        shutil.rmtree(Files("dev", Account.current()).home.parent, ignore_errors=True)


def launch(state, **extra):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_") and name not in demo.not_ours(os.environ)}
    environment = kept | {"PORTAL_STATE_DIR": str(state)} | OF_THE_SHELL | extra
    command = [sys.executable, "-m", "portal.local.launch"]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def printed_until(process, words):
    """Everything up to the line with these words; or all there is, if it ended before."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            break
    return "".join(lines)


@contextmanager
def running(state, words):
    process = launch(state)
    try:
        output = printed_until(process, words)
        assert words in output, output
        yield process, output
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def left_of(state):
    """Command lines of the processes that were started for this folder, PostgreSQL's included."""
    marks = {f"PORTAL_STATE_DIR={state}", str(Files("dev", Account.current()).data)}
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            known = {f"PORTAL_STATE_DIR={process.environ().get('PORTAL_STATE_DIR')}", *process.cmdline()}
            if marks & known and process.status() != psutil.STATUS_ZOMBIE and process.pid != os.getpid():
                found.append(process.cmdline())
    return found


def links_in(output):
    return re.findall(r"http://\S+/d/\S+", output)


@pytest.fixture(scope="module")
def first_run(state):
    """With ONCE=1, while somebody else listens on the usual port."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # If it cannot be had, somebody else listens there already.
        with suppress(OSError):
            other.bind(("127.0.0.1", demo.WEB_PORT))
            other.listen()
        process = launch(state, ONCE="1")
        output = process.communicate(timeout=240)[0]
    return process.returncode, output


def test_once_ends_well_when_every_first_report_came_through_its_link(first_run, state):
    code, output = first_run

    assert code == 0, output
    assert f"port {demo.WEB_PORT} is in use; the portal takes" in output
    assert "none in common, together the whole data set" in output
    assert output.splitlines()[-1].startswith("ONCE=1: everything has been stopped.")
    for tenant in demo.TENANTS:
        table, document, workbook = files = sorted(path for path in (state / "demo" / tenant).iterdir() if path.is_file())
        assert [path.suffix for path in files] == [".csv", ".pdf", ".xlsx"]
        assert len(rows_of([table])) >= 300
        assert len(pypdf.PdfReader(document).pages) > 1
        assert openpyxl.load_workbook(workbook).active.max_row > 300
    assert left_of(state) == []


def test_once_waits_for_a_mail_to_everybody_and_downloads_what_its_link_gives(first_run, state):
    code, output = first_run

    assert code == 0, output
    for tenant, recipients in demo.recipients().items():
        rows = {audience: rows_of(list((state / "demo" / tenant / "mail" / address).iterdir())) for address, audience in recipients.items()}
        all_rows = rows.pop("")
        assert rows
        assert all(some and some < all_rows for some in rows.values())
    assert output.count("a mail came to") == 4


def test_settings_of_the_shell_are_named_and_not_used(first_run):
    code, output = first_run

    assert f"not used, because the demo brings its own: {', '.join(sorted(OF_THE_SHELL))}\n" in output
    assert OF_THE_SHELL["DATABASE_URL"] not in output
    assert code == 0


def test_a_second_run_serves_the_old_links_alone_until_ctrl_c(first_run, state, tmp_path):
    old_link = urlsplit(links_in(first_run[1])[0])
    with running(state, SERVING) as (process, output):
        address = urlsplit(links_in(output)[0]).netloc

        files = download(old_link._replace(netloc=address).geturl(), tmp_path)
        rival = launch(state)
        refusal = rival.communicate(timeout=60)[0]
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)

    assert len(files) == 3
    assert rival.returncode == 1
    assert f"A demo already runs in {state}, as process {process.pid}" in refusal
    assert process.returncode == 0
    assert left_of(state) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")
def test_a_killed_launcher_leaves_nothing_behind(first_run, state):
    with running(state, READY) as (process, _):
        process.kill()

    give_up = time.monotonic() + 30
    while left_of(state) and time.monotonic() < give_up:
        time.sleep(0.1)
    assert left_of(state) == []
