"""Everything that can be set at start and changed while the server runs."""

from __future__ import annotations

from dataclasses import dataclass, field

# How a collected result can be wrong; each is one thing a careful client must notice.
RESULT_VARIANTS = (
    "missing_object",
    "empty_object",
    "wrong_type",
    "truncated",
    "foreign_bucket",
    "foreign_prefix",
    "one_group_failed",
    "no_uri",
    "https_uri",
    "encoded_key",
    "named_twice",
    "other_order",
)
DAY = 24 * 3600.0


@dataclass
class Switches:
    slots: int = 12
    requests_per_second: int = 10
    job_seconds: float = 2.0
    queued_seconds: float = 0.1
    dashboard_seconds: dict[str, float] = field(default_factory=dict)
    folder_seconds: dict[str, float] = field(default_factory=dict)  # by the last folder of the destination's prefix; wins
    small_files: bool = False
    answer_seconds: float = 0.0  # between a QuickSight call and its answer, half before it is done and half after

    # The account and its buckets.
    edition: str = "ENTERPRISE"
    capacity_pricing: bool = True
    denied: list[str] = field(default_factory=list)  # IAM actions that no key may use, with wildcards: "s3:List*"
    external_ids: dict[str, str] = field(default_factory=dict)  # by the ARN of a role whose trust policy asks for one; others trust all
    untrusting_roles: list[str] = field(default_factory=list)  # ARNs that nobody may take on
    bucket_owners: dict[str, str] = field(default_factory=dict)  # account ids; of the others it is the account of all
    unwritable_buckets: list[str] = field(default_factory=list)  # for QuickSight; clients may still write

    # SES, and who hears of what became of its mails.
    mails_per_second: int = 14
    rejected_addresses: list[str] = field(default_factory=list)  # of a sender or a recipient
    mail_event_queue: str = ""  # an SQS queue's name; empty: nobody listens
    mail_event_key: str = "eventType"  # of a configuration set's events; feedback notifications of an identity say notificationType
    raw_mail_events: bool = False  # "raw message delivery": without SNS's envelope

    # S3's events of new objects, where a bucket's notification configuration wants them.
    event_delay: float = 0.0  # seconds; the median of a lognormal with
    event_spread: float = 0.0  # as its sigma
    event_share: float = 1.0  # of the objects that are told of at all
    event_copies: int = 1
    event_disorder: bool = False  # every other one comes a second later
    early_events: bool = False  # of a job's files: when they were drawn, before the job is COMPLETED

    # What AWS does not document. OTHER_READINGS has the other value of each.
    started_status: int = 200  # HTTP status of an accepted start
    foreign_account_code: str = "AccessDeniedException"
    wrong_requests: str = "refuse"  # at the start, or as a job that ends FAILED
    bucket_checked_at_start: bool = False
    strict_parameters: bool = False
    queued_jobs_count: bool = True  # against the slots
    slots_per_region: bool = False
    early_result_code: str = "PreconditionNotMetException"
    forget_jobs_after: float | None = DAY  # seconds after the end; None: a job can be described until its id is used again
    incomplete_tags: str = "no_rows"
    widest_group_wins: bool = False
    csv_separator: str = ","
    csv_bom: bool = False
    csv_header: bool = True
    plain_names: bool = False  # of objects: without a blank and an é
    encode_uris: bool = False
    join_with_slash: bool = False  # between a prefix that has none at its end and the name
    accept_sigv2: bool = False  # in presigned URLs

    def change(self, **values: object) -> None:
        for name, value in values.items():
            if not hasattr(self, name):
                raise ValueError(f"There is no switch {name!r}.")
            if value not in WORDS.get(name, (value,)):
                raise ValueError(f"{name} must be one of {', '.join(WORDS[name])}, not {value!r}.")
        for name, value in values.items():
            setattr(self, name, value)

    def seconds_for(self, dashboard_id: str, prefix: str) -> float:
        folder = prefix.rstrip("/").rpartition("/")[2]
        return self.folder_seconds.get(folder, self.dashboard_seconds.get(dashboard_id, self.job_seconds))


# What a misspelt value would silently be taken for.
WORDS = {
    "edition": ("ENTERPRISE", "STANDARD"),
    "foreign_account_code": ("AccessDeniedException", "InvalidParameterValueException"),
    "wrong_requests": ("refuse", "fail"),
    "early_result_code": ("PreconditionNotMetException", "InvalidParameterValueException"),
    "incomplete_tags": ("no_rows", "failed", "all_rows"),
    "mail_event_key": ("eventType", "notificationType"),
}

OTHER_READINGS: dict[str, object] = {
    "started_status": 202,
    "foreign_account_code": "InvalidParameterValueException",
    "wrong_requests": "fail",
    "bucket_checked_at_start": True,
    "strict_parameters": True,
    "queued_jobs_count": False,
    "slots_per_region": True,
    "early_result_code": "InvalidParameterValueException",
    "forget_jobs_after": None,
    "incomplete_tags": "all_rows",
    "widest_group_wins": True,
    "csv_separator": ";",
    "csv_bom": True,
    "csv_header": False,
    "plain_names": True,
    "encode_uris": True,
    "join_with_slash": True,
    "accept_sigv2": True,
}
