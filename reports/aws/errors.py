"""What AWS can answer, as exceptions of ours. Codes are those of quicksight 2018-04-01 in botocore, and those every AWS API may send."""

from __future__ import annotations

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigNotFound,
    ConfigParseError,
    CredentialRetrievalError,
    HTTPClientError,
    InvalidConfigError,
    LoginError,
    MetadataRetrievalError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    RefreshWithMFAUnsupportedError,
    SSOError,
    TokenRetrievalError,
    UnknownCredentialError,
)


class AwsError(Exception):
    """`code` is the service's own word, `message` its own text: for the record and for support, never for an end customer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.message = message


class NoVerdict(AwsError):
    """Nothing was decided: the same request may be sent again."""


class Unanswered(NoVerdict):
    """No answer, or one of the service's own faults. The request may have been carried out all the same."""


class Throttled(NoVerdict):
    """Too many requests in one second. Nothing was done."""


class LimitReached(NoVerdict):
    """As many jobs run in the account as may. Nothing was started."""


class NotYet(NoVerdict):
    """A result was asked for before the job's end."""


class AccountRefused(NoVerdict):
    """Whatever is asked of this account now is refused, for its edition or its pricing plan. Nothing was done."""


class CredentialsRefused(AccountRefused):
    """The keys or the role that we call with are at fault; others, read afresh, may do."""


class AccessDenied(AwsError):
    """We may not do this with that dashboard, data set, object or queue."""


class NotFound(AwsError):
    """No such dashboard, job, data set, object or queue."""


class AlreadyExists(AwsError):
    """The job id is in use. For an id of our own it says that an earlier call was accepted."""


class Rejected(AwsError):
    """The request itself is wrong; sending it again changes nothing."""


CODES: dict[str, type[AwsError]] = {
    "ThrottlingException": Throttled,
    "Throttling": Throttled,
    "TooManyRequestsException": Throttled,
    "SlowDown": Throttled,
    "LimitExceededException": LimitReached,
    "PreconditionNotMetException": NotYet,
    "AccessDeniedException": AccessDenied,
    "AccessDenied": AccessDenied,
    "ExpiredToken": CredentialsRefused,
    "ExpiredTokenException": CredentialsRefused,
    "IncompleteSignature": CredentialsRefused,
    "IncompleteSignatureException": CredentialsRefused,
    "InvalidAccessKeyId": CredentialsRefused,
    "InvalidClientTokenId": CredentialsRefused,
    "InvalidSignatureException": CredentialsRefused,
    "InvalidToken": CredentialsRefused,
    "MissingAuthenticationTokenException": CredentialsRefused,
    "RequestTimeTooSkewed": CredentialsRefused,
    "SignatureDoesNotMatch": CredentialsRefused,
    "UnrecognizedClientException": CredentialsRefused,
    "UnsupportedPricingPlanException": AccountRefused,
    "UnsupportedUserEditionException": AccountRefused,
    "ResourceNotFoundException": NotFound,
    "NoSuchKey": NotFound,
    "NoSuchBucket": NotFound,
    "AWS.SimpleQueueService.NonExistentQueue": NotFound,
    "404": NotFound,
    "ResourceExistsException": AlreadyExists,
}
# Before anything was sent: there are no credentials, or whoever hands them out does not.
NO_CREDENTIALS = (
    ConfigNotFound,
    ConfigParseError,
    CredentialRetrievalError,
    InvalidConfigError,
    LoginError,
    MetadataRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    RefreshWithMFAUnsupportedError,
    SSOError,
    TokenRetrievalError,
    UnknownCredentialError,
)
# STS's operations, which botocore calls by itself for a role: their refusal is not about what we asked.
ASSUMES_ROLE = "AssumeRole"
# The result of an unfinished job may come as this message under a code that documentation does not name.
NOT_TERMINAL = "has not reached a terminal state"


def translate(error: Exception) -> AwsError:
    """An exception of botocore as one of ours. Anything else is a surprise and raised as it is."""
    if isinstance(error, ClientError):
        return _answered(error)
    if isinstance(error, ParamValidationError):
        return Rejected("ParamValidationError", str(error))
    if isinstance(error, NO_CREDENTIALS):
        return CredentialsRefused(type(error).__name__, str(error))
    if isinstance(error, HTTPClientError | BotoCoreError):
        return Unanswered(type(error).__name__, str(error))
    raise error


def _answered(error: ClientError) -> AwsError:
    answer = error.response.get("Error", {})
    # An answer that botocore cannot read, such as a proxy's page, has no code.
    code, message = str(answer.get("Code") or "Unknown"), str(answer.get("Message", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if NOT_TERMINAL in message:
        return NotYet(code, message)
    kind = CODES.get(code) or (Unanswered if status >= 500 else Throttled if status == 429 else Rejected)
    if error.operation_name.startswith(ASSUMES_ROLE) and not issubclass(kind, NoVerdict):
        kind = CredentialsRefused
    return kind(code, message)
