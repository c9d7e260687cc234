"""Somebody of acme who asks for more than acme's: everything an answer or a row may give away is looked for after each request."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import resolve

from tenants.scope import platform_scope
from tests.attacks.forms import Form, forms_of, queries_of
from tests.tenants.rows import sql
from tests.test_isolation import OBJECTS, Address, Company, _of_the_test, _rows, _values

A_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# What differs from one time to the next: ids, times, random texts.
VARIES = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\\\\x[0-9a-f]+|LNK-\w+|[A-Za-z0-9_-]{32,}"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:?\d\d|Z)?"
    r'|(?<="hint": ")[^"]+|(?<="id": )\d+'
)


@dataclass(frozen=True)
class Attacker:
    browser: Client
    acme: Company
    globex: Company
    globex_rows: dict[str, list[tuple]]

    def get(self, path: str, query: dict[str, Any] | None = None, **headers: str) -> HttpResponse:
        return self._ask(lambda: self.browser.get(path, query or {}, headers=headers), sent=[path, *map(str, (query or {}).values())])

    def post(self, path: str, data: Any, **options: Any) -> HttpResponse:
        return self.do(path, data, **options)[0]

    def do(self, path: str, data: Any, *, sent: list[str] | None = None, **options: Any) -> tuple[HttpResponse, Counter[str]]:
        """The answer, and the rows that were there after it; then all is as before."""
        rows: Counter[str] = Counter()
        answer = self._ask(lambda: self.browser.post(path, data, **options), sent=sent or [path], into=rows)
        return answer, rows

    def _ask(self, ask: Callable[[], HttpResponse], *, sent: list[str], into: Counter[str] | None = None) -> HttpResponse:
        cookies = self.browser.cookies.copy()
        with _of_the_test():
            answer = ask()
            said = f"{answer.getvalue().decode(errors='replace')} {answer.headers}"
            if into is not None and answer.status_code < 400:
                into.update(self._rows_after(sent))
            transaction.set_rollback(True)
        self.browser.cookies = cookies
        assert answer.status_code < 500 or answer.status_code == 503, sent
        # What was sent may stand in the answer: in the box it was typed into.
        assert self.marks_in(said, sent) == [], sent
        return answer

    def _rows_after(self, sent: list[str]) -> Counter[str]:
        assert _rows(self.globex.tenant) == self.globex_rows, sent
        rows = [f"{table} {row[0]}" for table, found in _rows(self.acme.tenant).items() for row in found]
        assert [row for row in rows if self.ids_in(row)] == [], sent
        people = [f"person {row[0]}" for row in sql("select to_jsonb(x)::text from tenants_user x order by 1")]
        with platform_scope():
            tenants = [f"tenant {row[0]}" for row in sql("select to_jsonb(x)::text from tenants_tenant x order by 1")]
        return Counter(VARIES.sub("…", row) for row in [*rows, *people, *tenants])

    def marks_in(self, text: str, sent: list[str]) -> list[str]:
        asked = " ".join(sent).lower()
        return [mark for mark in self.globex.marks() if mark in text and mark.lower() not in asked]

    def ids(self) -> dict[str, str]:
        """Of everything that globex has, by its kind."""
        objects = {name: of(self.globex) for name, (of, _) in OBJECTS.items()}
        people = {"person": str(self.globex.owner.pk), "tenant": str(self.globex.tenant.pk), "slug": self.globex.tenant.slug}
        return objects | people

    def ids_like(self, said: set[str]) -> set[str]:
        """What globex has in place of what acme has: of the same kinds. Of all kinds where nobody knows what these ids are of."""
        own = {name: of(self.acme) for name, (of, _) in OBJECTS.items()} | {"person": str(self.acme.owner.pk)}
        kinds = {name for name, value in own.items() if value in said}
        if kinds:
            return {value for name, value in self.ids().items() if name in kinds}
        return {value for value in self.ids().values() if A_UUID.fullmatch(value)} if any(map(A_UUID.fullmatch, said)) else set()

    def ids_in(self, row: str) -> list[str]:
        """Ids that are globex's alone. A person's number is short, and stands in many a row."""
        return [found for found in set(self.ids().values()) if len(found) > 20 and found in row]

    def pages(self, addresses: list[Address]) -> dict[str, str]:
        """By path: what acme's own pages show."""
        paths = [address.with_values(_values(address, self.acme)) for address in addresses]
        found = {path: self.get(path) for path in paths}
        return {path: answer.content.decode() for path, answer in found.items() if answer.status_code == 200 and _is_html(answer)}

    def forms(self, addresses: list[Address]) -> list[Form]:
        """That change something; one that stands on several pages, or once for each row of a list, once."""
        forms = [form for path, html in self.pages(addresses).items() for form in forms_of(path, html) if form.method == "post"]
        return list({(resolve(urlsplit(form.action).path).url_name, *sorted(form.names)): form for form in forms}.values())

    def queries(self, addresses: list[Address]) -> set[tuple[str, str]]:
        """(path, name of a parameter): what acme's pages ask each other. Of pages that differ in their object alone, one."""
        asked = set().union(*(queries_of(path, html) for path, html in self.pages(addresses).items()))
        return set({(resolve(path).url_name, name): (path, name) for path, name in sorted(asked) if path.startswith("/t/acme/")}.values())


def _is_html(answer: HttpResponse) -> bool:
    return answer.get("Content-Type", "").startswith("text/html") and not answer.streaming
