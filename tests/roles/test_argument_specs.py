"""What a role says it takes is what it takes: names and values of its argument specs equal its defaults."""

from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = sorted(path for path in (Path(__file__).parents[2] / "roles").iterdir() if path.is_dir())
NOTHING = object()


def read(path: Path) -> Any:
    """A YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def specs(role: Path) -> dict[str, Any]:
    """The entry points of a role."""
    found: dict[str, Any] = read(role / "meta" / "argument_specs.yml")["argument_specs"]
    return found


def test_there_are_roles() -> None:
    assert {"pcc", "results"} <= {role.name for role in ROLES}


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_defaults_and_specs_name_the_same_variables_with_the_same_values(role: Path) -> None:
    told: dict[str, Any] = {}
    for entry in specs(role).values():
        for name, option in entry["options"].items():
            assert told.setdefault(name, option.get("default", NOTHING)) == option.get("default", NOTHING), name
    defaults = read(role / "defaults" / "main.yml")
    assert {name: value for name, value in told.items() if value is not NOTHING} == defaults


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_every_variable_bears_the_roles_name_and_is_described(role: Path) -> None:
    for entry in specs(role).values():
        assert entry["short_description"]
        for name, option in entry["options"].items():
            assert name.startswith(f"{role.name}_"), name
            assert option["description"], name
            assert option["type"], name
            assert ("default" in option) != option.get("required", False), name
    for name in read(role / "vars" / "main.yml") or {}:
        assert name.startswith(f"_{role.name}_"), name


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_every_public_variable_is_used_and_every_entry_point_is_there(role: Path) -> None:
    files = [*(role / "tasks").glob("*.yml"), *(role / "vars").glob("*.yml"), *(role / "templates").glob("*")]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    for entry, spec in specs(role).items():
        assert (role / "tasks" / f"{entry}.yml").is_file()
        for name in spec["options"]:
            assert name in text, name
