from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import tomllib

import psutil
import pytest

from portal.local import demo
from portal.local.first_reports import FirstReportFailed, compared, rows_of
from portal.local.processes import Processes, ProcessFailed, listen
from portal.local.visitor import forms_of

STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.fork()
print(os.getpid(), flush=True)
time.sleep(60)
"""


def nothing():
    pass


def wait_until(processes, met):
    give_up = time.monotonic() + 20
    while not met() and time.monotonic() < give_up:
        processes.pause()


@pytest.fixture
def processes(tmp_path):
    made = Processes(os.environ, tmp_path / "log", nothing)
    yield made
    made.stop()


def test_a_developers_own_aws_settings_and_proxy_stay_out():
    given = {
        "AWS_PROFILE": "work",
        "AWS_SESSION_TOKEN": "t",
        "AWS_ENDPOINT_URL": "http://elsewhere",
        "NO_PROXY": "corp.example",
        "HOME": "/h",
    }

    made = demo.environment(given, "http://127.0.0.1:8000", "http://127.0.0.1:4566")

    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"} & set(made)
    assert made["NO_PROXY"] == made["no_proxy"] == "corp.example,127.0.0.1,localhost"
    assert made["AWS_ENDPOINT_URL_QUICKSIGHT"] == made["AWS_ENDPOINT_URL_S3"] == made["S3_PUBLIC_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert made["HOME"] == "/h"


def test_a_shell_beside_the_demo_gets_its_settings_from_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTAL_STATE_DIR", str(tmp_path / "a state"))
    (tmp_path / "a state").mkdir()

    settings = ("http://127.0.0.1:8000", "http://127.0.0.1:4566", demo.email_url("http://127.0.0.1:1025"))
    demo.write_shell_file(*settings)
    read = subprocess.run(["sh", "-c", f". '{demo.shell_file()}'; env"], capture_output=True, text=True, check=True).stdout

    assert dict(line.split("=", 1) for line in read.splitlines()).items() >= demo.own_settings(*settings).items()


def test_settings_and_databases_of_the_surrounding_shell_stay_out():
    """With these the demo would fill somebody's database; LOG_LEVEL and the folder are for whoever runs it."""
    others = [
        *("DATABASE_URL", "DATABASE_WORKER_URL", "DATABASE_OWNER_URL", "PGHOSTADDR", "PGSERVICE", "SECRET_KEY", "SECRET_KEY_FALLBACKS"),
        *("PORTAL_BASE_URL", "PORTAL_BROKER", "PORTAL_ALERT_WEBHOOK", "PORTAL_MISSPELT", "CACHE_URL", "EMAIL_URL", "ALLOWED_HOSTS"),
        *("TRUSTED_PROXY_HOPS", "DEBUG", "S3_PUBLIC_ENDPOINT_URL", "METRICS_TOKEN", "DJANGO_SETTINGS_MODULE", "GUNICORN_CMD_ARGS"),
    ]
    given = dict.fromkeys([*others, "PORTAL_STATE_DIR", "LOG_LEVEL", "PATH"], "theirs")

    made = demo.environment(given, "http://127.0.0.1:8000", "http://127.0.0.1:4566")

    assert demo.not_ours(given) == sorted(others)
    assert {name for name, value in made.items() if value == "theirs"} == {"LOG_LEVEL", "PATH"}


def test_mails_of_the_demo_go_to_its_own_server_whatever_the_shell_says():
    given = {"EMAIL_URL": "smtp://mail.corp.example"}

    made = demo.environment(given, "http://127.0.0.1:8000", "http://127.0.0.1:4566", demo.email_url("http://127.0.0.1:1025"))

    assert made["EMAIL_URL"] == "smtp://127.0.0.1:1025?from=reports%40anycompany.example"


def test_each_tenant_has_a_report_each_minute_for_all_its_rows_and_for_a_part_of_them():
    file = tomllib.loads(demo.PLATFORM_FILE.read_text())
    each_minute = [schedule for tenant in file["tenant"] for schedule in tenant["schedule"] if schedule["slug"] == demo.EACH_MINUTE]

    assert [schedule["cron"] for schedule in each_minute] == ["* * * * *"] * 2
    assert {slug: sorted(audiences.values()) for slug, audiences in demo.recipients().items()} == {
        "acme": ["", "North desk"],
        "globex": ["", "Night desk"],
    }


def test_every_sign_in_and_key_of_the_platform_file_is_known_to_the_launcher():
    file = tomllib.loads(demo.PLATFORM_FILE.read_text())
    members = [member["email"] for tenant in file["tenant"] for member in tenant["member"]]
    secrets = {key["secret_env"] for tenant in file["tenant"] for key in tenant["api_key"]} | {file["staff"][0]["password_env"]}

    assert {*members, *(staff["email"] for staff in file["staff"])} == set(demo.SIGN_INS)
    assert {tenant["slug"]: tenant["name"] for tenant in file["tenant"]} == demo.TENANTS
    assert secrets == set(demo.secrets())


def test_a_port_in_use_is_left_alone():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]

        with listen(taken) as instead:
            port = instead.getsockname()[1]

    with listen(taken) as wanted:
        assert port != taken
        assert wanted.getsockname()[1] == taken


def test_a_process_serves_the_port_that_was_kept_for_it(processes):
    """Nobody can take it between the choice and the start."""
    script = "import socket, sys; socket.socket(fileno=int(sys.argv[1])).accept()[0].send(b'here')"
    with listen(0) as listener, socket.create_connection(listener.getsockname()) as caller:
        processes.serve("server", "-c", script, str(listener.fileno()), listeners=[listener])

        assert caller.recv(4) == b"here"


def test_a_process_that_ends_unasked_is_told_with_the_end_of_its_log(processes, tmp_path):
    processes.serve("web", "-c", "import sys; print('cannot bind'); sys.exit(3)")

    with pytest.raises(ProcessFailed) as failed:
        wait_until(processes, lambda: False)

    assert str(failed.value) == f"web ended with 3. The end of {tmp_path / 'log' / 'web.log'}:\n  | cannot bind"


def test_a_command_that_fails_is_told_with_the_end_of_its_log(processes):
    command = processes.begin("apply", "-c", "raise SystemExit('report[0].slug: missing')")

    with pytest.raises(ProcessFailed, match=r"apply ended with 1(.|\n)*report\[0\]\.slug: missing"):
        processes.finish(command)


def test_what_ignores_the_end_is_killed_with_all_it_started(tmp_path):
    processes = Processes(os.environ, tmp_path, nothing)
    processes.serve("stubborn", "-c", STUBBORN)
    log = tmp_path / "stubborn.log"
    wait_until(processes, lambda: len(log.read_text().split()) == 2)
    started = [psutil.Process(int(pid)) for pid in log.read_text().split()]

    processes.stop()

    assert len(started) == 2
    assert [process for process in started if process.is_running() and process.status() != psutil.STATUS_ZOMBIE] == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")
def test_children_of_a_killed_launcher_end(tmp_path):
    script = (
        "import os, pathlib, signal, sys, time\n"
        "from portal.local.processes import Processes\n"
        # As a shell starts what runs in its background.
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "made = Processes(os.environ, pathlib.Path(sys.argv[1]), lambda: None)\n"
        "made.serve('child', '-c', 'import os, time; print(os.getpid(), flush=True); time.sleep(60)')\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    launcher = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE)
    launcher.stdout.readline()
    log, give_up = tmp_path / "child.log", time.monotonic() + 20
    while not (text := log.read_text()).endswith("\n") and time.monotonic() < give_up:
        time.sleep(0.02)
    child = psutil.Process(int(text))

    launcher.send_signal(signal.SIGKILL)
    launcher.communicate()

    psutil.wait_procs([child], timeout=20)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_forms_of_a_page_are_those_that_change_something():
    page = """<form method="get"><input type="hidden" name="q" value="1"></form>
      <form method="post"><input type="hidden" name="file" value="a&amp;b"><input type="text" name="other"></form>
      <form method="POST"><input type="hidden" name="file" value="c"></form>"""

    assert forms_of(page) == [{"file": "a&b"}, {"file": "c"}]


def test_rows_are_those_of_the_table_without_its_heading(tmp_path):
    table = tmp_path / "calls.csv"
    table.write_text('Call,Agent\r\n1,"Weber, Ines"\r\n2,Liam\r\n', encoding="utf-8")

    assert rows_of([tmp_path / "calls.pdf", table]) == {("1", "Weber, Ines"), ("2", "Liam")}


def test_a_shared_row_fails_the_demo():
    with pytest.raises(FirstReportFailed, match="Acme and Globex share 1 rows"):
        compared({"Acme": {("1",), ("2",)}, "Globex": {("2",)}})


def test_no_rows_fail_the_demo():
    with pytest.raises(FirstReportFailed, match="The report of Globex shows no rows"):
        compared({"Acme": {("1",)}, "Globex": set()})


def test_rows_that_reach_nobody_fail_the_demo():
    with pytest.raises(FirstReportFailed, match="some rows reach nobody"):
        compared({"Acme": {("AC-00001",)}, "Globex": {("GL-00001",)}})
