"""The README of each role: what it does, and its variables, from its argument specs."""

import json
import re
from pathlib import Path
from typing import Any

import yaml
from markdown import code, table

ROOT = Path(__file__).parents[2]
COLUMNS = ("variable", "type", "default", "what it is")


def pages() -> dict[str, str]:
    """A page for each role, by the role's name."""
    return {path.parents[1].name: page(path) for path in sorted(ROOT.glob("roles/*/meta/argument_specs.yml"))}


def page(path: Path) -> str:
    """The page of a role's argument specs."""
    role = path.parents[1].name
    specs = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]
    books = sorted(
        book.name for book in ROOT.glob("playbooks/*.yml") if f"perfops.perfops.{role}\n" in book.read_text()
    )
    used = ", ".join(f"[{name}](../../playbooks/{name})" for name in books)
    text = f"# perfops.perfops.{role}\n\n{entry(specs.pop('main'))}"
    for name, spec in specs.items():
        text += f"\n## tasks_from: {name}\n\n{entry(spec)}"
    return text + f"\nUsed by {used}; `ansible-doc -t role perfops.perfops.{role}` says the same.\n"


def entry(spec: dict[str, Any]) -> str:
    """What an entry point does, and its variables in the order of the specs."""
    lines = [f"{spec['short_description']}.", *spec.get("description", [])]
    rows = [
        (code(name), kind(option), default(option), words(option["description"]))
        for name, option in spec["options"].items()
    ]
    return "\n".join(map(words, lines)) + f"\n\n{table(COLUMNS, rows)}"


def kind(option: dict[str, Any]) -> str:
    """The type of a variable, with its choices."""
    inner = f" of {option['elements']}" if "elements" in option else ""
    choices = ": " + ", ".join(map(code, option["choices"])) if "choices" in option else ""
    return option["type"] + inner + choices


def default(option: dict[str, Any]) -> str:
    """What it is where nobody sets it."""
    if option.get("required"):
        return "**required**"
    value = option["default"]
    return code(value if isinstance(value, str) and value else json.dumps(value))


def words(text: str) -> str:
    """Ansible's marks as Markdown."""
    return re.sub(r"\b[CVO]\(([^)]*)\)", r"`\1`", " ".join(text.split()))
