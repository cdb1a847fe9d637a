"""docker-compose.yml, Dockerfile and .env as files; nothing here starts a container."""

import re
import subprocess
from pathlib import Path

import yaml
from fix_repository import ROOT, tracked

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_each_service_is_watched_and_comes_back() -> None:
    for name, service in COMPOSE["services"].items():
        assert set(service["healthcheck"]) == {"test", "interval", "timeout", "retries"}, name
        assert service["restart"] == "unless-stopped"
        for other, how in service.get("depends_on", {}).items():
            assert (other in COMPOSE["services"], how) == (True, {"condition": "service_healthy"})


def test_what_is_kept_lies_in_named_volumes() -> None:
    mounts = [text.split(":") for service in COMPOSE["services"].values() for text in service["volumes"]]
    assert {source for source, *_ in mounts if not source.startswith("./")} == set(COMPOSE["volumes"])
    for source, _, *how in mounts:
        if source.startswith("./"):
            assert ((ROOT / source).is_dir(), how) == (True, ["ro"])


def test_there_is_no_password_in_the_files() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for line in text.splitlines():
        if re.search("password", line, re.IGNORECASE) and ":" in line.split("#")[0]:
            assert re.search(r"\$\{[A-Z_]+:\?[^}]+\}", line), line
    assert "PASSWORD" not in DOCKERFILE


def test_ports_are_those_of_this_machine_unless_told_otherwise() -> None:
    assert [port for service in COMPOSE["services"].values() for port in service.get("ports", [])] == [
        "${PCD_PUBLISH:-127.0.0.1:8321}:8321",
        "${GRAFANA_PUBLISH:-127.0.0.1:3000}:3000",
    ]


def test_grafana_gets_every_variable_of_its_provisioning() -> None:
    texts = [path.read_text() for path in (ROOT / "grafana" / "provisioning").rglob("*.y*ml")]
    wanted = {name for text in texts for name in re.findall(r"\$__env\{(\w+)\}", text)}
    service = COMPOSE["services"]["grafana"]
    assert wanted
    assert wanted <= set(service["environment"])
    mounted = dict(text.split(":")[1::-1] for text in service["volumes"])
    assert mounted[service["environment"]["PERFOPS_GRAFANA_DASHBOARDS"]] == "./grafana/dashboards"


def test_env_gives_every_variable_that_is_needed_once(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    for _ in range(2):
        done = subprocess.run([ROOT / "scripts" / "env", file], capture_output=True, text=True, check=True)
    assert "stays" in done.stdout
    assert file.stat().st_mode & 0o777 == 0o600
    made = dict(line.split("=") for line in file.read_text().splitlines())
    needed = set(re.findall(r"\$\{([A-Z_]+):\?", (ROOT / "docker-compose.yml").read_text()))
    assert set(made) == needed
    assert all(len(value) == 48 for value in made.values())
    assert made["POSTGRES_PASSWORD"] not in done.stdout


def test_the_image_holds_what_it_needs_and_runs_without_rights() -> None:
    copied = [word for line in re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE) for word in line.split()[:-1]]
    assert copied
    known = {str(path.relative_to(ROOT)).split("/")[0] for path in tracked()}
    assert set(copied) <= known
    allowed = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"}
    assert allowed == set(copied)
    assert re.search(r"^USER (?!root)\w+$", DOCKERFILE, re.MULTILINE)
    assert COMPOSE["services"]["receiver"]["cap_drop"] == ["ALL"]
