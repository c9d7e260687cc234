"""Bodies and answers: what is sent in is read strictly, what goes out can be asked for in part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request

from reports.api.v1.problems import InvalidRequest, Place, pointer

# REST framework's words for the same thing.
CODES = {"does_not_match": "invalid", "max_string_length": "max_length", "not_a_list": "invalid", "date": "invalid", "datetime": "invalid"}


class Body(serializers.Serializer[Any]):
    """What a request may hold: nothing beside its fields."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = data.keys() - self.fields.keys() if isinstance(data, Mapping) else ()
        faults = {name: [ErrorDetail("There is no such member.", "unknown_field")] for name in sorted(unknown)}
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            raise serializers.ValidationError(error.detail | faults) from error  # type: ignore[operator]
        if faults:
            raise serializers.ValidationError(faults)
        return values

    @classmethod
    def read(cls, request: Request, *, partial: bool = False) -> dict[str, Any]:
        """Raises InvalidRequest with a place for each fault. `partial`: a merge patch, in which what is left out stays as it is."""
        body = cls(data=request.data, partial=partial)
        if not body.is_valid():
            raise InvalidRequest("The body does not fit.", list(_places(body.errors, ())))
        return dict(body.validated_data)


class Nothing(Body):
    """The body of a request that says all in its address: empty, or an object without members."""


class Resource(serializers.Serializer[Any]):
    """An answer. `only`: the names of the fields that were asked for; `id` is always there. None: all of them."""

    # Whether lists and single ones can be asked for in part; the document then requires no more than `id` of it.
    sparse: ClassVar[bool] = True

    @classmethod
    def tell(cls, rows: Iterable[Any], only: frozenset[str] | None, context: dict[str, Any]) -> list[dict[str, Any]]:
        """Each new instance copies all of its fields, which takes longer than telling a row: where it can, one serves all requests."""
        teller = _whole(cls) if only is None and not context else cls(only=only, context=context)
        return [teller.to_representation(row) for row in rows]

    @classmethod
    def names(cls) -> list[str]:
        """Of its fields: an instance would copy each of them."""
        return list(cls._declared_fields)

    def __init__(self, *args: Any, only: frozenset[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if only is not None:
            for name in self.fields.keys() - only - {"id"}:
                self.fields.pop(name)


@cache
def _whole(fields: type[Resource]) -> Resource:
    return fields()


def _places(errors: Any, path: tuple[str, ...]) -> Iterator[Place]:
    """REST framework nests its errors as the body is nested."""
    if isinstance(errors, Mapping):
        for name, inner in errors.items():
            here = path if name == "non_field_errors" else (*path, str(name))
            yield from _places(inner, here)
        return
    for number, error in enumerate(errors):
        if isinstance(error, ErrorDetail):
            code = str(error.code)
            yield Place(CODES.get(code, code), str(error), pointer=pointer(path))
        else:
            yield from _places(error, (*path, str(number)))
