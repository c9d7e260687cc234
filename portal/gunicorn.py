"""gunicorn's settings: `gunicorn --config python:portal.gunicorn`, for the image, and for the demo with a few differences in its command.

Where it listens and with how many processes is left to gunicorn's own variables: PORT (all addresses, that port; unset:
127.0.0.1:8000) and WEB_CONCURRENCY (unset: 1). GUNICORN_CMD_ARGS and the command line overrule this file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from portal import page_times
from portal.env import env_int
from portal.logs import log_level, logging_settings
from reports.api.v1 import waiting

wsgi_app = "portal.wsgi:application"
worker_class = "gthread"
threads = 4
# What leaks, leaks slowly; and not all processes start anew at the same moment.
max_requests = 2000
max_requests_jitter = 200
# After SIGTERM, requests in flight have this long. Give the process more before it is killed: compose.yaml says 30 s.
graceful_timeout = 25
# A proxy may send a request on a connection just as it is closed here, and get no answer: so the proxy has to be the one that closes
# first. 75 s is longer than the usual minute of load balancers.
keepalive = 75 if env_int("TRUSTED_PROXY_HOPS", 0, low=0, high=10) else 2
# Who is to be believed about HTTPS is said once, by TRUSTED_PROXY_HOPS; gunicorn itself believes nobody.
forwarded_allow_ips = ""
# Each process touches a file to show that it lives; on a disk that could block it.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # nosec B108 # gunicorn makes names there that nobody can guess
# That socket is for commands to the running server, and nobody here needs it.
control_socket_disable = True
# No access log of its own: paths hold tokens. portal/middleware.py writes a line for each request.
accesslog = None
loglevel = log_level().lower()
logconfig_dict = logging_settings()


def on_starting(server: Any) -> None:
    """What its processes count of pages lies beside each other, and any of them tells the sum. A server that takes over has its own."""
    server.pages = page_times.make_folder(worker_tmp_dir)


def on_exit(server: Any) -> None:
    page_times.remove_folder(server.pages)


def pre_fork(server: Any, worker: Any) -> None:
    worker.pages_number = page_times.free_number(living.pages_number for living in server.WORKERS.values())


def post_fork(server: Any, worker: Any) -> None:
    page_times.count_as(worker.pages_number)


def post_worker_init(worker: Any) -> None:
    """Of each process: how many of its threads may wait for news of jobs, and that they end when it is told to; and who looks at it."""
    # Django has to be set up for it, which it is by now.
    import portal.self_look as self_look

    waiting.ROOM.most = worker.cfg.threads // 2
    waiting.ROOM.is_ending = lambda: not worker.alive
    self_look.begin(worker.sockets[0].sock)
