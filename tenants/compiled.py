"""Querysets that are asked with every request, and whose SQL is written once: Django takes several times as long to write it as PostgreSQL
takes to answer.

Only for what benchmarks show to matter. Anything else is asked as it stands; docs/decisions/0058.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import BooleanField, Expression, F, Func, Model, QuerySet

M = TypeVar("M", bound=Model)


class Slot(Expression):
    """Stands in a queryset for a value that comes with each question."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]


class OneOf(Func):
    """Whether a column is one of the values of a slot, however many there are: `in` has another text for each number of them."""

    template, arg_joiner = "%(expressions)s)", " = any("
    output_field = BooleanField()

    def __init__(self, column: str, slot: str) -> None:
        super().__init__(F(column), Slot(slot))


class Compiled(Generic[M]):
    """`build` makes the queryset and is called once, when it is first asked. Ask with a value for each slot."""

    def __init__(self, build: Callable[[], QuerySet[Any]]) -> None:
        self._build = build

    def tuples(self, **values: Any) -> list[tuple[Any, ...]]:
        """Of `values_list`: as psycopg reads them, without the conversions of Django's fields."""
        sql, parameters = self._written
        with connection.cursor() as cursor:
            cursor.execute(sql, [values[one.name] if isinstance(one, Slot) else one for one in parameters])
            return cursor.fetchall()

    def rows(self, **values: Any) -> list[M]:
        """As instances, with what was annotated. Of whole rows: nothing deferred, nothing selected beside the table."""
        return [self._instance(list(row)) for row in self.tuples(**values)]

    def _instance(self, row: list[Any]) -> M:
        names, from_db = self._columns
        for place, convert in from_db:
            row[place] = convert(row[place], None, connection)
        instance = self._queryset.model.from_db(connection.alias, names, row[: len(names)])
        for name, value in zip(self._queryset.query.annotation_select, row[len(names) :], strict=True):
            setattr(instance, name, value)
        return instance

    @cached_property
    def _queryset(self) -> QuerySet[Any]:
        return self._build()

    @cached_property
    def _written(self) -> tuple[str, tuple[Any, ...]]:
        return self._queryset.query.sql_with_params()

    @cached_property
    def _columns(self) -> tuple[list[str], list[tuple[int, Any]]]:
        """Names in the order of the columns, and the places of those that Django converts, such as JSON."""
        fields = self._queryset.model._meta.concrete_fields
        return [field.attname for field in fields], [
            (n, field.from_db_value) for n, field in enumerate(fields) if hasattr(field, "from_db_value")
        ]
