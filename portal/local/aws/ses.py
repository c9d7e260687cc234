"""SES: SendEmail of its second version, with raw or simple content. Nothing leaves this machine."""

from __future__ import annotations

import base64
import binascii
import email
import email.policy
import json
import time
import uuid
from collections.abc import Iterable
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any

from werkzeug.wrappers import Request, Response

from portal.local.aws.errors import Refusal
from portal.local.aws.faults import Fault
from portal.local.aws.gate import Environ, StartResponse, hang_up
from portal.local.aws.mail_events import tell_of
from portal.local.aws.outbox import SentMail
from portal.local.aws.permissions import is_denied
from portal.local.aws.signatures import Authorization
from portal.local.aws.world import World

SEND = "SendEmail"
SEVEN_BIT = email.policy.SMTP.clone(cte_type="7bit")
PATH = "/v2/email/outbound-emails"
MOST_RECIPIENTS = 50
MOST_BYTES = 40 * 1024 * 1024  # of the mail as it goes out


class Ses:
    """The WSGI application for requests signed for `ses`. Faults that are asked for about SendEmail meet it as they do QuickSight."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if self._fault("drop"):
            return hang_up(environ)
        hang, lost = self._fault("hang"), self._fault("accept_then_drop")
        request_id, headers = str(uuid.uuid4()), {}
        try:
            status, body = 200, self._answer(Request(environ))
        except Refusal as refusal:
            status, body = refusal.status, {"message": refusal.message}
            headers = {"x-amzn-ErrorType": refusal.code}
        if hang:
            time.sleep(hang.seconds)
        if lost:
            return hang_up(environ)
        answer = Response(json.dumps(body), status, headers | {"x-amzn-RequestId": request_id}, content_type="application/json")
        return answer(environ, start_response)

    def _answer(self, request: Request) -> dict[str, str]:
        world, switches = self._world, self._world.switches
        if (request.method, request.path) != ("POST", PATH):
            raise Refusal("UnknownOperationException", "There is no operation with this path and method.")
        if is_denied("ses:SendEmail", switches.denied):
            raise Refusal("AccessDeniedException", "The caller is not authorized to perform: ses:SendEmail", 403)
        if not world.outbox.throttle.admit(switches.mails_per_second):
            raise Refusal("TooManyRequestsException", "Maximum sending rate exceeded.")
        if fault := self._fault("error"):
            raise Refusal(fault.code, "This error was asked for.", fault.status)
        region = Authorization.parse(request.headers["Authorization"]).scope.region
        mail = accepted(json.loads(request.get_data()), region, world.clock.now())
        for address in (mail.sender, *mail.recipients):
            if address in switches.rejected_addresses:
                raise Refusal("MessageRejected", f"Email address is not verified. The following identities failed the check: {address}")
        world.outbox.keep(mail)
        tell_of(mail, world)
        return {"MessageId": mail.message_id}

    def _fault(self, kind: str) -> Fault | None:
        return self._world.faults.next_call(kind, SEND, "")


def accepted(request: dict[str, Any], region: str, now: float) -> SentMail:
    """The mail as it goes out. Raises Refusal BadRequestException."""
    message = _message(request)
    headers = [(name, str(value)) for name, value in message.items()]
    given = [address for addresses in request.get("Destination", {}).values() for address in addresses]
    named = [value for name, value in headers if name.lower() in ("to", "cc", "bcc")]
    recipients = [address for _, address in getaddresses(given or named) if address]
    sender = next((address for _, address in getaddresses([request.get("FromEmailAddress") or str(message["From"] or "")])), "")
    if not sender or not recipients:
        raise Refusal("BadRequestException", "A sender and a recipient are needed.")
    if len(recipients) > MOST_RECIPIENTS:
        raise Refusal("BadRequestException", f"Recipient count exceeds {MOST_RECIPIENTS}.")
    message_id = f"0100{uuid.uuid4().hex[:12]}-{uuid.uuid4()}-000000"
    for name in ("Message-ID", "Bcc"):
        del message[name]
    message["Message-ID"] = f"<{message_id}@email.amazonses.com>"
    raw = message.as_bytes(policy=SEVEN_BIT)
    if len(raw) > MOST_BYTES:
        raise Refusal("BadRequestException", f"Message length is more than {MOST_BYTES} bytes long.")
    tags = {tag["Name"]: [tag["Value"]] for tag in request.get("EmailTags", ())}
    text = raw.decode("ascii")
    return SentMail(message_id, sender, recipients, text, headers, tags, request.get("ConfigurationSetName", ""), region, now)


def _message(request: dict[str, Any]) -> EmailMessage:
    content = request.get("Content", {})
    if raw := content.get("Raw", {}).get("Data"):
        try:
            parsed = email.message_from_bytes(base64.b64decode(raw, validate=True), policy=email.policy.default)
        except binascii.Error as error:
            raise Refusal("BadRequestException", "The raw message is not base64.") from error
        assert isinstance(parsed, EmailMessage)
        return parsed
    if not (simple := content.get("Simple")):
        raise Refusal("BadRequestException", "The content has to be raw or simple.")
    message = EmailMessage()
    message["From"], message["Subject"] = request.get("FromEmailAddress", ""), simple["Subject"]["Data"]
    for place, header in {"ToAddresses": "To", "CcAddresses": "Cc"}.items():
        if addresses := request.get("Destination", {}).get(place):
            message[header] = ", ".join(addresses)
    message.set_content(simple["Body"].get("Text", {}).get("Data", ""))
    if html := simple["Body"].get("Html", {}).get("Data"):
        message.add_alternative(html, subtype="html")
    return message
