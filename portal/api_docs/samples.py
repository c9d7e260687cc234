"""A call, as curl and as Python write it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings

Schema = dict[str, Any]
KEY = "REPORTS_KEY"
IDEMPOTENCY = "Idempotency-Key"
VARIABLE = re.compile(r"{(\w+)}")
WIDTH = 72


@dataclass(frozen=True)
class Sample:
    curl: str
    python: str


@dataclass(frozen=True)
class Language:
    """How values are written. `scalar`: what is no text."""

    scalar: Callable[[Any], str]
    indent: str
    last_comma: str


JSON, PYTHON = Language(json.dumps, "  ", ""), Language(repr, "    ", ",")


def sample(method: str, path: str, parameters: list[Schema], body: Any) -> Sample:
    once = any(one["name"] == IDEMPOTENCY for one in parameters)
    return Sample(_curl(method, path, body, once=once), _python(method, path, body, once=once))


def answer_text(value: Any) -> str:
    return _laid_out(value, JSON)


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
        quoted = _laid_out(body, JSON).replace("'", "'\\''")
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
        call.append("    json=" + _laid_out(body, PYTHON).replace("\n", "\n    ") + ",")
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


def _laid_out(value: Any, language: Language, depth: int = 0) -> str:
    """As people write it: on one line where it fits, and the outermost never."""
    flat = _flat(value, language)
    if not isinstance(value, dict | list) or not value or (depth and len(flat) + len(language.indent) * depth <= WIDTH):
        return flat
    inner, indent = language.indent * (depth + 1), language.indent * depth
    if isinstance(value, list):
        opened, closed, parts = "[", "]", [_laid_out(part, language, depth + 1) for part in value]
    else:
        opened, closed = "{", "}"
        parts = [f"{_text(name)}: {_laid_out(part, language, depth + 1)}" for name, part in value.items()]
    return f"{opened}\n{inner}" + f",\n{inner}".join(parts) + f"{language.last_comma}\n{indent}{closed}"


def _flat(value: Any, language: Language) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(name)}: {_flat(part, language)}" for name, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flat(part, language) for part in value) + "]"
    return _text(value) if isinstance(value, str) else language.scalar(value)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
