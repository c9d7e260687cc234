"""Which media types are read and answered: JSON alone, strictly."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from reports.api.json_body import JsonBody, MalformedBody
from reports.api.v1.problems import MEDIA_TYPE


class StrictJson(JsonBody):
    """A member that is there twice is refused: readers disagree about which one counts."""

    media_type = "application/json"

    def member_pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) < len(pairs):
            raise MalformedBody("A member of the body is there twice.")
        return members


class ProblemJson(JSONRenderer):
    """Named for clients that accept nothing else; what they get says itself what it is."""

    media_type = MEDIA_TYPE


class JsonAlone(DefaultContentNegotiation):
    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Raises NotAcceptable for a client that takes neither."""
        super().select_renderer(request, renderers, format_suffix)
        first = next(iter(renderers))
        return first, str(first.media_type)
