"""Where the address of an end customer may stand, and what becomes of it there.

A column in which one could stand and that is not listed fails a test.
"""

from __future__ import annotations

# Rows that are about nobody but that person.
DELETED = {
    "reports.ArchiveVisit": "email",
    "reports.Recipient": "email",
    "reports.Notice": "address",
    # Ten minutes, and with all others of the company: whom it would put back need not be looked up.
    "reports.Undo": "rows",
}
# Rows that stay, because a run's ledger has to add up and a download has happened; reports/erasing/rows.py takes the person out of them.
BLANKED = {
    "reports.Delivery": ("address", "name", "answer"),
    "reports.Link": ("email", "passcode"),
    "reports.Download": ("user_agent",),
    "reports.Suppression": ("email", "detail"),
    "reports.Schedule": ("cc",),
}
# Text that people, QuickSight or mail servers wrote. What is left in place of an address there is a word that is none.
REWRITTEN = {
    "reports.Attempt": ("session_tags", "parameters", "error_message"),
    "reports.Audience": ("name", "session_tags"),
    "reports.Batch": ("reference",),
    "reports.Delivery": ("audience_name", "answer"),
    "reports.Event": ("body",),
    "reports.JobEvent": ("data",),
    "reports.Notice": ("key", "data", "answer"),
    "reports.Occurrence": ("detail",),
    "reports.RecipientGroup": ("name",),
    "reports.Recipient": ("name",),
    "reports.Review": ("note",),
    "reports.Schedule": ("name", "subject", "message", "fault", "parameters"),
    "reports.SnapshotJob": (
        "parameters",
        "given_parameters",
        "narrowing_tags",
        "replaces_because",
        "recalled_because",
        "requested_prefix",
        "failure_message",
        "reference",
        "metadata",
    ),
    "reports.Suppression": ("detail",),
    "reports.Webhook": ("description",),
}
WHO_ACTED = "who did it: a member, a key, a command, or a link's reference"
OF_STAFF = "words and settings of the platform's staff about the company"
# What stays as it is, and why.
KEPT = {
    "reports.AddressKey": {"sealed": "encrypted, and no address"},
    "reports.Attempt": {"row_rules": "names of data sets and of tag keys", "prefix": "made of ids"},
    "reports.Batch": {"actor": WHO_ACTED},
    "reports.DailyUsage": {"jobs_by_report": "numbers", "jobs_by_start": "numbers", "took": "numbers"},
    "reports.Download": {"actor": WHO_ACTED},
    "reports.Delivery": {"placed": "names of files, made by a pattern", "placing": "names of files, made by a pattern"},
    "reports.Destination": {
        "name": "a company's name for its server or bucket",
        "config": "of a company's server or bucket",
        "last_test": "what a company's server or bucket said",
        "created_by": WHO_ACTED,
        "sealed_secret": "encrypted",
    },
    "reports.Erasure": {
        "by": WHO_ACTED,
        "reason": "refused if the address stands in it",
        "removed": "numbers",
    },
    "reports.Grant": {"parameters": "pinned by the platform; another value would be other rows"},
    "reports.IdempotentRequest": {
        "key": "the caller's own, for 24 hours",
        "headers": "addresses of the API, with ids",
        "sealed_body": "encrypted, for 24 hours",
    },
    "reports.Link": {"created_by": WHO_ACTED},
    "reports.Occurrence": {"actor": WHO_ACTED, "already_sent": "keyed hashes, and ids"},
    "reports.Pause": {"by": WHO_ACTED, "because": OF_STAFF},
    "reports.Review": {
        "decided_by": WHO_ACTED,
        "findings": "codes and numbers, and the schedule's text to look for",
        "figures": "numbers",
    },
    "reports.Schedule": {"paused_by": WHO_ACTED, "must_contain": "a text that the company's own files show"},
    "reports.SnapshotFile": {"key": "QuickSight's", "moved_from": "QuickSight's", "version_id": "S3's"},
    "reports.SnapshotJob": {"actor": WHO_ACTED, "recalled_by": WHO_ACTED, "dry_run_tags": OF_STAFF},
    "reports.TemplateUse": {"failure": "of the platform's own template"},
    "reports.TagDraft": {"tags": OF_STAFF, "instead_of": OF_STAFF, "by": WHO_ACTED, "reason": OF_STAFF},
    "reports.Webhook": {
        "url": "of a company's program",
        "created_by": WHO_ACTED,
        "sealed_secret": "encrypted",
        "sealed_old_secret": "encrypted",
    },
    "tenants.AuditEvent": {
        "actor": WHO_ACTED,
        "impersonator": WHO_ACTED,
        "before": "append-only, and so never given an end customer's address: ids",
        "after": "append-only, and so never given an end customer's address: ids",
    },
    "tenants.Invitation": {"email": "a member to be", "invited_by": WHO_ACTED},
    "tenants.SessionTag": {"value": OF_STAFF},
    "tenants.SupportVisit": {"reason": OF_STAFF},
}
# Tables of no company.
NOT_OF_CUSTOMERS = {
    "account.EmailAddress": "of people who sign in",
    "django_q.OrmQ": "wake-ups: ids alone",
    "django_q.Schedule": "the code's own",
    "mfa.Authenticator": "of people who sign in",
    "reports.Account": "the platform's",
    "reports.Alarm": "without a company's content",
    "reports.AlarmMessage": "of the platform's people",
    "reports.CatalogueImport": "of the catalogue",
    "reports.Figures": "numbers by account",
    "reports.MailBudget": "our own sender",
    "reports.Report": "of the catalogue",
    "reports.ReportParameter": "of the catalogue",
    "reports.ScheduleTemplate": "of the platform",
    "reports.ServiceNote": "what staff say to everybody",
    "reports.Tally": "numbers by account",
    "sessions.Session": "of people who sign in; a notice on its way to a page may name somebody until that page is seen",
    "tenants.Tenant": "the company itself",
    "tenants.User": "of people who sign in",
    "usersessions.UserSession": "of people who sign in",
}
