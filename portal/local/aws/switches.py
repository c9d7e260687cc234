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


@dataclass
class Switches:
    slots: int = 12
    requests_per_second: int = 10
    job_seconds: float = 2.0
    queued_seconds: float = 0.1
    dashboard_seconds: dict[str, float] = field(default_factory=dict)
    small_files: bool = False
    encode_uris: bool = False
    strict_parameters: bool = False
    early_result_code: str = "PreconditionNotMetException"
    widest_group_wins: bool = False
    incomplete_tags: str = "no_rows"  # no_rows | failed | all_rows
    wrong_requests: str = "refuse"  # refuse | fail: at the start, or as a job that ends FAILED
    join_with_slash: bool = False  # between a prefix that has none at its end and the name

    def change(self, **values: object) -> None:
        for name, value in values.items():
            if not hasattr(self, name):
                raise ValueError(f"There is no switch {name!r}.")
            setattr(self, name, value)

    def seconds_for(self, dashboard_id: str) -> float:
        return self.dashboard_seconds.get(dashboard_id, self.job_seconds)
