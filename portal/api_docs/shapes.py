"""JSON Schema in words, and a value that fits it."""

from __future__ import annotations

from typing import Any

from reports.api.v1.fields import MINUTE

Schema = dict[str, Any]
UUID = "5b0a6b1e-1c1f-4e53-9b0e-0d8a0a6c2f11"
# By format, else by type.
VALUES: dict[str, Any] = {
    "uuid": UUID,
    "date-time": "2026-11-23T06:00:02.317261Z",
    "date": "2026-11-23",
    "email": "desk@acme.example",
    "uri": "https://reports.example/",
    "string": "text",
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "null": None,
}
WORDS = {
    "uuid": "id",
    "date-time": "time",
    "date": "day",
    "email": "address",
    "uri": "address",
    "string": "text",
    "boolean": "true or false",
}
# By pattern, where a text has a form of its own.
FORMS = {MINUTE.replace(r"\Z", "$"): "09:00"}
DEEPEST = 6


def resolved(schema: Schema, document: Schema) -> Schema:
    """Without a reference, and without what is said only of the place where it is used."""
    for part in (schema, *schema.get("allOf", ())):
        if "$ref" in part:
            found: Schema = document
            for name in part["$ref"].removeprefix("#/").split("/"):
                found = found[name]
            return found
    return schema


def kind(schema: Schema, document: Schema) -> str:
    """`text up to 200`, `list of id`, `one of PDF, CSV, EXCEL`; `or null` where it may be."""
    schema = resolved(schema, document)
    if choices := schema.get("oneOf") or schema.get("anyOf"):
        return " or ".join(dict.fromkeys(kind(choice, document) for choice in choices))
    if "enum" in schema:
        words = ", ".join(str(word) for word in schema["enum"] if word is not None)
        return f"one of {words}" + (" or null" if None in schema["enum"] else "")
    types = schema["type"] if isinstance(schema.get("type"), list) else [schema.get("type", "object")]
    named = [_named(name, schema, document) for name in types if name != "null"]
    return " or ".join(named + ["null"] * ("null" in types))


def _named(name: str, schema: Schema, document: Schema) -> str:
    if name == "array":
        return f"list of {kind(schema.get('items', {}), document)}"
    if name == "integer":
        return f"whole number{_bounds(schema)}"
    if name == "number":
        return f"number{_bounds(schema)}"
    word = WORDS.get(schema.get("format", ""), WORDS.get(name, name))
    return f"{word} up to {schema['maxLength']}" if word == "text" and "maxLength" in schema else word


def _bounds(schema: Schema) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    return f" {least} to {most}" if least is not None and most is not None else ""


def example(schema: Schema, document: Schema, known: dict[str, Any], depth: int = 0) -> Any:
    """A value that fits. `known`: by component, what the document itself gives. What is deeper than anybody reads is left empty."""
    if (name := _component(schema)) in known:
        return known[name]
    schema = resolved(schema, document)
    if "example" in schema or "default" in schema:
        return schema.get("example", schema.get("default"))
    if "enum" in schema:
        return schema["enum"][0]
    if choices := schema.get("oneOf") or schema.get("anyOf"):
        return example(choices[0], document, known, depth)
    types = schema["type"] if isinstance(schema.get("type"), list) else [schema.get("type", "object")]
    first = types[0]
    if first == "array":
        return [] if depth >= DEEPEST else [example(schema.get("items", {}), document, known, depth + 1)]
    if first == "object":
        members = {} if depth >= DEEPEST else schema.get("properties", {})
        return {name: example(part, document, known, depth + 1) for name, part in members.items()}
    form = FORMS.get(schema.get("pattern", ""))
    return form or VALUES.get(schema.get("format", ""), VALUES.get(first))


def _component(schema: Schema) -> str:
    """Empty: it names none."""
    refs = [part["$ref"] for part in (schema, *schema.get("allOf", ())) if "$ref" in part]
    return refs[0].rpartition("/")[2] if refs else ""


def known_examples(document: Schema) -> dict[str, Any]:
    """By component: the first that an answer of it is shown with."""
    found: dict[str, Any] = {}
    for path in document["paths"].values():
        for method in path.values():
            for answer in method["responses"].values():
                content = answer.get("content", {}).get("application/json", {})
                for given in content.get("examples", {}).values():
                    found.setdefault(_component(content.get("schema", {})), given["value"])
    found.pop("", None)
    return found
