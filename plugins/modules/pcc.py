#!/usr/bin/python
# Copyright: the perfops authors
# Apache License 2.0 (see LICENSE)
"""The collector as a module."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pcc
short_description: Sample /proc of a machine with perfops' collector
version_added: 0.1.0
author: The perfops authors (@perfops)
description:
  - Starts a collection that goes on when the connection ends, waits for its end, stops it, or removes it.
  - A collection is known by its O(id). Nothing is started for an id that is there already, running or ended.
  - In O(mode=trickle) what is sampled is sent to a receiver meanwhile, by way of a spool in O(home); what could not be
    sent stays there, and RV(left) names it.
  - The program itself has to be there already, as the role P(perfops.perfops.pcc#role) puts it; it needs Python 3.6.
options:
  state:
    description:
      - V(started) has the collection running or ended; waits until its first sample is on the machine's disk.
      - V(finished) waits at most O(timeout) seconds for its end; RV(finished) says whether it came.
      - V(stopped) ends it cleanly, with its last sample written. Without O(id), all collections in O(home).
      - V(absent) stops it and removes its files. Without O(id), all collections in O(home).
    type: str
    choices: [started, finished, stopped, absent]
    default: started
  id:
    description: The collection's id, a UUID. Needed for V(started) and V(finished).
    type: str
  home:
    description: The folder of collections on the machine, made when missing.
    type: path
    default: ~/.perfops
  program:
    description: The collector's file; by default C(pcc) in O(home).
    type: path
  duration:
    description: How long to sample, such as V(90s), V(10m), V(1h30m).
    type: str
    default: 10m
  frequency:
    description: Time between two samples, such as V(250ms), V(1s), V(5s).
    type: str
    default: 1s
  identifier:
    description: Name of the machine among the machines of a run; by default its host name.
    type: str
  labels:
    description: What to remember about the collection; keys and values without commas, keys without C(=).
    type: dict
    default: {}
  mode:
    description:
      - V(local) writes a file; RV(collection) is its path.
      - V(trickle) sends to O(server). The file at RV(collection) then holds the first and the last record alone.
    type: str
    choices: [local, trickle]
    default: local
  server:
    description: The receiver, a URL, or C(host:port) for plain HTTP. Needed to start in O(mode=trickle).
    type: str
  apikey:
    description:
      - The key that the receiver knows. Needed to start in O(mode=trickle).
      - It is handed over in the environment of the collector, which hides it there; it is in no file and on no command
        line.
    type: str
  cafile:
    description: File on the machine with the certificates to trust the receiver by, in PEM; by default the system's.
    type: path
  batch:
    description: How much is sent at a time, such as V(5s), V(10s).
    type: str
    default: 10s
  flush:
    description: How long to go on sending at the end, such as V(30s); V(0s) for not at all.
    type: str
    default: 30s
  spool_max:
    description: Bytes that may wait to be sent, such as V(512M), V(1G).
    type: str
    default: 1G
  spool_full:
    description: What happens there; V(drop-oldest) declares what it drops, V(stop) ends the collection.
    type: str
    choices: [drop-oldest, stop]
    default: drop-oldest
  timeout:
    description:
      - Seconds to wait, with V(finished) for the end, else for the collector to answer.
      - With V(finished), V(0) looks without waiting.
      - In O(mode=trickle) the time of O(flush) comes on top, but for V(0).
    type: int
    default: 60
attributes:
  check_mode:
    description: Says what would change, and changes nothing.
    support: full
  diff_mode:
    description: Shows no differences.
    support: none
  platform:
    description: Linux with C(/proc).
    platforms: linux
    support: full
"""

EXAMPLES = r"""
- name: Sample for ten minutes, once a second
  perfops.perfops.pcc:
    id: 0b6c54b5-6d1e-4d1c-9d2a-0a6f3b7f4c11
    duration: 10m
    frequency: 1s
    labels:
      build: "42"

- name: Wait for the end
  perfops.perfops.pcc:
    id: 0b6c54b5-6d1e-4d1c-9d2a-0a6f3b7f4c11
    state: finished
    timeout: 660
  register: sampled

- name: Look once, without waiting
  perfops.perfops.pcc:
    id: 0b6c54b5-6d1e-4d1c-9d2a-0a6f3b7f4c11
    state: finished
    timeout: 0

- name: Sample, and stream it to a receiver
  perfops.perfops.pcc:
    id: 0b6c54b5-6d1e-4d1c-9d2a-0a6f3b7f4c11
    mode: trickle
    server: https://receiver.example:8321
    apikey: "{{ lookup('ansible.builtin.env', 'PCC_APIKEY') }}"
    labels:
      run: nightly-42
      site: Azure Benchmark

- name: End whatever samples on this machine
  perfops.perfops.pcc:
    state: stopped
"""

RETURN = r"""
id:
  description: The collection's id.
  returned: with O(id)
  type: str
  sample: 0b6c54b5-6d1e-4d1c-9d2a-0a6f3b7f4c11
collection:
  description: Path of the collection's file.
  returned: with O(id)
  type: str
  sample: /home/azureuser/.perfops/collections/0b6c54b5-6d1e-4d1c-9d2a-0a6f3b7f4c11/collection.json
log:
  description: Path of the file with what the collector said.
  returned: with O(id)
  type: str
  sample: /home/azureuser/.perfops/collections/0b6c54b5-6d1e-4d1c-9d2a-0a6f3b7f4c11/pcc.log
pid:
  description: The collector's process, null where it does not run.
  returned: with O(id)
  type: int
  sample: 4711
running:
  description: Whether it samples now.
  returned: with O(id)
  type: bool
  sample: false
finished:
  description: Whether it has sampled and runs no longer.
  returned: with O(id)
  type: bool
  sample: true
complete:
  description: Whether it has ended of itself or by a signal, with an end record; false where it was cut short.
  returned: with O(id)
  type: bool
  sample: true
started_at:
  description: Time of the first sample in Unix seconds, null before it.
  returned: with O(id)
  type: float
  sample: 1768077300.0
duration:
  description: The seconds it was asked to sample.
  returned: with O(id)
  type: float
  sample: 600.0
mode:
  description: V(local) or V(trickle), null before the first sample.
  returned: with O(id)
  type: str
  sample: trickle
size:
  description: Bytes of the collection's file; in trickle mode it holds the first and the last record alone.
  returned: with O(id)
  type: int
  sample: 5242880
reason:
  description: What ended it, V(duration) or the name of a signal; null where it was cut short or runs.
  returned: with O(id)
  type: str
  sample: duration
ticks:
  description: Samples taken; null where it was cut short or runs.
  returned: with O(id)
  type: int
  sample: 601
missed:
  description: Samples that were due and could not be taken; null where it was cut short or runs.
  returned: with O(id)
  type: int
  sample: 0
sent:
  description: Samples that the receiver has; null in local mode, and where it was cut short or runs.
  returned: with O(id)
  type: int
  sample: 601
lost:
  description: Samples dropped or refused, each declared; null in local mode, and where it was cut short or runs.
  returned: with O(id)
  type: int
  sample: 0
refused:
  description: Those of RV(lost) that the receiver refused; they are kept in the spool's C(quarantine) with the reasons.
  returned: with O(id)
  type: int
  sample: 0
left:
  description: Paths of the files with what was not sent, the oldest first; together they are a collection.
  returned: with O(id)
  type: list
  elements: str
  sample: [/home/azureuser/.perfops/spool/0b6c54b5-6d1e-4d1c-9d2a-0a6f3b7f4c11/00000007.tried.json]
cpu_seconds:
  description: CPU time the collector itself took; null where it was cut short or runs.
  returned: with O(id)
  type: float
  sample: 0.31
peak_memory_kib:
  description: The most memory the collector itself had; null where it was cut short or runs.
  returned: with O(id)
  type: int
  sample: 9216
said:
  description: The last line the collector said.
  returned: with O(id)
  type: str
  sample: "pcc: 601 ticks, 0 missed, 5242880 bytes, 0.31 s CPU, ended by duration"
collections:
  description: Ids of the collections that were stopped or removed.
  returned: without O(id)
  type: list
  elements: str
  sample: [0b6c54b5-6d1e-4d1c-9d2a-0a6f3b7f4c11]
"""

import re
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.perfops.perfops.plugins.module_utils import collections, commands

UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
OPTIONS = {
    "state": {"type": "str", "choices": ["started", "finished", "stopped", "absent"], "default": "started"},
    "id": {"type": "str"},
    "home": {"type": "path", "default": "~/.perfops"},
    "program": {"type": "path"},
    "duration": {"type": "str", "default": "10m"},
    "frequency": {"type": "str", "default": "1s"},
    "identifier": {"type": "str"},
    "labels": {"type": "dict", "default": {}},
    "mode": {"type": "str", "choices": ["local", "trickle"], "default": "local"},
    "server": {"type": "str"},
    "apikey": {"type": "str", "no_log": True},
    "cafile": {"type": "path"},
    "batch": {"type": "str", "default": "10s"},
    "flush": {"type": "str", "default": "30s"},
    "spool_max": {"type": "str", "default": "1G"},
    "spool_full": {"type": "str", "choices": ["drop-oldest", "stop"], "default": "drop-oldest"},
    "timeout": {"type": "int", "default": 60},
}


def patience(module):
    """Seconds to wait for an end; in trickle mode the collector goes on sending for a while."""
    timeout = module.params["timeout"]
    if module.params["mode"] != "trickle" or not timeout:
        return timeout
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|[smhd])", module.params["flush"])
    return timeout + sum(float(number) * UNITS[unit] for number, unit in parts)


def start(module, collection):
    """Have the collection running or ended; whether that was new."""
    facts = collections.facts(collection)
    if facts["running"] or facts["finished"]:
        return False
    program = Path(module.params["program"] or Path(module.params["home"], "pcc"))
    try:
        words = commands.command(module.params, program, collection)
    except ValueError as problem:
        module.fail_json(msg=str(problem))
    if module.check_mode:
        return True
    if not program.is_file():
        module.fail_json(msg="no collector at {0} (put it there with the role perfops.perfops.pcc)".format(program))
    try:
        error = collections.start(collection, words, commands.environment(module.params), module.params["timeout"])
    except OSError as problem:
        module.fail_json(msg="cannot start {0}: {1} (name another folder in home)".format(program, problem))
    if error:
        if not collections.facts(collection)["running"]:
            collections.remove_folder(collection.folder)
        module.fail_json(msg=error, id=collection.id)
    return True


def stop(module, collection):
    """Have the collection ended; whether it ran."""
    if collections.running_pid(collection.id) is None:
        return False
    if not module.check_mode and not collections.stop(collection, patience(module)):
        text = "the collection {0} does not end within {1} s (give a longer timeout, or end its process)"
        module.fail_json(msg=text.format(collection.id, patience(module)), **collections.facts(collection))
    return True


def remove(module, collection):
    """Have the collection stopped and its files gone; whether there was anything."""
    changed = stop(module, collection)
    if not collections.is_there(collection):
        return changed
    if not module.check_mode:
        collections.remove(collection)
    return True


def main():
    """Read, decide, act, read again."""
    module = AnsibleModule(
        argument_spec=OPTIONS,
        required_if=[("state", "started", ["id"]), ("state", "finished", ["id"])],
        supports_check_mode=True,
    )
    state, identity, home = module.params["state"], module.params["id"], module.params["home"]
    if identity is None:
        act = stop if state == "stopped" else remove
        done = [each.id for each in collections.collections_in(home) if act(module, each)]
        module.exit_json(changed=bool(done), collections=done)
    if not UUID.match(identity.lower()):
        module.fail_json(msg="bad value for id: {0!r} (try the output of uuidgen)".format(identity))
    collection = collections.Collection(home, identity.lower())
    changed = False
    if state == "started":
        changed = start(module, collection)
    elif state == "stopped":
        changed = stop(module, collection)
    elif state == "absent":
        changed = remove(module, collection)
    elif not module.check_mode:
        collections.wait_while(lambda: collections.running_pid(collection.id) is not None, patience(module))
    module.exit_json(changed=changed, **collections.facts(collection))


if __name__ == "__main__":
    main()
