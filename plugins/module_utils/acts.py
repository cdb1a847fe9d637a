"""What the module pcc does with a collection: each reads, decides and acts, and says whether anything changed."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.perfops.perfops.plugins.module_utils import collections, commands, program


def patience(module):
    """Seconds to wait for an end; in trickle mode the collector goes on sending for a while."""
    timeout = module.params["timeout"]
    if module.params["mode"] != "trickle" or not timeout:
        return timeout
    return timeout + collections.seconds_of(module.params["flush"])


def wait(module, collection):
    """Wait for the collection's end, as long as its patience is."""
    collections.wait_while(lambda: collections.running_pid(collection.id) is not None, patience(module))


def start(module, collection):
    """Have the collection running or ended; whether that was new, and what is needed first."""
    facts = collections.facts(collection)
    if facts["running"] or facts["finished"]:
        return False, []
    path = Path(module.params["program"] or Path(module.params["home"], "pcc"))
    needs = commands.clock_needs(module.params) + program.needs(module.params, path)
    try:
        words = commands.command(module.params, path, collection)
    except ValueError as problem:
        module.fail_json(msg=str(problem))
    if module.check_mode:
        return True, []
    if needs:
        return False, needs
    try:
        program.install(module.params, path)
    except OSError as problem:
        module.fail_json(msg="cannot write {0}: {1} (name another folder in home)".format(path, problem.strerror))
    if not path.is_file():
        module.fail_json(msg="no collector at {0} (put it there with the role perfops.perfops.pcc)".format(path))
    try:
        error = collections.start(collection, words, commands.environment(module.params), module.params["timeout"])
    except OSError as problem:
        module.fail_json(msg="cannot start {0}: {1} (name another folder in home)".format(path, problem))
    if error:
        facts = collections.facts(collection)
        if not (facts["running"] or facts["finished"]):
            collections.remove_folder(collection.folder)
        module.fail_json(msg=error, id=collection.id)
    return True, []


def stop(module, collection):
    """Have the collection ended; whether it ran."""
    if collections.running_pid(collection.id) is None:
        return False
    if not module.check_mode and not collections.stop(collection, patience(module)):
        text = "the collection {0} does not end within {1} s (give a longer timeout, or end its process)"
        module.fail_json(msg=text.format(collection.id, patience(module)), **collections.facts(collection))
    return True


def clear(module, home):
    """Have nothing of this there but collections; whether there was anything."""
    try:
        return collections.clear(home, pretend=module.check_mode)
    except OSError as problem:
        text = "cannot remove {0}: {1} (remove it by hand)"
        module.fail_json(msg=text.format(problem.filename or home, problem.strerror))


def remove(module, collection):
    """Have the collection stopped and its files gone; whether there was anything."""
    changed = stop(module, collection)
    if not collections.is_there(collection):
        return changed
    if not module.check_mode:
        collections.remove(collection)
    return True
