"""The platform of the tests as a file, and running `manage.py apply` on it."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

STAFF_PASSWORD = "a-password-for-staff"
OWNER_PASSWORD = "a-password-for-owner"
KEY = "a-key-of-more-than-thirty-two-characters"

PLATFORM: dict[str, Any] = {
    "staff": [{"email": "Ops@AnyCompany.example", "password_env": "STAFF_PASSWORD"}],
    "account": [{"name": "main", "id": "111122223333", "region": "us-east-1", "slots": 12, "requests_per_second": 100}],
    "report": [
        {
            "slug": "daily-calls",
            "name": "Daily call volume",
            "account": "111122223333",
            "dashboard_id": "daily-calls",
            "sheet_id": "sheet-1",
            "visual_ids": ["table-1", "pivot-1"],
            "formats": ["PDF", "CSV", "EXCEL"],
            "required_tags": ["tenant_id"],
            "parameter": [
                {"name": "Region", "type": "string", "multiple": True, "choices": ["North", "South"], "default": ["North"]},
                {"name": "MinSeconds", "type": "integer", "default": 0},
            ],
        }
    ],
    "tenant": [
        {
            "slug": "acme",
            "name": "Acme Hotels",
            "timezone": "Europe/Berlin",
            "session_tags": {"tenant_id": "acme"},
            "bucket": "acme-reports",
            "reports": ["daily-calls"],
            "links": {"days": 14, "max_uses": 5},
            "grant": [{"report": "daily-calls", "parameters": {"Region": ["North"]}}],
            "member": [{"email": "owner@acme.example", "role": "owner", "password_env": "ACME_OWNER_PASSWORD"}],
            "api_key": [{"name": "integration", "scopes": ["jobs:read", "jobs:write"], "secret_env": "ACME_API_KEY"}],
            "group": [{"name": "Night desks", "recipients": ["night@acme.example"]}],
            "schedule": [
                {
                    "slug": "weekday-morning",
                    "report": "daily-calls",
                    "formats": ["PDF", "EXCEL"],
                    "cron": "30 7 * * 1-5",
                    "parameters": {"MinSeconds": 30},
                    "recipient": [{"email": "ops@acme.example"}],
                    "audience": [{"name": "North desk", "session_tags": {"desk": "north"}, "recipients": ["north@acme.example"]}],
                }
            ],
        }
    ],
}


@dataclass
class Platform:
    """Writes `tables` as TOML and applies them. Without preflight unless `ask` is set."""

    folder: Path
    tables: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(PLATFORM))
    ask: bool = False

    @property
    def tenant(self) -> dict[str, Any]:
        return self.tables["tenant"][0]

    @property
    def report(self) -> dict[str, Any]:
        return self.tables["report"][0]

    @property
    def schedule(self) -> dict[str, Any]:
        return self.tenant["schedule"][0]

    def apply(self, *flags: str, text: str | bytes | None = None) -> str:
        path = self.folder / "platform.toml"
        content = to_toml(self.tables) if text is None else text
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        out = StringIO()
        call_command("apply", str(path), *flags, *([] if self.ask else ["--skip-preflight"]), stdout=out)
        return out.getvalue()

    def lines(self, *flags: str) -> list[str]:
        """The plan alone."""
        return [line for line in self.apply(*flags).splitlines() if line[:2] in ("+ ", "~ ", "- ")]

    def faults(self, text: str | bytes | None = None) -> list[str]:
        with pytest.raises(CommandError) as refused:
            self.apply(text=text)
        *faults, last = str(refused.value).splitlines()
        assert last.startswith("Nothing was applied")
        return faults

    def fault(self) -> str:
        faults = self.faults()
        assert len(faults) == 1, faults
        return faults[0]


def to_toml(tables: dict[str, Any], path: str = "") -> str:
    """Tables in a table, lists of tables as [[…]], the rest on one line each."""
    arrays = {key: value for key, value in tables.items() if isinstance(value, list) and value and isinstance(value[0], dict)}
    lines = [f"{quoted(key)} = {inline(value)}" for key, value in tables.items() if key not in arrays]
    for key, items in arrays.items():
        name = f"{path}{key}"
        lines += [f"[[{name}]]\n{to_toml(item, f'{name}.')}" for item in items]
    return "\n".join(lines) + "\n"


def inline(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{quoted(key)} = {inline(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(inline(item) for item in value) + "]"
    return quoted(value) if isinstance(value, str) else str(value)


def quoted(text: str) -> str:
    escaped = "".join(f"\\u{ord(character):04x}" if character < " " or character in '"\\' else character for character in text)
    return f'"{escaped}"'
