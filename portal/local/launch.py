"""`make demo`: starts the pretend world and the product's own processes, shows the first reports, serves until it is stopped.

The product has no branch for this: its processes get an environment (portal/local/demo.py) in which only addresses and keys differ.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from django.core.exceptions import ImproperlyConfigured

from portal.database import databases
from portal.env import env_bool
from portal.local import demo, state_dir
from portal.local.processes import Processes, ProcessFailed, listen
from portal.local.visitor import opener
from tenants import roles

READY_SECONDS = 60.0
ANSWER_SECONDS = 1.0  # what is asked before it serves keeps the caller waiting, and so the one who presses Ctrl-C
UNSIGNED_REFUSED = 403  # how S3 answers a request without a signature, and so a sign that it answers
STOPPED_EARLY = 130  # what shells say of a program that Ctrl-C ended


class Stopped(Exception):
    """Somebody pressed Ctrl-C or asked the launcher to end."""


class Signals:
    """Notes that the end was asked for. Waits look at it, so that nothing is cut off half-way."""

    def __init__(self) -> None:
        self._asked = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._asked = True

    def check(self) -> None:
        if self._asked:
            raise Stopped


class Launcher:
    def __init__(self, signals: Signals) -> None:
        self.began = time.time()
        self._ignore_the_shell()
        self._web_listener, self.address = self._listen("the portal", demo.WEB_PORT)
        self._aws_listener, self.aws = self._listen("the pretend AWS", demo.AWS_PORT)
        self._mailbox_listener, self.mailbox = self._listen("the mailbox's page", demo.MAILBOX_PORT)
        self._mail_listener, mail = self._listen("the mail server", demo.MAIL_PORT)
        email_url = demo.email_url(mail)
        environment = demo.environment(os.environ, self.address, self.aws, email_url)
        demo.write_shell_file(self.address, self.aws, email_url)
        self.processes = Processes(environment, state_dir() / "log", signals.check)

    def start(self) -> None:
        """Each step as soon as what it needs is there: the portal and the worker start while the platform file is applied."""
        databases(roles.OWNER)
        self._say("PostgreSQL answers")
        self._say("making its tables, which takes a moment the first time")
        self._serve_aws()
        self._serve_mailbox()
        migrate = self.processes.begin("migrate", *_manage("migrate", "--no-input"))
        self.processes.finish(migrate)
        self._say("tables are up to date")
        self.processes.serve("worker", *_manage("worker"))
        self._serve_web()
        self._wait_for(self.aws, UNSIGNED_REFUSED)
        self._say(f"pretend AWS answers at {self.aws}")
        apply = self.processes.begin("apply", *_manage("apply", str(demo.PLATFORM_FILE)), extra=demo.secrets())
        self.processes.finish(apply)
        self._say(f"{demo.PLATFORM_FILE.name} is applied: {' and '.join(demo.TENANTS.values())}")
        lifecycle = self.processes.begin("lifecycle", *_manage("lifecycle", "--apply"))
        self._wait_for(f"{self.address}/readyz")
        self.processes.finish(lifecycle)
        self._say(f"portal and worker are ready at {self.address}")

    def show_first_reports(self) -> None:
        reports = self.processes.begin("reports", *_manage("demo_reports", f"--began={self.began}"), show=True)
        self.processes.finish(reports)
        print(f"\n  {self.address}\n  {self.mailbox}  is the mailbox of everybody whom reports are mailed to\n")
        print(f"  Sign in with the password {demo.PASSWORD} as")
        for email, who in demo.SIGN_INS.items():
            print(f"    {email:24} {who}")
        for tenant, key in demo.API_KEYS.items():
            print(f"  API key of {demo.TENANTS[tenant]}: {key}")
        print(f"  Commands beside it:  . {demo.shell_file()}  and then  .venv/bin/python manage.py doctor\n", flush=True)

    def show_first_mails(self) -> None:
        mails = self.processes.begin("mails", *_manage("demo_mails", f"--began={self.began}"), show=True)
        self.processes.finish(mails)

    def serve(self) -> None:
        print(f"Serving until Ctrl-C. Logs are in {state_dir() / 'log'}.", flush=True)
        while True:
            self.processes.pause()

    def _serve_aws(self) -> None:
        listener = self._aws_listener
        options = {"fd": listener.fileno(), "state": state_dir() / "aws", "bucket": demo.BUCKET, "job-seconds": demo.JOB_SECONDS}
        options |= {"events": "eventbridge", "event-delay": demo.EVENT_DELAY}
        flags = (f"--{name}={value}" for name, value in options.items())
        self.processes.serve("aws", "-m", "portal.local.aws", *flags, listeners=[listener])

    def _serve_mailbox(self) -> None:
        listeners = [self._mailbox_listener, self._mail_listener]
        options = {"state": demo.mail_folder(), "fd": listeners[0].fileno(), "smtp-fd": listeners[1].fileno()}
        flags = (f"--{name}={value}" for name, value in options.items())
        self.processes.serve("mailbox", "-m", "portal.local.mailbox", *flags, listeners=listeners)

    def _serve_web(self) -> None:
        listener = self._web_listener
        options = {"config": "python:portal.gunicorn", "bind": f"fd://{listener.fileno()}", "workers": 1, "graceful-timeout": 1}
        flags = (f"--{name}={value}" for name, value in options.items())
        self.processes.serve("web", "-m", "gunicorn", *flags, listeners=[listener])

    def _wait_for(self, url: str, status: int = 200) -> None:
        give_up = time.monotonic() + READY_SECONDS
        while trouble := _trouble(url, status):
            if time.monotonic() > give_up:
                raise ProcessFailed(f"{url} is not ready after {READY_SECONDS:.0f} s: {trouble}")
            self.processes.pause()

    def _ignore_the_shell(self) -> None:
        """For this process too, which starts PostgreSQL. Names only: values may be passwords."""
        if ignored := demo.not_ours(os.environ):
            self._say(f"not used, because the demo brings its own: {', '.join(ignored)}")
        for name in ignored:
            del os.environ[name]

    def _listen(self, who: str, wanted: int) -> tuple[socket.socket, str]:
        listener = listen(wanted)
        port = listener.getsockname()[1]
        if port != wanted:
            self._say(f"port {wanted} is in use; {who} takes {port}")
        return listener, f"http://127.0.0.1:{port}"

    def _say(self, text: str) -> None:
        print(demo.line(self.began, text), flush=True)


def _manage(command: str, *arguments: str) -> tuple[str, ...]:
    """Without Django's checks, which `make check` runs: a quarter of a second in each of four processes."""
    return ("manage.py", command, *arguments, "--skip-checks")


def _trouble(url: str, status: int) -> str:
    """What keeps it from answering with that status; empty: nothing."""
    try:
        opener().open(url, timeout=ANSWER_SECONDS).close()
    except urllib.error.HTTPError as error:
        with error:
            return "" if error.code == status else f"{error.code} {_detail(error)}"
    except OSError as error:
        return str(error)
    return ""


def _detail(error: urllib.error.HTTPError) -> str:
    text = error.read(2000).decode(errors="replace")
    try:
        return ", ".join(f"{name}: {state}" for name, state in json.loads(text).items())
    except (ValueError, AttributeError):
        return text


@contextmanager
def _only_one() -> Iterator[None]:
    """Two demos would write into one folder of objects."""
    state_dir().mkdir(parents=True, exist_ok=True)
    with open(state_dir() / "demo.lock", "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise ProcessFailed(f"A demo already runs in {state_dir()}, as process {file.read()}. Stop it first.") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def run(once: bool) -> int:
    """The exit code: 0 if the first reports were downloaded, whoever ended the demo after that. With `once` also the first mails'."""
    launcher = Launcher(Signals())
    downloaded = False
    try:
        launcher.start()
        launcher.show_first_reports()
        downloaded = not once
        launcher.show_first_mails()
        downloaded = True
        if not once:
            launcher.serve()
    except Stopped:
        print("\nStopping.", flush=True)
    finally:
        launcher.processes.stop()
    if once and downloaded:
        print("ONCE=1: everything has been stopped. The addresses above work under `make demo`, which serves until Ctrl-C.", flush=True)
    return 0 if downloaded else STOPPED_EARLY


def main() -> int:
    try:
        with _only_one():
            return run(env_bool("ONCE", False))
    except (ProcessFailed, ImproperlyConfigured, OSError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
