"""Names of containers, which the kernel does not know: from what their runtimes have written, else asked of them.

State files come first, as they cost the runtime nothing. Files in the homes of users are left alone: a home may lie on
a server that is dead, and reading there would stop the sampler.
"""

import json
import os
import re

from .ask import Get, sound
from .clock import boottime
from .units import clean

MYPY = False
if MYPY:
    from typing import Any, Dict, List, Optional, Tuple

    from .container import Container

AGAIN = (2.0, 8.0)  # seconds to the second try and to the third: some names are written after the start
LONGEST = 2.0  # seconds an answer may take, over however many ticks
BATCH = 20  # containers in a question
LARGEST = 1 << 20  # bytes of a state file
LOGS = "var/log/containers"
LOG = re.compile(r"([^_]+)_([^_]+)_(.+)-([0-9a-f]{64})\.log")
DOCKER = "var/lib/docker/containers"
STORAGE = "var/lib/containers/storage"  # of Podman and CRI-O
USER = re.compile(r"user-(\d+)\.slice")


class Names:
    """Finds names below `root`; `unreadable` takes what may not be read."""

    def __init__(self, root: str, unreadable: "Dict[str, str]") -> None:
        self.root = root
        self.unreadable = unreadable
        self.queue: "Dict[str, List[Container]]" = {}
        self.asking: "Optional[Get]" = None
        self.asked: "Tuple[str, List[Container], float]" = ("", [], 0.0)

    def look_up(self, unknown: "List[Container]", seconds: float) -> None:
        """Name what can be named within so many seconds; what was begun goes on the next time."""
        now = boottime()
        due = [container for container in unknown if container.next_try <= now]
        if due:
            self.read_files(due, now + seconds)
        while self.asking or self.queue:
            if not self.asking:
                self.begin()
            elif not self.go_on(now + seconds):
                return

    def read_files(self, due: "List[Container]", deadline: float) -> None:
        """Name those of whom there is a file; the others wait for an answer, or for the next try."""
        logs = self.log_names()
        stored: "Optional[Dict[str, str]]" = None
        for container in due:
            name = logs.get(container.id)
            if not name and container.runtime == "docker":
                name = self.docker_name(container.id)
            elif not name and container.runtime in ("podman", "crio"):
                stored = self.stored_names() if stored is None else stored
                name = stored.get(container.id)
            if name:
                container.call(name)
            else:
                self.wait_for_answer(container)
            if boottime() > deadline:
                return

    def log_names(self) -> "Dict[str, str]":
        """Kubernetes' names by id: its links to logs are called pod_namespace_container-id.log."""
        matches = map(LOG.fullmatch, self.names_in(LOGS))
        return {match.group(4): clean("/".join(match.group(2, 1, 3))) for match in matches if match}

    def docker_name(self, identity: str) -> "Optional[str]":
        """The name in Docker's file on a container."""
        value = self.json_of(DOCKER, identity, "config.v2.json")
        name = value.get("Name") if isinstance(value, dict) else None
        return sound(name.lstrip("/")) if isinstance(name, str) else None

    def stored_names(self) -> "Dict[str, str]":
        """Names by id in the lists of containers that lie beside their images."""
        found = {}
        for folder in self.names_in(STORAGE):
            if folder.endswith("-containers"):
                for each in rows_of(self.json_of(STORAGE, folder, "containers.json")):
                    names = each.get("names")
                    if isinstance(names, list) and names and isinstance(names[0], str):
                        found[str(each.get("id"))] = sound(names[0])
        return found

    def wait_for_answer(self, container: "Container") -> None:
        """Put a container into the queue for its runtime's socket, if there is one."""
        user = next(filter(None, (USER.search(path) for path, _ in container.places.values())), None)
        home = "run/user/" + user.group(1) if user else "run"
        path = {"docker": home + "/docker.sock", "podman": home + "/podman/podman.sock"}.get(container.runtime)
        if path and self.is_there(path):
            container.next_try = float("inf")
            self.queue.setdefault(path, []).append(container)
        else:
            self.postpone(container)

    def postpone(self, container: "Container") -> None:
        """Try again later; in the end a container goes by its id."""
        if container.tries == len(AGAIN):
            container.call(container.short_id)
        else:
            container.next_try = boottime() + AGAIN[container.tries]
            container.tries += 1

    def begin(self) -> None:
        """Ask the next question of the queue."""
        path = next(iter(self.queue))
        batch, rest = self.queue[path][:BATCH], self.queue.pop(path)[BATCH:]
        if rest:
            self.queue[path] = rest
        identities = "%2C".join("%22{}%22".format(container.id) for container in batch)
        question = "/containers/json?all=1&filters=%7B%22id%22%3A%5B{}%5D%7D".format(identities)
        self.asked = (path, batch, boottime())
        self.asking = Get(os.path.join(self.root, path), question)

    def go_on(self, deadline: float) -> bool:
        """Wait for an answer until the deadline; True where the question is over."""
        asking, (path, batch, began) = self.asking, self.asked
        if asking is None:
            return True
        if not asking.step(deadline - boottime()):
            if boottime() < began + LONGEST:
                return False
            asking.end(error="no answer in {:g} s".format(LONGEST))
        self.asking = None
        names = {}
        if asking.body is None:
            self.note(path, asking.error)
        else:
            names = answered_names(asking.body)
        for container in batch:
            if names.get(container.id):
                container.call(names[container.id])
            else:
                self.postpone(container)
        return True

    def note(self, path: str, reason: str) -> None:
        """Say once what may not be read."""
        self.unreadable.setdefault("/" + path, reason)

    def is_there(self, path: str) -> bool:
        """Whether there is such a socket."""
        try:
            os.stat(os.path.join(self.root, path))
        except FileNotFoundError:
            return False
        except OSError as error:
            self.note(path, error.strerror or str(error))
            return False
        return True

    def names_in(self, folder: str) -> "List[str]":
        """Names in a folder, [] where there is none."""
        try:
            return os.listdir(os.path.join(self.root, folder))
        except FileNotFoundError:
            return []
        except OSError as error:
            self.note(folder, error.strerror or str(error))
            return []

    def json_of(self, folder: str, *parts: str) -> "Any":
        """What is in a file of JSON, None where that cannot be read."""
        try:
            with open(os.path.join(self.root, folder, *parts), "rb") as file:
                return parsed(file.read(LARGEST))
        except FileNotFoundError:
            return None
        except OSError as error:
            self.note(folder, error.strerror or str(error))
            return None


def parsed(text: bytes) -> "Any":
    """JSON, None where it is none: a file that is being written, or somebody else's answer."""
    try:
        return json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        return None


def rows_of(value: "Any") -> "List[Dict[str, Any]]":
    """The objects in a list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def answered_names(body: bytes) -> "Dict[str, str]":
    """Names by id in an answer of Docker's, whose name of a container begins with a slash and links have two."""
    found = {}
    for each in rows_of(parsed(body)):
        names = each.get("Names")
        for name in names if isinstance(names, list) else []:
            if isinstance(name, str) and "/" not in name.lstrip("/"):
                found[str(each.get("Id"))] = sound(name.lstrip("/"))
    return found
