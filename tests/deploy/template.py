"""Our CloudFormation templates as plain values: `!Ref X` is read as {"Ref": X}, `!Sub x` as {"Fn::Sub": x}, and so on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PORTAL, TENANT = ROOT / "deploy" / "cloudformation.yaml", ROOT / "deploy" / "tenant-bucket.yaml"


class _Loader(yaml.SafeLoader):
    pass


def _function(loader: Any, name: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _function)


def read(path: Path) -> dict[str, Any]:
    return dict(yaml.load(path.read_text(), Loader=_Loader))


def of_type(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Properties by name."""
    return {name: one.get("Properties", {}) for name, one in template["Resources"].items() if one["Type"] == kind}


def statements(policy: dict[str, Any]) -> list[dict[str, Any]]:
    """Of a policy document, with those that depend on a condition."""
    return [one["Fn::If"][1] if "Fn::If" in one else one for one in policy["Statement"]]


def actions(policy: dict[str, Any]) -> set[str]:
    return {action for one in statements(policy) for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])}
