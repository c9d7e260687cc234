"""Fields of the API's bodies and answers, as strict as its document: REST framework's own take "7" for 7, 1 for true, and trim."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from reports.parameters import MAX_INTEGER, MAX_TEXT, MAX_VALUES
from reports.session_tags import MAX_KEY, MAX_TAGS, MAX_VALUE

# PostgreSQL holds no NUL; said in the document too, by the schema's last step.
INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
DAY = re.compile(r"\d{4}-\d\d-\d\d")
# \Z, since $ also matches before a last line break, and no \d, which takes the digits of every script; the document has $ for \Z.
MINUTE = r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z"
SLUG, MOST_SLUG = r"^[-a-zA-Z0-9_]+\Z", 80
MOST_PARAMETERS, MOST_NAME = 100, 128
MOST_PAIRS, MOST_PAIR_KEY, MOST_PAIR_VALUE = 20, 40, 500


class Instant(serializers.DateTimeField):
    """RFC 3339: out in UTC with six decimals, whatever zone is active; in with its offset."""

    default_error_messages = {"invalid": "Must be a time with its offset, such as 2026-11-23T06:00:00Z."}

    def to_representation(self, value: datetime) -> Any:
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def to_internal_value(self, value: Any) -> datetime:
        try:
            return read_instant(value)
        except ValueError:
            self.fail("invalid")


def read_instant(value: Any) -> datetime:
    """In UTC. Raises ValueError."""
    if not isinstance(value, str) or not INSTANT.fullmatch(value):
        raise ValueError(value)
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except OverflowError as error:
        # The first day of the year 1 begins before it, elsewhere.
        raise ValueError(value) from error


class LocalInstant(serializers.DateTimeField):
    """Out alone: an instant as a clock of its zone shows it, with that zone's offset."""

    def to_representation(self, value: datetime) -> Any:
        return value.isoformat(timespec="seconds")


class Text(serializers.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class Slug(serializers.RegexField):
    """A short name for addresses and programs."""

    default_error_messages = {"invalid": "Must be of letters without accents, digits, - and _."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(regex=SLUG, max_length=MOST_SLUG, trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid")
        return data


class Whole(serializers.IntegerField):
    def to_internal_value(self, data: Any) -> int:
        """7.0 is 7: JSON Schema calls it an integer."""
        if isinstance(data, bool) or not isinstance(data, int | float) or data != int(data):
            self.fail("invalid")
        return int(super().to_internal_value(int(data)))


class Truth(serializers.BooleanField):
    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class Choice(serializers.ChoiceField):
    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid_choice", input=data)
        return super().to_internal_value(data)


class Id(serializers.UUIDField):
    """In and out as text of 36 characters; other spellings that Python reads are refused."""

    def to_internal_value(self, data: Any) -> uuid.UUID:
        if not isinstance(data, str) or not UUID.fullmatch(data):
            self.fail("invalid", value=data)
        return uuid.UUID(data)


class Day(serializers.DateField):
    def to_internal_value(self, value: Any) -> date:
        if not isinstance(value, str) or not DAY.fullmatch(value):
            self.fail("invalid", format="2026-11-23")
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail("invalid", format="2026-11-23")


class Minute(serializers.RegexField):
    """`09:00`: a time of day."""

    default_error_messages = {"invalid": "Must be a time of day such as 09:00."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(regex=MINUTE, trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid")
        return data

    def run_validation(self, data: Any = serializers.empty) -> Any:
        text = super().run_validation(data)
        return time.fromisoformat(text) if isinstance(text, str) else text

    def to_representation(self, value: Any) -> str:
        return f"{value:%H:%M}"


SINGLE = {"oneOf": [{"type": "string", "minLength": 1, "maxLength": MAX_TEXT}, {"type": "number"}]}
RELATIVE = {
    "type": "object",
    "description": "A period, worked out at the planned instant.",
    "properties": {
        "relative": {"type": "string", "description": "Such as previous_month.", "maxLength": 40},
        "part": {"type": "string", "enum": ["start", "end", "end_exclusive"]},
        "n": {"type": "integer", "minimum": 1, "maximum": 366},
        "format": {"type": "string", "description": "For text: of YYYY, MM, DD, Q, WW.", "maxLength": 40},
    },
    "required": ["relative"],
    "additionalProperties": False,
}
VALUE = {"oneOf": [*SINGLE["oneOf"], {"type": "array", "items": SINGLE, "minItems": 1, "maxItems": MAX_VALUES}, RELATIVE]}
NAMES = {"maxLength": MOST_NAME, "minLength": 1}
MEMBERS: dict[str, type | tuple[type, ...]] = {"relative": str, "part": str, "n": (int, float), "format": str}


@extend_schema_field(
    {"type": "object", "additionalProperties": VALUE, "propertyNames": NAMES, "maxProperties": MOST_PARAMETERS}, component_name="Parameters"
)
class Parameters(serializers.Field[Any, Any, Any, Any]):
    """Name to a text, a number, a list of them, or a relative period. Whether they suit the report says reports/parameters.py."""

    default_error_messages = {
        "invalid": "Must be an object of names and values.",
        "max_items": f"Takes at most {MOST_PARAMETERS} names.",
        "name": f"A name has 1 to {MOST_NAME} characters.",
        "value": "Must be a text, a number, a list of them, or a relative period.",
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("invalid")
        if len(data) > MOST_PARAMETERS:
            self.fail("max_items")
        if any(not 1 <= len(name) <= MOST_NAME for name in data):
            self.fail("name")
        wrong = {
            name: [serializers.ErrorDetail(str(self.error_messages["value"]), "invalid")] for name in data if not _is_value(data[name])
        }
        if wrong:
            raise serializers.ValidationError(wrong)
        return {name: _whole(value) for name, value in data.items()}

    def to_representation(self, value: Any) -> Any:
        return value


def _is_value(value: Any) -> bool:
    if isinstance(value, list):
        return 1 <= len(value) <= MAX_VALUES and all(map(_is_single, value))
    return _is_relative(value) if isinstance(value, Mapping) else _is_single(value)


def _is_single(value: Any) -> bool:
    return 1 <= len(value) <= MAX_TEXT if isinstance(value, str) else isinstance(value, int | float) and not isinstance(value, bool)


def _is_relative(value: Mapping[str, Any]) -> bool:
    fits = value.keys() <= MEMBERS.keys() and all(isinstance(value[name], MEMBERS[name]) for name in value)
    if not fits or isinstance(value.get("n"), bool) or "relative" not in value:
        return False
    n, part = value.get("n", 1), value.get("part", "start")
    texts = (value["relative"], value.get("format", ""))
    return part in ("start", "end", "end_exclusive") and n == int(n) and 1 <= n <= 366 and all(len(text) <= 40 for text in texts)


def _whole(value: Any) -> Any:
    """7.0 for 7, as some languages write all their numbers."""
    if isinstance(value, list):
        return [_whole(single) for single in value]
    if isinstance(value, dict):
        return {name: _whole(part) for name, part in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) <= MAX_INTEGER else value


def _pairs(most: int, key: int, value: int) -> dict[str, Any]:
    text, name = {"type": "string", "maxLength": value}, {"minLength": 1, "maxLength": key}
    return {"type": "object", "additionalProperties": text, "propertyNames": name, "maxProperties": most}


class Pairs(serializers.Field[Any, Any, Any, Any]):
    """Of text."""

    most, most_key, most_value = MOST_PAIRS, MOST_PAIR_KEY, MOST_PAIR_VALUE
    default_error_messages = {
        "invalid": "Must be an object of at most {most} pairs of text: names of 1 to {longest_name} characters, "
        "values of at most {longest_value}."
    }

    def to_internal_value(self, data: Any) -> dict[str, str]:
        if not isinstance(data, dict) or len(data) > self.most or not all(self._fits(*pair) for pair in data.items()):
            self.fail("invalid", most=self.most, longest_name=self.most_key, longest_value=self.most_value)
        return data

    def _fits(self, name: str, value: Any) -> bool:
        return isinstance(value, str) and len(value) <= self.most_value and 1 <= len(name) <= self.most_key

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field(_pairs(MOST_PAIRS, MOST_PAIR_KEY, MOST_PAIR_VALUE), component_name="Metadata")
class Metadata(Pairs):
    """The caller's own."""


@extend_schema_field(_pairs(MAX_TAGS, MAX_KEY, MAX_VALUE), component_name="Tags")
class Tags(Pairs):
    """Keys and values that narrow rows. Whether they do so says reports/session_tags.py."""

    most, most_key, most_value = MAX_TAGS, MAX_KEY, MAX_VALUE


@extend_schema_field({"type": ["array", "null"], "items": {"type": ["string", "number"]}})
class Values(serializers.Field[Any, Any, Any, Any]):
    """Of a parameter, in answers: texts or numbers, as its type is."""

    def to_representation(self, value: Any) -> Any:
        return value
