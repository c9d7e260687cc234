"""docs/platform-file.md tells every key, and its file works."""

from __future__ import annotations

import re

from django.conf import settings

from portal.platform_file.shape import TOP

DOCS = (settings.BASE_DIR / "docs" / "platform-file.md").read_text()


def sections():
    """Text by the title's table: `[[tenant.member]]`."""
    parts = re.split(r"^(?:#+ )?`\[\[([a-z_.]+)\]\]`", DOCS, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def kinds(tables, prefix=""):
    for name, kind in tables.items():
        yield f"{prefix}{name}", kind
        yield from kinds(kind.children, f"{prefix}{name}.")


def test_every_key_is_told_in_its_own_section():
    told = sections()

    untold = [f"{name}.{key}" for name, kind in kinds(TOP) for key in [*kind.keys, "absent"] if f"`{key}" not in told[name]]

    assert untold == []


def test_the_small_file_is_applied_as_it_stands(platform, aws, settings):
    settings.PORTAL_BUCKET = "portal-reports"
    platform.ask = True
    (text,) = re.findall(r"^```toml\n(.*?)^```", DOCS, flags=re.MULTILINE | re.DOTALL)

    output = platform.apply(text=text)

    assert "+ grant globex/daily-calls" in output
    assert '~ report daily-calls: preflight "not_checked" -> "passed"' in output
