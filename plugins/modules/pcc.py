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
      - V(cleared) removes the program and the certificates, and O(home) where nothing else is in it. Where a collection
        is there, nothing is done, and RV(collections) names it. Other files stay. O(id) is not looked at.
    type: str
    choices: [started, finished, stopped, absent, cleared]
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
  start_at:
    description: When to take the first sample, in whole Unix seconds; at once where that is past or not given.
    type: float
  sent_at:
    description:
      - The time of the controller as it calls. Where this machine's is more than a second from it, nothing is started.
    type: float
  clock_offset:
    description:
      - Seconds by which this machine's clock is ahead of the controller's; O(start_at) is corrected for more than one.
    type: float
  program_sha256:
    description: Checksum of the program that is wanted. Where another or none is there, nothing is started.
    type: str
  program_content:
    description: That program in Base64, put there before the start.
    type: str
  certificates:
    description: What to trust the receiver by (PEM) in Base64, put into O(home) and used as O(cafile).
    type: str
  packed:
    description: The program's file on the controller, which is put on the machine where it has another or none.
    type: path
  trust:
    description: File on the controller with what to trust the receiver by (PEM), which is put on the machine.
    type: path
  journal:
    description:
      - File on the controller that says how this machine fares in its run. A trouble is noted there, and no failure.
    type: path
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
remark:
  description: That what samples already began with another duration or frequency than is given; else empty.
  returned: by the action, with V(started)
  type: str
  sample: ""
skew_seconds:
  description: How far the machine's clock is ahead of the controller's.
  returned: by the action, with V(started)
  type: float
  sample: 0.0
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
ended_at:
  description:
    - Time of the last sample in Unix seconds, in trickle mode of the end; null where it was cut short or runs.
  returned: with O(id)
  type: float
  sample: 1768077900.0
duration:
  description: The seconds it was asked to sample.
  returned: with O(id)
  type: float
  sample: 600.0
frequency:
  description: The seconds between two samples it was asked for.
  returned: with O(id)
  type: float
  sample: 1.0
remaining:
  description: Seconds until its planned end; 0 where it does not run.
  returned: with O(id)
  type: float
  sample: 412.7
restarted:
  description: Whether the machine was started anew since its first sample.
  returned: with O(id)
  type: bool
  sample: false
needs:
  description: Options to call it with again, as nothing was started without; C(program) stands for O(program_content).
  returned: with O(id)
  type: list
  elements: str
  sample: []
clock:
  description: This machine's time in Unix seconds at the begin and at the end of the call.
  returned: with O(id)
  type: list
  elements: float
  sample: [1768077300.12, 1768077300.31]
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
kept:
  description: Paths of the files of the spool that hold what was refused or found no room, and is not sent any more.
  returned: with O(id)
  type: list
  elements: str
  sample: [/home/azureuser/.perfops/spool/0b6c54b5-6d1e-4d1c-9d2a-0a6f3b7f4c11/quarantine/00000003.json]
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
  description: Ids of the collections that were stopped or removed; with V(cleared), of those that are there.
  returned: without O(id)
  type: list
  elements: str
  sample: [0b6c54b5-6d1e-4d1c-9d2a-0a6f3b7f4c11]
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.perfops.perfops.plugins.module_utils import acts, collections

OPTIONS = {
    "state": {"type": "str", "choices": ["started", "finished", "stopped", "absent", "cleared"], "default": "started"},
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
    "start_at": {"type": "float"},
    "sent_at": {"type": "float"},
    "clock_offset": {"type": "float"},
    "program_sha256": {"type": "str"},
    "program_content": {"type": "str", "no_log": True},
    "certificates": {"type": "str", "no_log": True},
    "packed": {"type": "path"},
    "trust": {"type": "path"},
    "journal": {"type": "path"},
}


def main():
    """Read, decide, act, read again."""
    begun = time.time()
    module = AnsibleModule(
        argument_spec=OPTIONS,
        required_if=[("state", "started", ["id"]), ("state", "finished", ["id"])],
        supports_check_mode=True,
    )
    state, identity, home = module.params["state"], module.params["id"], module.params["home"]
    if state == "cleared":
        changed = acts.clear(module, home)
        module.exit_json(changed=changed, collections=[each.id for each in collections.collections_in(home)])
    if identity is None:
        act = acts.stop if state == "stopped" else acts.remove
        done = [each.id for each in collections.collections_in(home) if act(module, each)]
        module.exit_json(changed=bool(done), collections=done)
    if not collections.UUID.match(identity.lower()):
        module.fail_json(msg="bad value for id: {0!r} (try the output of uuidgen)".format(identity))
    collection = collections.Collection(home, identity.lower())
    changed, needs = False, []
    if state == "started":
        changed, needs = acts.start(module, collection)
    elif state == "stopped":
        changed = acts.stop(module, collection)
    elif state == "absent":
        changed = acts.remove(module, collection)
    elif not module.check_mode:
        acts.wait(module, collection)
    facts = collections.facts(collection)
    module.exit_json(changed=changed, needs=needs, clock=[begun, time.time()], **facts)


if __name__ == "__main__":
    main()
