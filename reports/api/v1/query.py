"""What may stand in the query of a request, each once: filters, the page, the order, and which fields to answer with."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request

from reports.api.v1.body import Resource
from reports.api.v1.fields import UUID, read_instant
from reports.api.v1.paging import LIMIT, MAX_CURSOR, MOST
from reports.api.v1.problems import InvalidRequest, Place
from tenants.secrets import is_storable

NO_COMMA = "^[^\\u0000,]*$"
WHOLE = re.compile(r"-?[0-9]{1,9}")
MOST_VALUES, MOST_FIELDS = 50, 40
Schema = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """How a value is read. `read` raises ValueError; `hint` says what would be right."""

    read: Callable[[str], Any]
    schema: Schema
    hint: str


@dataclass(frozen=True)
class Parameter:
    """`many`: any of several, with commas between them."""

    name: str
    kind: Kind
    told: str
    many: bool = False

    def read(self, text: str) -> Any:
        """A value, or a list of them. Raises ValueError."""
        if not self.many:
            return self.kind.read(text)
        parts = text.split(",")
        if len(parts) > MOST_VALUES:
            raise ValueError(text)
        return [self.kind.read(part) for part in parts]

    def document(self) -> Schema:
        schema = self.kind.schema
        if self.many:
            schema = {"type": "array", "items": schema, "minItems": 1, "maxItems": MOST_VALUES}
        shape = {"explode": False, "style": "form"} if self.many else {}
        return {"in": "query", "name": self.name, "schema": schema, "description": self.told, **shape}


@dataclass(frozen=True)
class Filter(Parameter):
    """`lookup`: of the queryset; by default the name. `many` makes it `__in`."""

    lookup: str = ""

    def apply(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return rows.filter(**{(self.lookup or self.name) + ("__in" if self.many else ""): value})


def one_of(words: Iterable[str]) -> Kind:
    known = [str(word) for word in words]

    def read(text: str) -> str:
        if text not in known:
            raise ValueError(text)
        return text

    return Kind(read, {"type": "string", "enum": known}, f"Must be one of {', '.join(known)}.")


def text(most: int, *, pattern: str = "^[^\\u0000]*$") -> Kind:
    """`pattern`: for the document; values of which several may stand there have no comma in them."""

    def read(text: str) -> str:
        if not 1 <= len(text) <= most or not is_storable(text):
            raise ValueError(text)
        return text

    schema = {"type": "string", "minLength": 1, "maxLength": most, "pattern": pattern}
    return Kind(read, schema, f"Must have 1 to {most} characters.")


def whole(least: int, most: int) -> Kind:
    def read(text: str) -> int:
        if not WHOLE.fullmatch(text) or not least <= int(text) <= most:
            raise ValueError(text)
        return int(text)

    return Kind(read, {"type": "integer", "minimum": least, "maximum": most}, f"Must be a whole number from {least} to {most}.")


def _id(text: str) -> uuid.UUID:
    if not UUID.fullmatch(text):
        raise ValueError(text)
    return uuid.UUID(text)


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


ID = Kind(_id, {"type": "string", "format": "uuid"}, "Must be an id.")
FLAG = Kind(_flag, {"type": "boolean"}, "Must be true or false.")
MOMENT = Kind(read_instant, {"type": "string", "format": "date-time"}, "Must be a time with its offset, such as 2026-11-23T06:00:00Z.")


def window(name: str, lookup: str) -> tuple[Filter, Filter]:
    """`name`_after inclusive and `name`_before exclusive, so that windows tile."""
    return (
        Filter(f"{name}_after", MOMENT, "Not before this time.", lookup=f"{lookup}__gte"),
        Filter(f"{name}_before", MOMENT, "Before this time.", lookup=f"{lookup}__lt"),
    )


@dataclass(frozen=True)
class Query:
    """Of one address, for GET. `by`: the time that its list is ordered by; empty: no list. `fields`: of what can be asked for in part."""

    filters: tuple[Filter, ...] = ()
    by: str = ""
    fields: type[Resource] | None = None
    others: tuple[Parameter, ...] = ()

    def parameters(self) -> list[Parameter]:
        found: list[Parameter] = [*self.filters, *self.others]
        if self.by:
            orders = (f"-{self.by}", self.by)
            found += [
                Parameter("order", one_of(orders), f"{orders[0]}, the newest first, unless it is asked for otherwise."),
                Parameter("limit", whole(1, MOST), f"Rows of a page, {LIMIT} unless it is asked for otherwise."),
                Parameter("cursor", text(MAX_CURSOR), "From `next` or `previous` of an answer, as it is."),
            ]
        if self.fields is not None:
            known = self.fields.names()
            found.append(Parameter("fields", one_of(known), "Answer with these alone; `id` is always there.", many=True))
        return found

    def read(self, request: Request) -> Wishes:
        """Raises InvalidRequest with a place for each fault."""
        known = {parameter.name: parameter for parameter in self.parameters()} if request.method in ("GET", "HEAD") else {}
        places = [Place("unknown_parameter", "There is no such parameter.", parameter=name) for name in request.GET if name not in known]
        values: dict[str, Any] = {}
        for name, parameter in known.items():
            given = request.GET.getlist(name)
            if len(given) > 1:
                places.append(Place("repeated", "It stands there more than once.", parameter=name))
            elif given:
                try:
                    values[name] = parameter.read(given[0])
                except ValueError:
                    places.append(Place("invalid", parameter.kind.hint, parameter=name))
        if places:
            raise InvalidRequest("The query does not fit.", places)
        return Wishes(self, values)


@dataclass(frozen=True)
class Wishes:
    """What stood in the query, read."""

    query: Query
    values: Mapping[str, Any] = field(default_factory=dict)

    def filter(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        for one in self.query.filters:
            if one.name in self.values:
                rows = one.apply(rows, self.values[one.name])
        return rows

    @property
    def limit(self) -> int:
        return int(self.values.get("limit", LIMIT))

    @property
    def newest_first(self) -> bool:
        return str(self.values.get("order", "-")).startswith("-")

    @property
    def only(self) -> frozenset[str] | None:
        """Names of fields; None: all."""
        return frozenset(self.values["fields"]) if "fields" in self.values else None
