"""A call, as curl and as Python write it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings

Schema = dict[str, Any]
KEY = "REPORTS_KEY"
IDEMPOTENCY = "Idempotency-Key"
VARIABLE = re.compile(r"{(\w+)}")
WIDTH = 88


@dataclass(frozen=True)
class Sample:
    curl: str
    python: str


def sample(method: str, path: str, parameters: list[Schema], body: Any) -> Sample:
    once = any(one["name"] == IDEMPOTENCY for one in parameters)
    return Sample(_curl(method, path, body, once=once), _python(method, path, body, once=once))


def answer_text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _curl(method: str, path: str, body: Any, *, once: bool) -> str:
    address = settings.PORTAL_BASE_URL + VARIABLE.sub(lambda found: f"${found[1].upper()}", path)
    lines = [f'curl "{address}"', f'-H "Authorization: Bearer ${KEY}"']
    if method == "DELETE" or (method == "POST" and body is None):
        lines[0] = f'curl -X {method} "{address}"'
    if method == "PATCH":
        lines[0] = f'curl -X PATCH "{address}"'
    if once:
        lines.append(f'-H "{IDEMPOTENCY}: $(uuidgen)"')
    if body is not None:
        quoted = json.dumps(body, indent=2, ensure_ascii=False).replace("'", "'\\''")
        lines.append(f"--json '{quoted}'")
    return " \\\n  ".join(lines)


def _python(method: str, path: str, body: Any, *, once: bool) -> str:
    address = VARIABLE.sub(lambda found: f"{{{found[1]}}}", path.removeprefix("/api/v1/"))
    imports = ["import os"] + ["import uuid"] * once + ["", "import requests"]
    call = [
        f'    API + {"f" * ("{" in address)}"{address}",',
        '    headers={"Authorization": f"Bearer {os.environ[\'REPORTS_KEY\']}"' + _once(once) + "},",
    ]
    if body is not None:
        call.append("    json=" + _literal(body).replace("\n", "\n    ") + ",")
    ends = [] if method == "DELETE" else ["print(answer.json())"]
    lines = [
        *imports,
        "",
        f'API = "{settings.PORTAL_BASE_URL}/api/v1/"',
        f"answer = requests.{method.lower()}(",
        *call,
        "    timeout=60,",
        ")",
    ]
    return "\n".join([*lines, "answer.raise_for_status()", *ends])


def _once(once: bool) -> str:
    return f', "{IDEMPOTENCY}": str(uuid.uuid4())' * once


def _literal(value: Any, depth: int = 0) -> str:
    """As people write it: on one line where it fits."""
    flat = repr(value).replace("'", '"') if not isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or len(flat) + 4 * depth <= WIDTH:
        return _one_line(value)
    inner, indent = "    " * (depth + 1), "    " * depth
    if isinstance(value, list):
        parts = [f"{inner}{_literal(part, depth + 1)},\n" for part in value]
        return f"[\n{''.join(parts)}{indent}]"
    parts = [f"{inner}{json.dumps(name)}: {_literal(part, depth + 1)},\n" for name, part in value.items()]
    return f"{{\n{''.join(parts)}{indent}}}"


def _one_line(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)}: {_one_line(part)}" for name, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_one_line, value)) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
