"""Every code that a problem can have: its status, what it is called, and what a client does about it. The API's pages are made of it."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True)
class Kind:
    """`advice`: what a client does about it."""

    status: HTTPStatus
    title: str
    advice: str


KINDS = {
    "malformed_body": Kind(HTTPStatus.BAD_REQUEST, "The body cannot be read", "Mend the JSON."),
    "malformed_request": Kind(HTTPStatus.BAD_REQUEST, "The request cannot be read", "Mend the address or the headers."),
    "invalid_request": Kind(HTTPStatus.BAD_REQUEST, "The request does not fit the API's document", "Mend what `errors` names."),
    "invalid_idempotency_key": Kind(HTTPStatus.BAD_REQUEST, "The Idempotency-Key is none", "Send 1 to 255 visible ASCII characters."),
    "idempotency_key_required": Kind(HTTPStatus.BAD_REQUEST, "An Idempotency-Key is needed", "Send a fresh one with each new request."),
    "not_authenticated": Kind(HTTPStatus.UNAUTHORIZED, "No key was sent", "Send `Authorization: Bearer <key>`."),
    "invalid_key": Kind(HTTPStatus.UNAUTHORIZED, "The key is not known", "Check the key."),
    "key_expired": Kind(HTTPStatus.UNAUTHORIZED, "The key has expired", "Make a new key."),
    "key_revoked": Kind(HTTPStatus.UNAUTHORIZED, "The key was revoked", "Make a new key."),
    "missing_scope": Kind(HTTPStatus.FORBIDDEN, "The key may not do this", "Use a key with the scope that `detail` names."),
    "tenant_suspended": Kind(HTTPStatus.FORBIDDEN, "The company is suspended", "Ask the platform."),
    "not_found": Kind(HTTPStatus.NOT_FOUND, "There is nothing here", "Check the address and the id."),
    "method_not_allowed": Kind(HTTPStatus.METHOD_NOT_ALLOWED, "The address has no such method", "`Allow` names those it has."),
    "not_acceptable": Kind(HTTPStatus.NOT_ACCEPTABLE, "Answers are JSON", "Accept `application/json`."),
    "idempotency_in_progress": Kind(HTTPStatus.CONFLICT, "The first such request is under way", "Wait `Retry-After`, send the same key."),
    "job_already_ended": Kind(HTTPStatus.CONFLICT, "The job has ended", "GET the job."),
    "job_not_ended": Kind(HTTPStatus.CONFLICT, "The job is still running", "GET the job."),
    "job_recalled": Kind(HTTPStatus.CONFLICT, "The job was withdrawn", "GET the job; its correction has files."),
    "job_not_completed": Kind(HTTPStatus.CONFLICT, "The job has no files", "GET the job."),
    "job_running": Kind(HTTPStatus.CONFLICT, "The job is running already", 'Send `{"discard": true}` to drop its result.'),
    "job_held": Kind(HTTPStatus.CONFLICT, "The files are held for review", "Release the job, or wait until somebody does."),
    "job_not_held": Kind(HTTPStatus.CONFLICT, "The job is not held", "GET the job: somebody or the checks decided already."),
    "file_not_ready": Kind(HTTPStatus.CONFLICT, "The file is not ready", "Wait until the job is completed."),
    "nothing_failed": Kind(HTTPStatus.CONFLICT, "Nothing of it failed", "There is nothing to send again."),
    "slug_taken": Kind(HTTPStatus.CONFLICT, "The name is taken", "Use that one, or choose another name."),
    "recipient_exists": Kind(HTTPStatus.CONFLICT, "The recipient is there already", "Use that one."),
    "webhook_exists": Kind(HTTPStatus.CONFLICT, "There is such a webhook already", "Use that one."),
    "destination_exists": Kind(HTTPStatus.CONFLICT, "There is a destination of this name already", "Use that one, or choose another name."),
    "test_running": Kind(HTTPStatus.CONFLICT, "Tests are under way", "Wait until they have ended."),
    "in_use": Kind(HTTPStatus.CONFLICT, "It is still in use", "Detach it from what `errors` names."),
    "mail_leaving": Kind(HTTPStatus.CONFLICT, "A mail is on its way", "Try again in a minute."),
    "schedule_fault": Kind(HTTPStatus.CONFLICT, "The portal itself paused the schedule", "PATCH what `detail` says is wrong."),
    "set_by_template": Kind(HTTPStatus.CONFLICT, "The platform sets this of the schedule", "Leave out what `errors` names."),
    "changed_meanwhile": Kind(HTTPStatus.CONFLICT, "It was changed meanwhile", "Read it again, then decide."),
    "file_gone": Kind(HTTPStatus.GONE, "The file is gone", "Run the report again."),
    "stale_version": Kind(HTTPStatus.PRECONDITION_FAILED, "It was changed since you read it", "GET, merge, send again."),
    "body_too_large": Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large", "Split it."),
    "unsupported_media_type": Kind(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Bodies are JSON", "Send `Content-Type: application/json`."),
    "invalid_cursor": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The cursor is none of this list's", "Start at the first page."),
    "idempotency_key_reused": Kind(
        HTTPStatus.UNPROCESSABLE_ENTITY, "The Idempotency-Key was used for another request", "Take a new key, or send the old body."
    ),
    "report_not_available": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "There is no such report for you", "GET /reports/ lists yours."),
    "report_unsafe": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The report cannot be limited to your rows", "Ask the platform."),
    "format_not_offered": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The report has no such format", "Take one of its `formats`."),
    "visual_not_offered": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The report has no such visual", "Take some of its `visuals`."),
    "parameter_unknown": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The report has no such parameter", "Take its `parameters`."),
    "parameter_value": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "A parameter has a value the report does not allow", "Mend the value."),
    "parameter_required": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "A parameter needs a value", "Send one."),
    "parameter_pinned": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "A parameter is fixed by the platform", "Leave it out."),
    "invalid_cron": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The cron expression is none", "Mend it."),
    "no_future_run": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The schedule would never run", "Mend the cron or the dates."),
    "invalid_timezone": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The time zone is not known", "Take an IANA name."),
    "end_before_start": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The schedule ends before it starts", "Mend the dates."),
    "no_recipients": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "There is nobody to deliver to", "Name an audience with recipients."),
    "tag_not_narrowing": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "A tag would not narrow the rows", "Leave out the company's own keys."),
    "tag_invalid": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "A tag cannot be sent", "Mend its key or value."),
    "schedule_invalid": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The schedule cannot be kept so", "Mend what `errors` names."),
    "audience_invalid": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The audience cannot be kept so", "Mend what `errors` names."),
    "recipient_invalid": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The recipient cannot be kept so", "Mend what `errors` names."),
    "domain_not_allowed": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "Mail to that domain is not allowed", "Ask an owner of the company."),
    "link_invalid": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The link cannot be made so", "Mend what `errors` names."),
    "reason_missing": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "A reason is needed", "Say why, in `because`."),
    "unknown_reference": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "An id in the body is missing or not yours", "Check what `errors` names."),
    "batch_invalid": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "Lines of the batch are wrong; nothing was created", "Mend those lines."),
    "import_invalid": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "Lines of the import are wrong; nothing was changed", "Mend those lines."),
    "address_refused": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "Nothing is sent to that address", "Take a public address."),
    "unknown_event": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "There is no such event", "The API's pages list them."),
    "webhook_limit": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "There are as many webhooks as there may be", "Delete one."),
    "destination_invalid": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The destination cannot be kept so", "Mend what `errors` names."),
    "destination_limit": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "There are as many destinations as there may be", "Delete one."),
    "refused": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "It cannot be done now", "`detail` says why."),
    "rate_limited": Kind(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests", "Wait `Retry-After` seconds."),
    "quota_exceeded": Kind(HTTPStatus.TOO_MANY_REQUESTS, "A quota is used up", "Wait, or ask the platform for more."),
    "queue_full": Kind(HTTPStatus.TOO_MANY_REQUESTS, "Too many jobs wait", "Wait until some have started, or cancel some."),
    "internal_error": Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "The portal failed", "Send it again later; tell support the `request_id`."),
    "unavailable": Kind(HTTPStatus.SERVICE_UNAVAILABLE, "The portal cannot answer just now", "Wait `Retry-After` seconds."),
    "file_unavailable": Kind(HTTPStatus.SERVICE_UNAVAILABLE, "The file is being made again", "Wait `Retry-After` seconds."),
}
NO_CODE = "refused"
# What the domain calls by another name: pages and commands say it in their own place.
RENAMED = {
    "address_taken": "recipient_exists",
    "name_taken": "slug_taken",
    "bad_recipient": "recipient_invalid",
    "bad_address": "recipient_invalid",
    "rows_not_isolated": "report_unsafe",
    "bad_link_terms": "link_invalid",
    "unknown_group": "unknown_reference",
    "too_large": "import_invalid",
    "bad_list": "import_invalid",
    "bad_lines": "import_invalid",
    "parameter_refused": "parameter_value",
    "tags_changed": "changed_meanwhile",
    "schedule_retired": "not_found",
    "too_many_webhooks": "webhook_limit",
    "too_many_destinations": "destination_limit",
    "invalid_config": "destination_invalid",
    "bad_pattern": "destination_invalid",
    "role_refused": "destination_invalid",
    "secret_required": "destination_invalid",
    "invalid_host_key": "destination_invalid",
}


def code_of(refused: str) -> str:
    """Of what the domain refused. What has no code of its own is told in its sentence alone."""
    code = RENAMED.get(refused, refused)
    return code if code in KINDS else NO_CODE
