"""What Grafana is provisioned with: it parses, and refers to nothing that is not there."""

import json
import re
from typing import Any

import yaml
from fix_grafana import boards
from fix_repository import ROOT, tracked

from perfops.dashboards.uids import PAGES, SOURCE, SOURCE_TYPE

FOLDER = ROOT / "grafana" / "provisioning"
VARIABLE = re.compile(r"\$__env\{(\w+)\}")
VARIABLES = {
    "PERFOPS_GRAFANA_DASHBOARDS",
    "PERFOPS_GRAFANA_DB_HOST",
    "PERFOPS_GRAFANA_DB_NAME",
    "PERFOPS_GRAFANA_DB_PASSWORD",
    "PERFOPS_GRAFANA_DB_SSLMODE",
    "PERFOPS_GRAFANA_DB_USER",
}


def read(place: str) -> Any:
    return yaml.safe_load((FOLDER / place).read_text(encoding="utf-8"))


def test_there_are_no_other_files() -> None:
    found = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file()}
    assert found == {"datasources/perfops.yml", "dashboards/perfops.yml"}


def test_the_data_source_is_the_one_that_dashboards_want() -> None:
    told = read("datasources/perfops.yml")
    assert told["apiVersion"] == 1
    (source,) = told["datasources"]
    assert (source["uid"], source["type"]) == (SOURCE, SOURCE_TYPE)
    assert source["jsonData"]["database"]
    assert source["jsonData"]["timescaledb"] is False
    assert source["editable"] is False
    for board in boards():
        (variable,) = [each for each in board["templating"]["list"] if each["type"] == "datasource"]
        assert variable["query"] == SOURCE_TYPE
        assert re.search(variable["regex"].removeprefix("/").removesuffix("/i"), source["name"], re.IGNORECASE)


def test_the_password_comes_from_the_environment_and_stands_in_no_file() -> None:
    (source,) = read("datasources/perfops.yml")["datasources"]
    assert source["secureJsonData"] == {"password": "$__env{PERFOPS_GRAFANA_DB_PASSWORD}"}
    assert "password" not in json.dumps({key: value for key, value in source.items() if key != "secureJsonData"})


def test_the_provider_reads_the_folders_that_are_there() -> None:
    (provider,) = read("dashboards/perfops.yml")["providers"]
    assert provider["allowUiUpdates"] is False
    assert provider["options"] == {"path": "$__env{PERFOPS_GRAFANA_DASHBOARDS}", "foldersFromFilesStructure": True}
    files = {str(path.relative_to(ROOT / "grafana" / "dashboards")) for path in tracked("grafana/dashboards")}
    assert files == {f"{page.folder}/{page.file}" for page in PAGES}


def test_every_variable_is_known() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.yml"))
    assert set(VARIABLE.findall(text)) == VARIABLES
    assert "${" not in text
