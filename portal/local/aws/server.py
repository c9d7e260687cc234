"""Puts the parts together and serves them on 127.0.0.1."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable, Iterable
from types import FrameType
from urllib.parse import quote

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from portal.local.aws import event_setup
from portal.local.aws.catalogue import sample_account
from portal.local.aws.clock import Clock
from portal.local.aws.control import PREFIX, Control
from portal.local.aws.credentials import KnownKeys
from portal.local.aws.delivery import OWN_BUCKET, Delivery
from portal.local.aws.faults import Faults
from portal.local.aws.gate import Environ, QuickSight, StartResponse
from portal.local.aws.guard import Guard
from portal.local.aws.jobs import Jobs
from portal.local.aws.journal import Journal
from portal.local.aws.object_events import ObjectEvents
from portal.local.aws.options import Options
from portal.local.aws.outbox import Outbox
from portal.local.aws.permissions import Permissions
from portal.local.aws.services import Services
from portal.local.aws.ses import Ses
from portal.local.aws.signatures import presigned_url
from portal.local.aws.store import ObjectStore
from portal.local.aws.throttle import Throttle
from portal.local.aws.uploads import Uploads
from portal.local.aws.world import World

HOST = "127.0.0.1"
DIRECT_URL_SECONDS = 300  # how long the URL of a job without a destination works
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class _Handler(MotoRequestHandler):
    # Without this every small answer waits 40 ms for the client's delayed acknowledgement.
    disable_nagle_algorithm = True


def run(options: Options) -> None:
    # An access log would hold presigned URLs, which are secrets while they work.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server(HOST, options.port, _starting, threaded=True, request_handler=_Handler, fd=options.fd)
    server.daemon_threads = True  # type: ignore[attr-defined]
    address = f"http://{HOST}:{server.port}"
    store = _filled_store(options)
    event_setup.set_up(options)
    world = _world(options, store, address)
    server.app = _application(options, world, store)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    print(f"pretend AWS ready at {address}", flush=True)
    try:
        server.serve_forever()
    finally:
        world.delivery.stop()
        server.server_close()


def _filled_store(options: Options) -> ObjectStore:
    store = ObjectStore(options.state, options.account)
    store.load()
    for bucket in (OWN_BUCKET, *options.buckets):
        store.create_bucket(bucket, options.region)
    return store


def _world(options: Options, store: ObjectStore, address: str) -> World:
    clock, journal, catalogue = Clock(), Journal(options.state), sample_account()
    jobs = Jobs(journal, clock, options.switches)
    events = ObjectEvents(options.account, options.switches, jobs)
    delivery = Delivery(jobs, catalogue, options.switches, store, _signer(options, address), events)
    for job in journal.load():
        jobs.restore(job)
        if job.drawn_at is None:
            delivery.submit(job)
    return World(options.account, options.switches, catalogue, jobs, delivery, Faults(), Throttle(), clock, Outbox(), events)


def _application(options: Options, world: World, store: ObjectStore) -> Application:
    keys = KnownKeys(options.access_key, options.secret_key, world.clock)
    permissions = Permissions(world.account, world.switches, store.has_object)
    others = Services(store, world.jobs)
    own: dict[str, Application] = {"quicksight": QuickSight(world), "ses": Ses(world), "s3": Uploads(world.faults, others)}
    guarded = Guard(own, others, keys=keys, permissions=permissions, switches=world.switches, clock=world.clock)
    return _with_control(Control(world, store, lambda: event_setup.set_up(options)), guarded)


def _with_control(control: Control, guarded: Guard) -> Application:
    def choose(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return (control if environ["PATH_INFO"].startswith(PREFIX) else guarded)(environ, start_response)

    return choose


def _signer(options: Options, address: str) -> Callable[[str, str], str]:
    def sign(bucket: str, key: str) -> str:
        url = f"{address}/{bucket}/{quote(key)}"
        return presigned_url(url, options.access_key, options.secret_key, options.region, DIRECT_URL_SECONDS)

    return sign


def _starting(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("503 Service Unavailable", [("Content-Length", "0")])
    return []


def _stop(number: int, frame: FrameType | None) -> None:
    sys.exit(0)
