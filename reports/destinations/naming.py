"""Names of files and folders at a destination, by a pattern of its owner's: `{report}_{date}_{time}.{ext}`.

Every value is a plain word of letters, digits and dashes, so that a report's or a person's name can lead to no other folder.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports import periods
from reports.destinations.config import S3Config, SftpConfig
from reports.models import Delivery, SnapshotFile
from reports.refused import Place, Refused

FOLDER_WORDS = {
    "company": gettext_lazy("your company’s short name"),
    "report": gettext_lazy("the report’s short name"),
    "schedule": gettext_lazy("the schedule’s short name"),
    "audience": gettext_lazy("the audience’s name"),
    "period": gettext_lazy("the days that the report is about, such as 2026-11 or 2026-11-22"),
    "date": gettext_lazy("the planned day, such as 2026-11-22, in the schedule’s time zone"),
    "time": gettext_lazy("the planned time, such as 0531"),
    "year": gettext_lazy("2026"),
    "month": gettext_lazy("11"),
    "day": gettext_lazy("22"),
}
FILE_WORDS = FOLDER_WORDS | {"format": gettext_lazy("pdf, csv or excel"), "ext": gettext_lazy("pdf, csv or xlsx")}
IN_BRACKETS = re.compile(r"\{([^{}]*)\}")
MOST_PATTERN = 200
# A name's end, with its number and its extension, is kept; servers and zip programs take no more than 255 bytes.
MOST_NAME, MOST_WORD, MOST_FOLDER = 180, 80, 600
# Of runs that no schedule made, and of files for everybody.
NO_SCHEDULE, NO_AUDIENCE = "single", "all"
DAY = timedelta(days=1)


def names_for(config: SftpConfig | S3Config, delivery: Delivery) -> tuple[str, list[tuple[SnapshotFile, str]]]:
    """The folder, and each of the job's files with its name; the same on every try, and no name twice. In the tenant's scope."""
    words = _words(delivery)
    taken: set[str] = set()
    named = []
    for file in delivery.job.files.order_by("format", "visual_id"):
        name = file_name(config.file_name, words | _words_of(file))
        while name.casefold() in taken:
            name = numbered(file_name(config.file_name, words | _words_of(file)), len(taken) + 1)
        taken.add(name.casefold())
        named.append((file, name))
    return folder(config.folder, words), named


def check_folder(pattern: str, place: tuple[str, ...] = ("folder",)) -> None:
    """Raises Refused: bad_pattern."""
    _check(pattern, FOLDER_WORDS, place)
    if any(part in (".", "..") for part in pattern.split("/")):
        raise _refused(place, _("A folder must not hold . or .. as a part."))


def check_file_name(pattern: str, place: tuple[str, ...] = ("file_name",)) -> None:
    """Raises Refused: bad_pattern."""
    _check(pattern, FILE_WORDS, place)
    if "/" in pattern or not pattern.strip() or pattern.startswith("."):
        raise _refused(place, _("A file name is not empty, holds no / and does not begin with a dot. Name folders under Folder."))


def folder(pattern: str, words: Mapping[str, str]) -> str:
    """Absolute where the pattern is. Never leads upwards, whatever the pattern and the words are."""
    filled = _fill(pattern, words)
    parts = [_clean(part) for part in filled.split("/")]
    return ("/" if filled.startswith("/") else "") + "/".join(part for part in parts if part)[:MOST_FOLDER].rstrip("/")


def fixed_folder(pattern: str) -> str:
    """The folders before the first that a word decides: there for every file, and so the place to try things out."""
    before, word, _rest = pattern.partition("{")
    return folder(before.rpartition("/")[0] + "/" if word else pattern, {})


def file_name(pattern: str, words: Mapping[str, str]) -> str:
    name = PurePosixPath(_clean(_fill(pattern, words).replace("/", "-")) or "report")
    return name.stem[: MOST_NAME - len(name.suffix)] + name.suffix[:MOST_WORD]


def numbered(name: str, number: int) -> str:
    """`sales.pdf` -> `sales-2.pdf`"""
    path = PurePosixPath(name)
    return f"{path.stem}-{number}{path.suffix}"


def example(config: SftpConfig | S3Config, now: datetime, zone: ZoneInfo) -> str:
    """What a file of a made-up report would be called, for who writes a pattern."""
    words = {"company": "acme", "report": "sales", "schedule": "sales-daily", "audience": "north", "format": "pdf", "ext": "pdf"}
    words |= _of_time(now.astimezone(zone)) | {"period": now.astimezone(zone).date().isoformat()}
    return f"{folder(config.folder, words)}/{file_name(config.file_name, words)}".lstrip("/" if isinstance(config, S3Config) else "")


def _words(delivery: Delivery) -> dict[str, str]:
    job, run = delivery.job, delivery.occurrence
    schedule = run.schedule if run else None
    zone = schedule.zone if schedule else delivery.tenant.zone
    at = run.planned_at if run else job.created_at
    words = {
        "company": delivery.tenant.slug,
        "report": job.report.slug,
        "schedule": schedule.slug if schedule else NO_SCHEDULE,
        "audience": delivery.audience_name or NO_AUDIENCE,
        "period": _period(*periods.period_days(schedule.parameters if schedule else {}, at, zone)),
    }
    return {name: _word(value) for name, value in (words | _of_time(at.astimezone(zone))).items()}


def _words_of(file: SnapshotFile) -> dict[str, str]:
    return {"format": file.format.lower(), "ext": PurePosixPath(file.name).suffix.removeprefix(".")}


def _of_time(at: datetime) -> dict[str, str]:
    forms = {"date": "%Y-%m-%d", "time": "%H%M", "year": "%Y", "month": "%m", "day": "%d"}
    return {name: at.strftime(form) for name, form in forms.items()}


def _period(first: date, last: date) -> str:
    if first == last:
        return first.isoformat()
    is_month = first.day == 1 and last == _end_of_month(first)
    return f"{first:%Y-%m}" if is_month else f"{first.isoformat()}-to-{last.isoformat()}"


def _end_of_month(day: date) -> date:
    return (day.replace(day=28) + 4 * DAY).replace(day=1) - DAY


def _word(value: str) -> str:
    """In Latin letters where there are any; a name in another script keeps its own."""
    return (slugify(value) or slugify(value, allow_unicode=True) or "-")[:MOST_WORD]


def _fill(pattern: str, words: Mapping[str, str]) -> str:
    return IN_BRACKETS.sub(lambda match: words.get(match[1], match[1]), pattern)


def _clean(part: str) -> str:
    """One part of a path: nothing that a server or a program takes for something else than a name."""
    plain = "".join("-" if unicodedata.category(sign)[0] == "C" or sign in '\\:*?"<>|{}' else sign for sign in part)
    return plain.strip().lstrip(".").rstrip(". ")


def _check(pattern: str, words: Mapping[str, object], place: tuple[str, ...]) -> None:
    known = ", ".join(f"{{{name}}}" for name in words)
    for name in IN_BRACKETS.findall(pattern):
        if name not in words:
            raise _refused(place, _("{%(name)s} is not known here. You can use %(known)s.") % {"name": name[:40], "known": known})
    rest = IN_BRACKETS.sub("", pattern)
    if len(pattern) > MOST_PATTERN:
        raise _refused(place, _("At most %(n)d characters.") % {"n": MOST_PATTERN})
    if any(unicodedata.category(sign)[0] == "C" for sign in rest) or set(rest) & set('\\:*?"<>|{}'):
        raise _refused(place, _("These signs cannot stand in a name: %(signs)s") % {"signs": '\\ : * ? " < > | { }'})


def _refused(place: tuple[str, ...], detail: str) -> Refused:
    return Refused("bad_pattern", detail, (Place(place, "invalid", detail),))
