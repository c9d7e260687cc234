"""The front of QuickSight: budget, faults, then the operation; every answer JSON with one request id."""

from __future__ import annotations

import json
import socket
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import BackendRequest
from werkzeug.wrappers import Response

from portal.local.aws.errors import Refusal
from portal.local.aws.faults import Fault
from portal.local.aws.permissions import is_denied
from portal.local.aws.quicksight import SnapshotResponse
from portal.local.aws.world import World

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
START = "StartDashboardSnapshotJob"
SNAPSHOTS = (START, "DescribeDashboardSnapshotJob", "DescribeDashboardSnapshotJobResult")
# IAM's action where it is not the operation's name (service authorization reference).
ACTIONS = {"DescribeDashboardDefinition": "DescribeDashboard"}


class QuickSight:
    """The WSGI application for requests signed for `quicksight`."""

    def __init__(self, world: World) -> None:
        self.world = world

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        request_id = str(uuid.uuid4())
        response = SnapshotResponse(self.world)
        request = BackendRequest(environ)
        response.setup_class(request, use_raw_body=True)
        operation = response._get_action_from_method_and_request_uri(request) or ""
        if operation and not _has_its_segments(environ["RAW_URI"], operation):
            operation = ""
        if self._fault("drop", operation, response):
            return hang_up(environ)
        # Taken when the call arrives: one that hangs would else wake up later and take what was meant for another.
        hang, lost = (self._fault(kind, operation, response) for kind in ("hang", "accept_then_drop"))
        on_its_way = self.world.switches.answer_seconds / 2
        time.sleep(on_its_way)
        try:
            status, members = self._answer(response, operation)
            headers = {}
        except Refusal as refusal:
            status, members = refusal.status, refusal.members()
            headers = {"x-amzn-ErrorType": refusal.code}
        if hang:
            time.sleep(hang.seconds)
        time.sleep(on_its_way)
        if lost:
            return hang_up(environ)
        body = json.dumps(members | {"RequestId": request_id})
        answer = Response(body, status, headers | {"x-amzn-RequestId": request_id}, content_type="application/json")
        return answer(environ, start_response)

    def _answer(self, response: SnapshotResponse, operation: str) -> tuple[int, dict[str, Any]]:
        world = self.world
        if not operation:
            raise Refusal("UnknownOperationException", "There is no operation with this path and method.")
        if world.faults.outage_status:
            code = "InternalFailureException" if world.faults.outage_status == 500 else "ServiceUnavailable"
            raise Refusal(code, "The service is not available.", world.faults.outage_status)
        if not world.throttle.admit(world.switches.requests_per_second):
            raise Refusal("ThrottlingException", "Rate exceeded")
        world.jobs.count(operation, response.uri_match.get("SnapshotJobId", ""))
        if fault := self._fault("error", operation, response):
            raise Refusal(fault.code, "This error was asked for.", fault.status)
        self._check_account(operation, response.uri_match.get("AwsAccountId"))
        try:
            status, _, body = response.call_action()
        except NotImplementedError as error:
            raise Refusal("UnknownOperationException", f"{operation} is not offered here.") from error
        status = world.switches.started_status if operation == START else int(status)
        return status, json.loads(body or "{}")

    def _check_account(self, operation: str, account: str | None) -> None:
        switches, action = self.world.switches, f"quicksight:{ACTIONS.get(operation, operation)}"
        if account != self.world.account:
            raise Refusal(switches.foreign_account_code, "The caller may not use this account.")
        if is_denied(action, switches.denied):
            raise Refusal("AccessDeniedException", f"The caller is not authorized to perform: {action}")
        if operation in SNAPSHOTS and switches.edition == "STANDARD":
            raise Refusal("UnsupportedUserEditionException", "This account's edition has no snapshot jobs.")
        if operation == START and not switches.capacity_pricing:
            raise Refusal("UnsupportedPricingPlanException", "This account's pricing plan has no reports for anonymous users.")

    def _fault(self, kind: str, operation: str, response: SnapshotResponse) -> Fault | None:
        return self.world.faults.next_call(kind, operation, response.uri_match.get("DashboardId", ""))


def _has_its_segments(uri: str, operation: str) -> bool:
    """moto lets the last label of a path take everything that follows it, slashes too."""
    template = get_service_model("quicksight").operation_model(operation).http["requestUri"]
    return uri.partition("?")[0].count("/") == template.partition("?")[0].count("/")


def hang_up(environ: Environ) -> Iterable[bytes]:
    """Close the connection without a byte of an answer."""
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return []
