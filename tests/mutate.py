"""Mutation run of tenancy: takes each safeguard away in turn and says what the tests noticed. `make mutate`.

A filter `for_tenant` that is taken away must show no foreign row, because row-level security stands behind it: the walk over all addresses
stays green. A policy that is dropped, or opened to everybody, must make the suite fail: else nothing would tell that it is missing.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = ("tenants", "reports", "portal")
COPIED = (*PRODUCT, "templates", "tests", "manage.py", "pyproject.toml")
WALK = ("tests/test_isolation.py",)
TENANCY = ("tests/tenants", *WALK)
PASS, FAIL = "passes", "fails"
AT_ONCE = 2
POLICIES = "select tablename, policyname, coalesce(qual, 'true'), coalesce(with_check, 'true'), cmd from pg_policies order by 1, 2"


@dataclass(frozen=True)
class Mutation:
    name: str
    expected: str
    tests: tuple[str, ...]
    # SQL for the database of the run, and files of the product with their new text.
    sql: str = ""
    files: dict[str, str] = field(default_factory=dict)


def without_filters(policies: list[tuple[str, ...]]) -> Iterator[Mutation]:
    unfiltered = {}
    for path in sorted(file for package in PRODUCT for file in (ROOT / package).rglob("*.py")):
        text, place = path.read_text(), str(path.relative_to(ROOT))
        for call in _filters(text):
            yield Mutation(f"{place}:{call.lineno} without for_tenant", PASS, WALK, files={place: _unfiltered(text, call)})
        # From the last to the first, so that the places of the others stay true.
        for call in reversed(_filters(text)):
            unfiltered[place] = _unfiltered(unfiltered.get(place, text), call)
    yield Mutation("no for_tenant anywhere", PASS, WALK, files=unfiltered)
    # With both walls down foreign rows have to show; else the walk would see nothing.
    opened = ";".join(_open(*policy) for policy in policies if policy[1] == "tenant_rows")
    yield Mutation("no for_tenant, and tenant_rows open to all", FAIL, WALK, sql=opened, files=unfiltered)


def _filters(text: str) -> list[ast.Call]:
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    found = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "for_tenant"]
    return sorted(found, key=lambda call: (call.end_lineno, call.end_col_offset))


def _unfiltered(text: str, call: ast.Call) -> str:
    """`jobs.for_tenant(tenant)` becomes `jobs.all()`."""
    assert isinstance(call.func, ast.Attribute)
    start = _offset(text, call.func.value.end_lineno, call.func.value.end_col_offset)
    return text[:start] + ".all()" + text[_offset(text, call.end_lineno, call.end_col_offset) :]


def _offset(text: str, line: int | None, column: int | None) -> int:
    """ast counts a line's columns in bytes."""
    assert line is not None
    lines = text.splitlines(keepends=True)
    return sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())


def without_policies(policies: list[tuple[str, ...]]) -> Iterator[Mutation]:
    for policy in policies:
        table, name, using, check, _ = policy
        yield Mutation(f"{table}: {name} dropped", FAIL, TENANCY, sql=f"drop policy {name} on {table}")
        if (using, check) != ("true", "true"):
            yield Mutation(f"{table}: {name} open to all", FAIL, TENANCY, sql=_open(*policy))


def _open(table: str, name: str, using: str, check: str, command: str) -> str:
    clauses = {"INSERT": "with check (true)", "SELECT": "using (true)"}.get(command, "using (true) with check (true)")
    return f"alter policy {name} on {table} {clauses}"


def _policies() -> list[tuple[str, ...]]:
    """Asked of a database of the suite's own making."""
    # Tests have their own embedded PostgreSQL, which the settings choose by this.
    os.environ["PYTEST_VERSION"] = "mutate"
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    import django
    import psycopg

    django.setup()
    from tenants import roles
    from tests.database import addresses, fresh_database

    with fresh_database() as name, psycopg.connect(addresses(name)[roles.URL_VARIABLES[roles.OWNER]]) as owner:
        return owner.execute(POLICIES).fetchall()


def run(mutation: Mutation) -> tuple[str, str]:
    """What the tests say, and the first that said it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        _copy(copy)
        for path, text in mutation.files.items():
            (copy / path).write_text(text)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        # The template database is shared: its migrations are the same.
        environment |= {"PORTAL_STATE_DIR": os.environ.get("PORTAL_STATE_DIR") or str(ROOT / ".local"), "MUTATION_SQL": mutation.sql}
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *mutation.tests]
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
    if done.returncode == 0:
        return PASS, ""
    first = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", done.stdout, re.M)
    if done.returncode != 1 or not first:
        raise RuntimeError(f"{mutation.name}: pytest did not run.\n{done.stdout}{done.stderr}")
    return FAIL, first[1].removeprefix("tests/")


def _copy(folder: Path) -> None:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)


def main() -> int:
    policies = _policies()
    mutations = [Mutation("nothing taken away", PASS, TENANCY), *without_filters(policies), *without_policies(policies)]
    surprises = 0
    width = max(len(mutation.name) for mutation in mutations)
    print(f"{'mutation':{width}}  expected  got")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for mutation, (got, first) in zip(mutations, pool.map(run, mutations), strict=True):
            surprising = got != mutation.expected
            surprises += surprising
            print(f"{mutation.name:{width}}  {mutation.expected:8}  {got} {first}{'  <-- surprise' if surprising else ''}", flush=True)
    print(f"{len(mutations)} mutations, {surprises} surprises")
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
