"""Querysets that are asked with every request, and whose SQL is written once: Django takes several times as long to write it as PostgreSQL
takes to answer.

Only for what benchmarks show to matter. Anything else is asked as it stands; docs/decisions/0058.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import BooleanField, Expression, F, Func, Model, QuerySet

M = TypeVar("M", bound=Model)
Row = tuple[Any, ...]
# A statement and its values.
Question = tuple[str, list[Any]]


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
    """`build` makes the queryset and is called once, when it is first asked: nothing in it may be of that moment, of a person or of a
    tenant. Ask with a value for each slot."""

    def __init__(self, build: Callable[[], QuerySet[Any]]) -> None:
        self._build = build

    def with_values(self, **values: Any) -> Question:
        sql, parameters = self._written
        return sql, [values[one.name] if isinstance(one, Slot) else one for one in parameters]

    def tuples(self, **values: Any) -> list[Row]:
        """Of `values_list`: as psycopg reads them, without the conversions of Django's fields."""
        (rows,) = ask(self.with_values(**values))
        return rows

    def rows(self, **values: Any) -> list[M]:
        return self.instances(self.tuples(**values))

    def instances(self, rows: Iterable[Row]) -> list[M]:
        """With what was annotated. Of whole rows: nothing deferred, nothing selected beside the table."""
        return [self._instance(list(row)) for row in rows]

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
        query = self._queryset.query
        is_whole = query.default_cols and not query.select_related and not query.deferred_loading[0]
        assert is_whole, "whole rows of one table alone"
        fields = self._queryset.model._meta.concrete_fields
        return [field.attname for field in fields], [
            (n, field.from_db_value) for n, field in enumerate(fields) if hasattr(field, "from_db_value")
        ]


def ask(*questions: Question) -> list[list[Row]]:
    """The rows of each. All go in one message, since each way to the database and back costs as much as an answer."""
    statements, values = zip(*questions, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(";".join(statements), [value for some in values for value in some])
        answers = [cursor.fetchall()]
        while cursor.nextset():
            answers.append(cursor.fetchall())
    return answers
