"""What QuickSight or SES says when it refuses, with the HTTP status its own model gives."""

from __future__ import annotations

from moto.core.utils import get_service_model

# Codes every AWS service can answer with, which neither model lists.
_COMMON_STATUS = {"UnrecognizedClientException": 403, "InvalidSignatureException": 403, "ExpiredTokenException": 403}
_COMMON_STATUS |= {"MissingAuthenticationTokenException": 403, "ServiceUnavailable": 503, "UnknownOperationException": 404}
_WITH_RESOURCE_TYPE = ("LimitExceededException", "ResourceExistsException", "ResourceNotFoundException")


class Refusal(Exception):
    """`status` overrides the modelled HTTP status, for injected faults."""

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message
        self.status = status or http_status(code)

    def members(self) -> dict[str, str]:
        # Which resource type AWS names for a dashboard or a job is unknown; its own list has neither.
        extra = {"ResourceType": "DASHBOARD"} if self.code in _WITH_RESOURCE_TYPE else {}
        return {"Message": self.message} | extra


def invalid(message: str) -> Refusal:
    return Refusal("InvalidParameterValueException", message)


def http_status(code: str) -> int:
    shapes = {shape.name: shape for service in ("sesv2", "quicksight") for shape in get_service_model(service).error_shapes}
    if code in shapes:
        return int(shapes[code].metadata["error"]["httpStatusCode"])
    return _COMMON_STATUS.get(code, 400)
