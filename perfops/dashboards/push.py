"""Dashboards to a Grafana that is there already, by its HTTP API with the token of a service account."""

import http.client
import json
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from perfops.dashboards.build import build, text_of
from perfops.dashboards.uids import SOURCE_TYPE, TAG
from perfops.errors import BadInputError, MachineError

PATIENCE = 30  # seconds for an answer
LONGEST = 200  # characters of what the server says
REMEDY = "try https://grafana.example.com"
PLAIN = re.compile("[!-~]+")  # what an address, and a header with a token, can hold


class Answer(NamedTuple):
    """What the server said; the body as JSON, None where it is none."""

    status: int
    body: Any


class Pushed(NamedTuple):
    """A dashboard that is there now, and where."""

    title: str
    address: str


@dataclass(frozen=True, slots=True)
class Grafana:
    """A server and a token for it."""

    url: str
    token: str

    def call(self, method: str, path: str, body: object = None) -> Answer:
        """One call; MachineError without an answer. Redirects are not followed: the token is for this address."""
        parts = urlsplit(self.url)
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection = connect(parts.scheme, parts.netloc)
        try:
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, parts.path.rstrip("/") + path, data, headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        except UnicodeError as error:  # of the codec for names of hosts
            raise BadInputError(f"bad value for --url: no host has the name {parts.hostname!r} ({REMEDY})") from error
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise MachineError(f"no answer from {self.url}: {reason} (is it Grafana's address?)") from error
        finally:
            connection.close()
        return Answer(answer.status, parsed(text))

    def refused(self, what: str, answer: Answer) -> BadInputError | MachineError:
        """The error for an answer that is no success."""
        said = answer.body.get("message", "") if isinstance(answer.body, dict) else ""
        told = f"{self.url} refused {what}: {answer.status} {said}".strip()[:LONGEST]
        match answer.status:
            case 401:
                return BadInputError(f"{told} (make a token of a service account, and give its file in --token-file)")
            case 403:
                return BadInputError(f"{told} (the service account needs the role Editor)")
            case 404:
                return BadInputError(f"{told} (give the address of Grafana itself, with its path where it has one)")
            case status if 300 <= status < 400:
                return BadInputError(f"{told} (give the address that it redirects to)")
        return MachineError(f"{told} (see Grafana's log)")


def connect(scheme: str, netloc: str) -> http.client.HTTPConnection:
    """A connection to a server; its certificate is checked."""
    if scheme == "https":
        return http.client.HTTPSConnection(netloc, timeout=PATIENCE, context=ssl.create_default_context())
    return http.client.HTTPConnection(netloc, timeout=PATIENCE)


def parsed(text: str) -> Any:
    """JSON, None where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def check_url(url: str) -> str:
    """The address without a slash at its end; BadInputError where it is none of HTTP, or holds more than an address."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadInputError(f"bad value for --url: {error} ({REMEDY})") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise BadInputError(f"bad value for --url: {url!r} ({REMEDY})")
    if parts.username is not None:
        raise BadInputError("--url has a user in it (give a token in --token-file instead)")
    if "?" in url or "#" in url:
        raise BadInputError("--url has a query or a fragment in it (leave out what begins with ? or #)")
    if not PLAIN.fullmatch(url):
        raise BadInputError(
            f"bad value for --url: {url!r} holds a space or letters outside ASCII"
            " (write them in the host as xn--..., in the path as %20 or %C3%A4)"
        )
    return url.rstrip("/")


def check_token(token: str) -> str:
    """The token; BadInputError where it is none, which is not repeated."""
    if not PLAIN.fullmatch(token):
        raise BadInputError(
            "the token holds a space or letters outside ASCII (give the file the one line that Grafana showed)"
        )
    return token


def push(server: Grafana, folder: str, advance: Callable[[Pushed], None] = lambda _: None) -> list[str]:
    """Send all dashboards, over those of the same uid; returns remarks on what they still need.

    `advance` hears of each. BadInputError and MachineError say what was refused, and how to mend it.
    """
    make_folder(server, folder)
    for page, dashboard in build().items():
        body = {"dashboard": json.loads(text_of(dashboard)) | {"id": None}, "folderUid": TAG, "overwrite": True}
        answer = server.call("POST", "/api/dashboards/db", body | {"message": "perfops grafana push"})
        if answer.status != 200 or not isinstance(answer.body, dict):
            raise server.refused(f"the dashboard {page.title!r}", answer)
        advance(Pushed(page.title, f"{server.url}/d/{page.uid}"))
    return remarks(server)


def make_folder(server: Grafana, title: str) -> None:
    """Make the folder of the dashboards where it is missing."""
    found = server.call("GET", f"/api/folders/{quote(TAG)}")
    if found.status == 200:
        return
    if found.status != 404:
        raise server.refused("the folder of the dashboards", found)
    made = server.call("POST", "/api/folders", {"uid": TAG, "title": title})
    if made.status not in (200, 409, 412):  # the last two where somebody made it meanwhile
        raise server.refused("the folder of the dashboards", made)


def remarks(server: Grafana) -> list[str]:
    """Whether there is a data source that the dashboards find; nothing where the token may not look."""
    answer = server.call("GET", "/api/datasources")
    if answer.status != 200 or not isinstance(answer.body, list):
        return []
    kinds = (SOURCE_TYPE, "postgres")
    if any(TAG in str(found.get("name", "")).lower() for found in answer.body if found.get("type") in kinds):
        return []
    return ["there is no PostgreSQL data source with perfops in its name yet: add one that connects as the reader"]
