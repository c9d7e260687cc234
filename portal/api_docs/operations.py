"""Each operation of the document as a page shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from portal.api_docs.samples import Sample, answer_text, sample
from portal.api_docs.shapes import Schema, example, kind, known_examples, resolved
from reports.api.v1.codes import KINDS, Kind
from reports.api.v1.schema import document

METHODS = ("get", "post", "patch", "delete")
JSON = "application/json"
CODE = re.compile(r"`(\w+)`")
SCOPE = re.compile(r"Needs the scope `([\w:]+)`\.$")
PREFIX = "/api/v1/"
# What they are called where they are listed, in this order. Others follow by name.
TITLES = {
    "me": "Your key",
    "reports": "Reports",
    "jobs": "Jobs",
    "batches": "Batches",
    "schedules": "Schedules",
    "occurrences": "Occurrences",
    "audiences": "Audiences",
    "recipients": "Recipients",
    "links": "Links",
    "downloads": "Downloads",
    "destinations": "Destinations",
    "webhooks": "Webhooks",
    "events": "Events",
    "usage": "Usage",
}


@dataclass(frozen=True)
class Member:
    """Of a body, a query, a path or an answer."""

    name: str
    kind: str
    told: str
    required: bool = False


@dataclass(frozen=True)
class Problem:
    code: str
    kind: Kind


@dataclass(frozen=True)
class Operation:
    """`scope` empty: any key. `answer` empty: it has no body."""

    id: str
    method: str
    path: str
    title: str
    told: list[str]
    scope: str
    path_members: list[Member]
    query: list[Member]
    headers: list[Member]
    body: list[Member]
    problems: list[Problem]
    sample: Sample
    status: str
    answer: str
    answer_members: list[Member] = field(default_factory=list)
    # Of the operation before it whose answer is this one, too; then it is not shown again. None: of none.
    answers_like: Operation | None = None


@dataclass(frozen=True)
class Section:
    """A resource: its operations, and the first one's answer, field by field."""

    name: str
    title: str
    operations: list[Operation]


@cache
def sections() -> list[Section]:
    found: dict[str, list[Operation]] = {}
    for path, methods in document()["paths"].items():
        name = path.removeprefix(PREFIX).partition("/")[0]
        found.setdefault(name, []).extend(_operation(path, method, methods[method]) for method in METHODS if method in methods)
    order = [*TITLES, *sorted(found.keys() - TITLES.keys())]
    return [Section(name, TITLES.get(name, name.capitalize()), _without_repeats(found[name])) for name in order if name in found]


def _without_repeats(operations: list[Operation]) -> list[Operation]:
    first: dict[str, Operation] = {}
    return [
        replace(one, answers_like=first[one.answer]) if one.answer in first else first.setdefault(one.answer, one) if one.answer else one
        for one in operations
    ]


def section(name: str) -> Section | None:
    return next((one for one in sections() if one.name == name), None)


def _operation(path: str, method: str, told: Schema) -> Operation:
    whole = document()
    description = told.get("description", "").strip()
    scope = SCOPE.search(description)
    body = told.get("requestBody", {}).get("content", {}).get(JSON, {})
    status = next(status for status in told["responses"] if status.startswith("2"))
    answer = told["responses"][status].get("content", {}).get(JSON, {})
    parameters = told.get("parameters", [])
    return Operation(
        id=told["operationId"],
        method=method.upper(),
        path=path,
        title=told.get("summary", ""),
        told=[part for part in description.split("\n\n") if not part.startswith(("Needs the scope", "Any valid key"))],
        scope=scope[1] if scope else "",
        path_members=[_parameter(one) for one in parameters if one["in"] == "path"],
        query=[_parameter(one) for one in parameters if one["in"] == "query"],
        headers=[_parameter(one) for one in parameters if one["in"] == "header"],
        body=_members(body.get("schema", {})),
        problems=_problems(told["responses"]),
        sample=sample(method.upper(), path, parameters, _example(body) if body else None),
        status=status,
        answer=answer_text(_example(answer)) if answer else "",
        answer_members=_members(_single(answer.get("schema", {}), whole)),
    )


def _parameter(told: Schema) -> Member:
    return Member(told["name"], kind(told["schema"], document()), told.get("description", ""), told.get("required", False))


def _members(schema: Schema) -> list[Member]:
    whole = document()
    found = resolved(schema, whole)
    required = found.get("required", [])
    return [
        Member(name, kind(part, whole), part.get("description", ""), name in required) for name, part in found.get("properties", {}).items()
    ]


def _single(schema: Schema, whole: Schema) -> Schema:
    """Of a page: one of its rows."""
    rows = resolved(schema, whole).get("properties", {}).get("results")
    return rows["items"] if rows else schema


def _example(content: Schema) -> Any:
    given = next(iter(content.get("examples", {}).values()), None)
    return given["value"] if given else example(content.get("schema", {}), document(), _known())


@cache
def _known() -> dict[str, Any]:
    return known_examples(document())


def _problems(responses: Schema) -> list[Problem]:
    return [Problem(code, KINDS[code]) for code in _codes(responses)]


def _codes(responses: Schema) -> Iterator[str]:
    for status, told in responses.items():
        if status >= "400":
            yield from CODE.findall(told.get("description", ""))
