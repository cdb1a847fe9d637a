"""perfops grafana push: against a small server that keeps what Grafana would keep."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fix_command import perfops, refused, succeeded
from fix_grafana import boards
from fix_push import TOKEN, Kept, small_grafana


@pytest.fixture
def grafana() -> Iterator[Kept]:
    with small_grafana() as kept:
        yield kept


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    return path


def test_all_dashboards_arrive_as_they_are_in_their_files(grafana: Kept, token: Path) -> None:
    told = perfops("grafana", "push", "--url", f"{grafana.url}/", "--token-file", token)
    assert grafana.folders == {"perfops": "perfops"}
    known = {board["uid"]: board | {"id": None} for board in boards()}
    assert grafana.boards == known
    assert f"Overview: {grafana.url}/d/perfops-overview\n" in succeeded(told)
    assert "no PostgreSQL data source with perfops in its name" in told.stderr
    assert TOKEN not in told.stdout + told.stderr


def test_again_it_makes_no_second_folder(grafana: Kept, token: Path) -> None:
    grafana.sources = [{"name": "Perfops prod", "type": "grafana-postgresql-datasource"}]
    for _ in range(2):
        done = perfops("grafana", "push", "--url", grafana.url, "--token-file", "-", "--json", input=TOKEN)
        told = json.loads(succeeded(done))
        assert len(told["dashboards"]) == 7
        assert told["remarks"] == []
    assert grafana.calls.count(("POST", "/sub/api/folders")) == 1


@pytest.mark.parametrize(
    ("path", "status", "headers", "code", "text"),
    [
        ("/sub/api/folders", 403, {}, 2, "403 no (the service account needs the role Editor)"),
        ("/sub/api/dashboards", 412, {}, 3, "refused the dashboard 'Collections': 412 no (see Grafana's log)"),
        ("/sub/api/dashboards", 500, {}, 3, "500 no (see Grafana's log)"),
        ("/sub", 302, {"Location": "http://127.0.0.1:1/"}, 2, "(give the address that it redirects to)"),
    ],
)
def test_refusals(
    grafana: Kept, token: Path, path: str, status: int, headers: dict[str, str], code: int, text: str
) -> None:
    grafana.fail = (path, status, headers)
    done = perfops("grafana", "push", "--url", grafana.url, "--token-file", token)
    assert done.returncode == code
    assert text in done.stderr
    assert done.stderr.startswith(f"perfops: {grafana.url} refused ")


def test_a_wrong_token(grafana: Kept) -> None:
    code, text = refused(perfops("grafana", "push", "--url", grafana.url, "--token-file", "-", input="other"))
    assert code == 2
    assert "401 Invalid API key (make a token of a service account, and give its file in --token-file)" in text


def test_nobody_answers(token: Path) -> None:
    code, text = refused(perfops("grafana", "push", "--url", "http://127.0.0.1:1", "--token-file", token))
    assert (code, text) == (3, "no answer from http://127.0.0.1:1: Connection refused (is it Grafana's address?)")


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("grafana.example.com", "bad value for --url"),
        ("ftp://host", "bad value for --url"),
        ("http://user:pw@host", "--url has a user in it"),
        ("http://host:port", "bad value for --url"),
        (
            "http://exa mple",
            "bad value for --url: 'http://exa mple' holds a space or letters outside ASCII (write them",
        ),
        ("http://ünï.invalid/ä", "bad value for --url: 'http://ünï.invalid/ä' holds a space or letters outside ASCII"),
        ("http://no..name", "bad value for --url: no host has the name 'no..name' (try https://grafana.example.com)"),
        ("http://host/?token=pw", "--url has a query or a fragment in it (leave out what begins with ? or #)"),
    ],
)
def test_a_bad_address(url: str, text: str, token: Path) -> None:
    code, told = refused(perfops("grafana", "push", "--url", url, "--token-file", token))
    assert code == 2
    assert told.startswith(text)
    assert "pw" not in told


def test_a_token_in_a_file_with_a_mark_of_the_order_of_bytes(grafana: Kept, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_bytes(f"\ufeff{TOKEN}\r\n".encode())
    succeeded(perfops("grafana", "push", "--url", grafana.url, "--token-file", path))
    assert len(grafana.boards) == 7


def test_a_token_that_is_none_is_not_repeated() -> None:
    done = perfops("grafana", "push", "--url", "http://127.0.0.1:1", "--token-file", "-", input="gls\u00e4 secret")
    code, text = refused(done)
    assert (code, text.split(" (")[0]) == (2, "the token holds a space or letters outside ASCII")
