"""What stands in the audit trail, in words for people. A name that `record` is given is here, or a test fails."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PEOPLE, KEYS, SENDING, FILES, RUNS, PLATFORM = "people", "keys", "sending", "files", "runs", "platform"
GROUPS: dict[str, Promise] = {
    PEOPLE: _("People and sign-in"),
    KEYS: _("API keys"),
    SENDING: _("Schedules and recipients"),
    FILES: _("Links and files"),
    RUNS: _("Jobs"),
    PLATFORM: _("By the platform"),
}
# By the first part of the name.
GROUP_OF = {
    "sign_in": PEOPLE,
    "second_step": PEOPLE,
    "password": PEOPLE,
    "session": PEOPLE,
    "member": PEOPLE,
    "invitation": PEOPLE,
    "company": PEOPLE,
    "visit": PEOPLE,
    "key": KEYS,
    "api_key": KEYS,
    "schedule": SENDING,
    "audience": SENDING,
    "audience_group": SENDING,
    "audience_recipient": SENDING,
    "occurrence": SENDING,
    "delivery": SENDING,
    "recipient": SENDING,
    "recipients": SENDING,
    "group": SENDING,
    "group_member": SENDING,
    "person": SENDING,
    "link": FILES,
    "links": FILES,
    "file": FILES,
    "proof": FILES,
    "audit": FILES,
    "job": RUNS,
    "jobs": RUNS,
    "queue": RUNS,
}
WORDS: dict[str, Promise] = {
    "audience.changed": _("Audience changed"),
    "audience.created": _("Audience made"),
    "audience.removed": _("Audience removed"),
    "audit.exported": _("Audit log exported"),
    "company.second_step_set": _("Rule of second steps changed"),
    "company.support_set": _("Support access changed"),
    "delivery.tried_now": _("Delivery tried again by hand"),
    "file.downloaded": _("File downloaded"),
    "grant.created": _("Report offered"),
    "grant.removed": _("Report taken back"),
    "group.added": _("Group of recipients made"),
    "group.removed": _("Group of recipients removed"),
    "group.renamed": _("Group of recipients renamed"),
    "invitation.accepted": _("Invitation accepted"),
    "invitation.sent": _("Invitation sent"),
    "invitation.withdrawn": _("Invitation withdrawn"),
    "job.cancelled": _("Job cancelled"),
    "job.file_missing": _("A file was missing at a download"),
    "job.hidden": _("Job taken off the list by a program"),
    "key.created": _("API key made"),
    "key.replaced": _("API key replaced"),
    "key.revoked": _("API key revoked"),
    "link.created": _("Link made"),
    "link.revoked": _("Link withdrawn"),
    "links.revoked": _("Links withdrawn"),
    "member.removed": _("Member removed"),
    "member.role_changed": _("Role changed"),
    "occurrence.exported": _("List of a run's deliveries exported"),
    "occurrence.retried": _("Run tried again by hand"),
    "parameter.created": _("Parameter of a report added"),
    "password.changed": _("Password changed"),
    "password.reset": _("Password set anew by mail"),
    "password.reset_asked": _("New password asked for"),
    "person.erased": _("Person erased"),
    "proof.exported": _("Proof of a file exported"),
    "proof.viewed": _("Proof of a file looked at"),
    "queue.cleared": _("Waiting jobs cancelled"),
    "recipient.added": _("Recipient added"),
    "recipient.changed": _("Recipient changed"),
    "recipient.removed": _("Recipient removed"),
    "recipient.resubscribed": _("Recipient gets emails again"),
    "recipient.send_again": _("Emails to a recipient switched on again"),
    "recipient.unsubscribed": _("Recipient stopped emails"),
    "recipients.exported": _("List of recipients exported"),
    "recipients.uploaded": _("List of recipients uploaded"),
    "report.created": _("Report added to the catalogue"),
    "report.same_for_everyone": _("Report declared the same for everyone"),
    "restore.found": _("Database found restored from a backup"),
    "restore.reconciled": _("Restored database let go on"),
    "schedule.changed": _("Schedule changed"),
    "schedule.created": _("Schedule made"),
    "schedule.paused": _("Schedule paused"),
    "schedule.resumed": _("Schedule resumed"),
    "schedule.retired": _("Schedule removed"),
    "schedule.run": _("Schedule run by hand"),
    "second_step.added": _("Second step set up"),
    "second_step.codes_made": _("Recovery codes made"),
    "second_step.recovery_code_used": _("Signed in with a recovery code"),
    "second_step.removed": _("Second step removed"),
    "session.ended": _("Session ended"),
    "session_tags.changed": _("Session tags changed"),
    "session_tags.dry_run": _("Dry run with other session tags, for platform staff alone"),
    "session_tags.dry_run_read": _("Platform staff read the file of a dry run"),
    "sign_in.code_refused": _("Sign-in refused: wrong code"),
    "sign_in.paused": _("Sign-in paused after wrong passwords"),
    "sign_in.refused": _("Sign-in refused"),
    "sign_in.succeeded": _("Signed in"),
    "staff.looked": _("Platform staff opened the company’s page"),
    "tenant.held": _("Legal hold begun"),
    "tenant.quotas_set": _("Quotas changed"),
    "tenant.released": _("Legal hold released"),
    "tenant.retention_set": _("Days that files are kept changed"),
    "tenant.shares_set": _("Share of the slots changed"),
    "tenant.suspended": _("Company suspended"),
    "tenant.unsuspended": _("Company goes on after its suspension"),
    "visit.begun": _("Platform staff began to look at your pages"),
    "visit.ended": _("Platform staff stopped looking"),
    "visit.raised": _("Platform staff on a visit may act"),
}


def words(action: str) -> str:
    """Plainly for what the platform file or an older release wrote: `grant.changed` is "Grant changed"."""
    known = WORDS.get(action)
    return str(known) if known else action.replace(".", " ").replace("_", " ").capitalize()


def group(action: str) -> str:
    return GROUP_OF.get(action.partition(".")[0], PLATFORM)


def prefixes(wanted: str) -> list[str]:
    """The first parts of all names in a group. What is in no other group is the platform's."""
    return [prefix for prefix, name in GROUP_OF.items() if name == wanted]
