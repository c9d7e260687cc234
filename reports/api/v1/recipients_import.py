"""`/recipients/import/`: many recipients at once, all or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from reports.address_book import lists, upload
from reports.address_book.lists import MAX_BYTES, MAX_LINES, Line
from reports.address_book.upload import Result
from reports.address_book.words import NAME_LENGTH
from reports.api.json_body import MAX_LONG_BODY
from reports.api.v1.body import Body
from reports.api.v1.fields import Choice, Text, Truth
from reports.api.v1.view import V1View
from reports.refused import Place, Refused

MOST_GROUPS = 50
EXAMPLE = {"rows": [{"email": "desk@acme.example", "name": "Night desk", "groups": ["Managers"], "language": "de"}], "dry_run": True}


class ImportRow(Body):
    email = Text(max_length=254)
    name = Text(max_length=NAME_LENGTH, allow_blank=True, required=False, help_text="Empty: as it is.")
    groups = serializers.ListField(
        child=Text(max_length=NAME_LENGTH), max_length=MOST_GROUPS, required=False, help_text="By name; joins them."
    )
    language = Choice(choices=[code for code, _name in settings.LANGUAGES], required=False)


class ImportIn(Body):
    """Rows or the text of a CSV file, one of them."""

    rows = serializers.ListField(child=ImportRow(), min_length=1, max_length=MAX_LINES, required=False)
    csv = Text(max_length=MAX_BYTES, required=False, help_text="As a spreadsheet saves it; columns email, name, group, language.")
    dry_run = Truth(required=False, help_text="Say what would be done, and do nothing.")


class ImportOut(serializers.Serializer[object]):
    dry_run = serializers.BooleanField()
    added = serializers.IntegerField()
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField()


class ImportRecipients(V1View):
    scopes = {"POST": "audiences:write"}
    max_body = MAX_LONG_BODY
    idempotency = V1View.REQUIRED
    refuses = {"POST": ("import_invalid",)}

    @extend_schema(
        operation_id="import_recipients",
        request=ImportIn,
        responses={200: ImportOut},
        examples=[OpenApiExample("Rows, tried out", EXAMPLE, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        """Add and change many recipients at once.

        By address: who is there is changed, and what a row does not say stays as it is. All or nothing: every wrong line is named.
        """
        body = ImportIn.read(request)
        is_dry = body.get("dry_run", False)

        def act() -> Response:
            with _renamed(is_csv="csv" in body):
                lines = _lines(body)
                added, changed = self._tried(lines) if is_dry else self._saved(lines)
            counts = {"added": added, "changed": changed, "unchanged": len(lines) - added - changed}
            return Response({"dry_run": is_dry} | counts)

        return self.create(act)

    def _tried(self, lines: list[Line]) -> tuple[int, int]:
        judged = upload.judge(self.caller.tenant, lines)
        upload.refuse_wrong(judged)
        count = Counter(one.result for one in judged)
        return count[Result.NEW], count[Result.CHANGED]

    def _saved(self, lines: list[Line]) -> tuple[int, int]:
        saved = upload.save(self.caller.tenant, self.caller.actor, lines, leave_out=False, now=timezone.now())
        return saved.added, saved.changed


def _lines(body: dict[str, Any]) -> list[Line]:
    """The number of a row is its place in the body, that of a line of CSV where it begins in the text. Raises Refused."""
    if ("rows" in body) == ("csv" in body):
        raise Refused("import_invalid", _("Send either rows or csv."))
    if "csv" in body:
        return lists.read(body["csv"]).lines
    return [
        Line(number, row["email"], row.get("name", ""), tuple(row.get("groups", ())), row.get("language", ""))
        for number, row in enumerate(body["rows"])
    ]


@contextmanager
def _renamed(*, is_csv: bool) -> Iterator[None]:
    """The address book's faults, at their places in the body. The text of a CSV is one place, so its line is said in words."""
    try:
        yield
    except Refused as refused:
        told = _in_csv if is_csv else _in_rows
        raise Refused(refused.code, refused.detail, tuple(map(told, refused.places))) from refused


def _in_rows(place: Place) -> Place:
    return replace(place, path=("rows", *place.path[1:]))


def _in_csv(place: Place) -> Place:
    if place.path[0] != "lines":
        return replace(place, path=("csv",))
    _lines, number, column = place.path
    words = {"line": number, "column": lists.HEADS[column], "fault": place.detail}
    return replace(place, path=("csv",), detail=_("Line %(line)s, %(column)s: %(fault)s") % words)
