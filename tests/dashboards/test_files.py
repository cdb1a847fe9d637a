"""The files of the dashboards: what the code gives, valid for Grafana, and nothing left out of any panel."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from fix_command import perfops, refused
from fix_grafana import FILES, boards, needs_schemas, panels, queries, schema, variables
from fix_repository import ROOT
from jsonschema import Draft7Validator

from perfops.dashboards.build import write
from perfops.dashboards.tables.groups import DEVICES as EACH
from perfops.dashboards.tables.groups import WHOLE as GROUPS
from perfops.dashboards.uids import PAGES, SOURCE_TYPE

BOARDS = {board["title"]: board for board in boards()}
PANELS = [(title, panel) for title, board in BOARDS.items() for panel in panels(board)]
DEVICES = {"cpu", "disk", "net", "filesystem", "container"}
TEMPLATED = {"type": SOURCE_TYPE, "uid": "${datasource}"}


def of_panel(found: tuple[str, dict[str, Any]]) -> str:
    return f"{found[0]}: {found[1].get('title')}"


@pytest.fixture(params=PANELS, ids=of_panel)
def panel(request: pytest.FixtureRequest) -> Any:
    return request.param[1]


@pytest.fixture(params=BOARDS.values(), ids=list(BOARDS))
def board(request: pytest.FixtureRequest) -> Any:
    return request.param


def complaints(name: str, definition: str, value: Any) -> list[str]:
    """What a schema has to say about a value."""
    whole = schema(name)
    validator = Draft7Validator(whole | {"$ref": f"#/definitions/{definition}"})
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(value)]


def test_they_are_what_the_code_gives(tmp_path: Path) -> None:
    write(tmp_path)
    known = {path.relative_to(ROOT / "grafana" / "dashboards"): path.read_bytes() for path in FILES}
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.json")}
    assert made.keys() == known.keys()
    assert [path for path in made if made[path] != known[path]] == [], "stale: perfops build-dashboards"
    assert write(tmp_path) == []


def test_a_folder_below_one_that_is_not_there_is_refused(tmp_path: Path) -> None:
    code, text = refused(perfops("build-dashboards", "--output", tmp_path / "no" / "folder"))
    assert (code, text) == (2, f"no such folder: {tmp_path / 'no'} (make it, or name another folder in --output)")
    assert list(tmp_path.iterdir()) == []


def test_every_page_is_there_once() -> None:
    assert {board["uid"] for board in BOARDS.values()} == {page.uid for page in PAGES}
    assert len({(page.folder, page.title) for page in PAGES}) == len({page.uid for page in PAGES}) == len(PAGES)
    assert all(8 <= len(page.uid) <= 40 for page in PAGES)


@needs_schemas
def test_a_panel_is_valid(panel: dict[str, Any]) -> None:
    assert complaints("dashboard", "Panel", panel) == []


@needs_schemas
def test_options_and_custom_settings_of_a_panel_are_valid(panel: dict[str, Any]) -> None:
    """The schema of a dashboard does not look into these."""
    assert complaints(panel["type"], "Options", panel["options"]) == []
    custom = panel.get("fieldConfig", {}).get("defaults", {}).get("custom")
    if custom is not None:
        assert complaints(panel["type"], "FieldConfig", custom) == []


@needs_schemas
def test_custom_settings_of_overrides_are_valid(panel: dict[str, Any]) -> None:
    """One at a time, on top of what the panel sets anyway."""
    known = panel.get("fieldConfig", {}).get("defaults", {}).get("custom") or {}
    for override in panel["fieldConfig"]["overrides"]:
        for setting in override["properties"]:
            if setting["id"].startswith("custom."):
                value = known | {setting["id"].removeprefix("custom."): setting["value"]}
                assert complaints(panel["type"], "FieldConfig", value) == []
            else:
                value = {setting["id"]: setting["value"]}
                assert complaints("dashboard", "FieldConfig", value) == [] or setting["id"] == "links"


@needs_schemas
def test_a_dashboard_is_valid(board: dict[str, Any]) -> None:
    assert complaints("dashboard", "Dashboard", board) == []
    for variable in variables(board):
        assert complaints("dashboard", "VariableModel", variable) == []
    for note in board["annotations"]["list"]:
        assert complaints("dashboard", "AnnotationQuery", note) == []


TIME = re.compile(r"time:YYYY-MM-DD HH:mm(:ss)?")  # Grafana takes moment's formats behind its prefix


@needs_schemas
def test_units_are_known(panel: dict[str, Any]) -> None:
    known = set(re.findall(r'"([^"]+)"', json.dumps(schema("units"))))
    settings = [setting for override in panel["fieldConfig"]["overrides"] for setting in override["properties"]]
    used = {panel["fieldConfig"]["defaults"]["unit"], *(found["value"] for found in settings if found["id"] == "unit")}
    assert {unit for unit in used if not TIME.fullmatch(unit)} <= known


def test_a_panel_says_what_it_is(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert len(panel["description"]) > 20
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"] == TEMPLATED
    assert panel["targets"]
    assert all(target["datasource"] == TEMPLATED for target in panel["targets"])


def test_ids_are_unique_and_panels_do_not_overlap(board: dict[str, Any]) -> None:
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    assert 0 not in ids
    cells = [
        (column, line)
        for panel in board["panels"]
        for at in [panel["gridPos"]]
        for column in range(at["x"], at["x"] + at["w"])
        for line in range(at["y"], at["y"] + at["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(column for column, _ in cells) < 24


def test_every_dashboard_has_the_buttons(board: dict[str, Any]) -> None:
    (span,) = [panel for panel in panels(board) if panel["title"] == "Span"]
    (label,) = [each for each in span["fieldConfig"]["overrides"] if each["matcher"]["options"] == "label"]
    (link,) = next(each["value"] for each in label["properties"] if each["id"] == "links")
    assert link["url"].startswith(f"/d/{board['uid']}?${{datasource:queryparam}}&")
    assert "&from=${__data.fields.from_ms.numeric}&to=${__data.fields.to_ms.numeric}" in link["url"]
    names = {each["name"] for each in variables(board)} - {"last"}
    assert set(re.findall(r"\$\{(\w+):queryparam\}", link["url"])) == names
    assert ("var-last" in link["url"]) == ("last" in {each["name"] for each in variables(board)})
    (target,) = span["targets"]
    assert "$__timeFilter" not in target["rawSql"]
    assert "$__timeFrom" not in target["rawSql"]


def test_links_lead_to_dashboards_that_are_there(board: dict[str, Any]) -> None:
    text = json.dumps(board)
    uids = set(re.findall(r"/d/([\w-]+)\?", text))
    assert uids
    assert uids <= {page.uid for page in PAGES}
    for url in re.findall(r'"url": "(/d/[^"]+)"', text):
        target = BOARDS[next(page.title for page in PAGES if page.uid == re.findall(r"/d/([\w-]+)\?", url)[0])]
        names = {each["name"] for each in variables(target)}
        assert set(re.findall(r"var-(\w+)=", url)) <= names
        assert url.count(".numeric}") >= 2


def test_queries_hold_to_the_rules_of_macros_and_variables(board: dict[str, Any]) -> None:
    texts = [asked.sql for asked in queries(board)]
    texts += [each["query"] for each in variables(board) if each["type"] == "query"]
    names = {each["name"] for each in variables(board)}
    for sql in texts:
        used = re.findall(r"\$\{(\w+)(?::(\w+))?\}", sql)
        assert {name for name, _ in used} <= names
        assert {form for _, form in used} <= {"sqlstring"}
        assert set(re.findall(r"\$(\w+)", sql)) <= {"__interval_ms", "__timeFilter", "__timeFrom", "__timeTo"}
        assert "--" not in sql
        assert ";" not in sql
        for arguments in re.findall(r"\$__\w+\(([^)]*)\)", sql):
            assert "," not in arguments
            assert "(" not in arguments


def test_a_table_sorts_no_more_than_two_columns() -> None:
    assert {len(group.names) for group in (*GROUPS, *EACH)} == {1, 2}


def test_variables_are_labelled_and_only_devices_have_a_value_for_all(board: dict[str, Any]) -> None:
    for variable in variables(board):
        assert variable["label"]
        assert variable["description"]
        everything = "'*'" if variable["name"] in DEVICES else None  # put into SQL as it stands, so quoted
        assert variable.get("allValue") == everything
        if variable["type"] == "query":
            assert variable["datasource"] == TEMPLATED
