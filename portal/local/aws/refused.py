"""How the guard says no, in the words of the service that was asked."""

from __future__ import annotations

import json
import uuid
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response


class Refused(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def as_json(self) -> Response:
        """QuickSight names two of these otherwise than S3 does."""
        names = {"SignatureDoesNotMatch": "InvalidSignatureException", "AccessDenied": "MissingAuthenticationTokenException"}
        request_id, code = str(uuid.uuid4()), names.get(self.code, self.code)
        headers = {"x-amzn-ErrorType": code, "x-amzn-RequestId": request_id}
        # SQS and EventBridge have the code in the body only.
        body = json.dumps({"__type": code, "Message": self.message, "RequestId": request_id})
        return Response(body, self.status, headers, content_type="application/json")

    def as_xml(self, resource: str) -> Response:
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{self.code}</Code><Message>{escape(self.message)}</Message>"
            f"<Resource>{escape(resource)}</Resource><RequestId>{uuid.uuid4().hex[:16].upper()}</RequestId></Error>"
        )
        return Response(body, self.status, content_type="application/xml")

    def as_query_xml(self) -> Response:
        """As STS says it."""
        body = (
            '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
            f"<Error><Type>Sender</Type><Code>{self.code}</Code><Message>{escape(self.message)}</Message></Error>"
            f"<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
        )
        return Response(body, self.status, content_type="text/xml")
