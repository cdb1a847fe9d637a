"""What runs on a machine under test for `perfops run`, besides the sampler: sent as text, for Python 3.6 and later.

`answer` is called with the modules that the Ansible collection uses for the same (plugins/module_utils), so both ways
lay out a collection alike, and with what is wanted. What it returns goes back as JSON.
"""

import hashlib
import time
from pathlib import Path
from typing import Any

BLOCK = 1 << 20
Facts = Any  # a dict; Python 3.6 has no dict[str, Any]


def answer(collections: Any, commands: Any, ask: Facts) -> Facts:
    """Do what is asked, one of the functions below; a failure is {"error": its words}."""
    home = str(Path(ask["home"]).expanduser())
    collection = collections.Collection(home, ask["id"])
    try:
        found: Facts = ACTIONS[ask["action"]](collections, commands, collection, home, ask)
    except (OSError, ValueError) as error:
        return {"error": str(error)}
    return found


def look(collections: Any, commands: Any, collection: Any, home: str, ask: Facts) -> Facts:
    """What is there: the collection, the program by its checksum, and the time; and a remark on what is asked for."""
    facts = collections.facts(collection)
    remark = commands.going_on(ask.get("params") or {}, facts)
    return {"home": home, "program": digest(Path(home, "pcc")), "time": time.time(), "facts": facts, "remark": remark}


def claim(_collections: Any, _commands: Any, collection: Any, home: str, _ask: Facts) -> Facts:
    """Make the folders: from now on nobody who tidies up here takes the program away."""
    Path(home).mkdir(mode=0o700, parents=True, exist_ok=True)
    collection.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {"program": digest(Path(home, "pcc"))}


def start(collections: Any, commands: Any, collection: Any, home: str, ask: Facts) -> Facts:
    """Have it running or ended."""
    facts = collections.facts(collection)
    if not (facts["running"] or facts["finished"]):
        program = Path(home, "pcc")
        if digest(program) != ask["program"]:
            return {"error": f"the collector {program} is not the one that was put there"}
        params = dict(ask["params"], start_at=None, clock_offset=None)
        words = commands.command(params, program, collection)
        error = collections.start(collection, words, commands.environment(params), ask["patience"])
        if error:
            facts = collections.facts(collection)
            if not (facts["running"] or facts["finished"]):
                collections.remove_folder(collection.folder)
            return {"error": error}
    return look(collections, commands, collection, home, ask)


def stop(collections: Any, commands: Any, collection: Any, home: str, ask: Facts) -> Facts:
    """Have it ended in order."""
    if not collections.stop(collection, ask["patience"]):
        return {"error": f"the collection {collection.id} does not end within {ask['patience']} s"}
    return look(collections, commands, collection, home, ask)


def finish(collections: Any, commands: Any, collection: Any, home: str, ask: Facts) -> Facts:
    """Wait a little for its end, and say what is to be fetched."""
    collections.wait_while(lambda: collections.running_pid(collection.id) is not None, ask["patience"])
    found = look(collections, commands, collection, home, ask)
    return dict(found, digest="" if found["facts"]["running"] else digest(collection.file))


def remove(collections: Any, _commands: Any, collection: Any, home: str, _ask: Facts) -> Facts:
    """Remove the collection, and after the last one the program, and its folder if nothing else is there."""
    collections.remove(collection)
    collections.clear(home)
    return {}


def digest(path: Path) -> str:
    """SHA-256 of a file, '' where there is none."""
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            for block in iter(lambda: file.read(BLOCK), b""):
                found.update(block)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    return found.hexdigest()


ACTIONS = {"look": look, "claim": claim, "start": start, "stop": stop, "finish": finish, "remove": remove}
