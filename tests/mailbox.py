"""The demo's mailbox as its own process, and what a test puts into it."""

from __future__ import annotations

import email.policy
import re
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urljoin

import requests

from portal.local import ROOT

LINK = "http://127.0.0.1:8000/d/k3/token-of-the-link"


class Mailbox:
    def __init__(self, web: str, smtp_port: int) -> None:
        self.web, self.smtp_port = web, smtp_port

    def take(self, message: EmailMessage | bytes, to: str = "kim@acme.example", sender: str = "reports@anycompany.example") -> None:
        raw = message if isinstance(message, bytes) else message.as_bytes(policy=email.policy.SMTP)
        with smtplib.SMTP("127.0.0.1", self.smtp_port) as client:
            client.sendmail(sender, [to], raw)

    def page(self, path: str = "/") -> str:
        answer = requests.get(urljoin(self.web, path), timeout=10)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.text

    def get(self, path: str, **headers: str) -> requests.Response:
        return requests.get(urljoin(self.web, path), headers=headers, timeout=10)

    def newest(self) -> str:
        return re.findall(r'href="(/mail/[^"]+)"', self.page())[0]


@contextmanager
def running(state: Path) -> Iterator[Mailbox]:
    command = [sys.executable, "-m", "portal.local.mailbox", f"--state={state}"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        web, port = re.search(r"at (http://\S+), takes mail at 127\.0\.0\.1:(\d+)", process.stdout.readline()).groups()
        yield Mailbox(web, int(port))
    finally:
        process.terminate()
        process.communicate(timeout=10)
        assert process.returncode == 0


def letter(*, subject="Your report", text=f"Here it is: {LINK}.\n", html=f'<p><a href="{LINK}">Open</a></p>', **headers) -> EmailMessage:
    message = EmailMessage()
    headers = {"From": "Acme Hotels <reports@anycompany.example>", "To": "kim@acme.example", "Subject": subject} | headers
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message
