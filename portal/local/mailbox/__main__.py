"""`python -m portal.local.mailbox --state .local/mail`: both listeners in one process, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import socket
import threading
from pathlib import Path

from werkzeug.serving import BaseWSGIServer, make_server

from portal.local.mailbox import pages, smtp
from portal.local.mailbox.store import MailStore

HOST = "127.0.0.1"


def main() -> None:
    given = _options()
    # An access log would name mails to whoever reads it.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    store = MailStore(given.state)
    web = make_server(HOST, given.port, pages.application(store), threaded=True, fd=given.fd)
    web.daemon_threads = True  # type: ignore[attr-defined]
    asyncio.run(_serve(web, _listener(given.smtp_port, given.smtp_fd), store))


def _options() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(prog="python -m portal.local.mailbox", description="A mailbox on 127.0.0.1 for every address.")
    arguments.add_argument("--state", type=Path, required=True, help="folder that keeps the mails between runs")
    for name, what in {"": "the page", "smtp-": "the mail server"}.items():
        arguments.add_argument(f"--{name}port", type=int, default=0, help=f"of {what}; 0: any free port (default)")
        arguments.add_argument(f"--{name}fd", type=int, help=f"of {what}: an inherited socket that listens already, instead of a port")
    return arguments.parse_args()


def _listener(port: int, fd: int | None) -> socket.socket:
    return socket.socket(fileno=fd) if fd is not None else socket.create_server((HOST, port))


async def _serve(web: BaseWSGIServer, listener: socket.socket, store: MailStore) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    mail = await smtp.listen(listener, store)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    print(f"mailbox ready at http://{HOST}:{web.port}, takes mail at {HOST}:{listener.getsockname()[1]}", flush=True)
    await stopped.wait()
    mail.close()


if __name__ == "__main__":
    main()
