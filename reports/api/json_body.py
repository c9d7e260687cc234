"""Reading a JSON body: what JSON readers disagree about and what PostgreSQL cannot hold is refused."""

from __future__ import annotations

import json
import math
from typing import IO, Any, cast

from rest_framework.exceptions import APIException
from rest_framework.parsers import BaseParser

from tenants.secrets import is_storable

# Bytes. The larger bound is for views that say so: bodies that hold many of something.
MAX_BODY, MAX_LONG_BODY = 1024 * 1024, 5 * 1024 * 1024
# A submit nests five levels deep.
MAX_DEPTH = 20
MAX_NUMBER_LENGTH = 30


class MalformedBody(APIException):
    status_code, default_code = 400, "malformed_body"


class BodyTooLarge(APIException):
    """`most`: bytes that would have been taken."""

    status_code, default_code = 413, "body_too_large"

    def __init__(self, most: int) -> None:
        super().__init__(f"The body is larger than {most} bytes.")


class JsonBody(BaseParser):
    """As much as `max_body` of the view says. Raises MalformedBody or BodyTooLarge."""

    media_type = "*/*"

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        most = cast(int, parser_context["view"].max_body)
        raw = stream.read(most + 1)
        if len(raw) > most:
            raise BodyTooLarge(most)
        try:
            body = json.loads(
                raw.decode("utf-8-sig"),
                parse_int=_integer,
                parse_float=_decimal,
                parse_constant=_not_a_number,
                object_pairs_hook=self.member_pairs,
            )
        except RecursionError:
            raise MalformedBody(f"The body is nested deeper than {MAX_DEPTH} levels.") from None
        except ValueError as error:
            raise MalformedBody(f"The body is not valid JSON: {error}.") from None
        _check(body)
        return body

    def member_pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Of two members of one name the last counts."""
        return dict(pairs)


def _integer(text: str) -> int:
    # Reading a number takes the square of its length.
    if len(text) > MAX_NUMBER_LENGTH:
        raise ValueError(f"a number has more than {MAX_NUMBER_LENGTH} characters")
    return int(text)


def _decimal(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


def _not_a_number(text: str) -> float:
    raise ValueError(f"{text} is not a number")


def _check(value: Any, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise MalformedBody(f"The body is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, str):
        if not is_storable(value):
            raise MalformedBody("The body contains a NUL character or half of a surrogate pair, which cannot be stored.")
    elif isinstance(value, dict):
        for name, member in value.items():
            _check(name, depth)
            _check(member, depth + 1)
    elif isinstance(value, list):
        for member in value:
            _check(member, depth + 1)
