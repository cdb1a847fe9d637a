"""The page of the receiver's calls, from its OpenAPI document."""

from typing import Any

from markdown import code, table

from perfops.receiver.openapi import document
from perfops.receiver.settings import Limits

HEAD = """# HTTP

The calls of the receiver, made from what it gives under `/openapi.json`. Keys go in the header `apikey`, or as
`Authorization: Bearer`; an error is `{"error": "one sentence"}`.
"""


def page() -> str:
    """The page."""
    found = document(Limits())
    calls = [(path, method, call) for path, each in found["paths"].items() for method, call in each.items()]
    schemas = "".join(
        f"\n## {name}\n\n{properties(found['components']['schemas'][name])}" for name in ("Batch", "Record")
    )
    return HEAD + "".join(section(*call) for call in calls) + schemas


def section(path: str, method: str, call: dict[str, Any]) -> str:
    """One call."""
    key = "Needs a key." if call["security"] else "Needs no key."
    text = f"\n## {method.upper()} {path}\n\n{call['summary']}. {key}\n"
    if "description" in call:
        text += f"\n{call['description']}\n"
    for kind, content in call.get("requestBody", {}).get("content", {}).items():
        schema = content["schema"]
        shape = f"{schema['$ref'].rsplit('/', 1)[1]}, see below" if "$ref" in schema else "a form"
        text += f"\nBody: {code(kind)}, {shape}.\n" + ("" if "$ref" in schema else f"\n{properties(schema)}")
    rows = [(status, answer["description"], fields(answer)) for status, answer in call["responses"].items()]
    return text + "\n" + table(("answer", "when", "body"), rows)


def fields(answer: dict[str, Any]) -> str:
    """The keys of an answer's body."""
    (content,) = answer["content"].items()
    return ", ".join(map(code, content[1]["schema"].get("properties", ()))) or code(content[0])


def properties(schema: dict[str, Any]) -> str:
    """The keys of an object."""
    rows = [
        (code(name), shape(each), "yes" if name in schema["required"] else "", each.get("description", ""))
        for name, each in schema["properties"].items()
    ]
    return table(("key", "type", "required", "what it is"), rows)


def shape(schema: dict[str, Any]) -> str:
    """The type of a value."""
    kind = schema.get("type", "")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)
