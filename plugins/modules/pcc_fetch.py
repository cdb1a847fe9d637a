#!/usr/bin/python
# Copyright: the perfops authors
# Apache License 2.0 (see LICENSE)
"""A collection on its way home."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pcc_fetch
short_description: Bring a collection of perfops' collector home
version_added: 0.2.0
author: The perfops authors (@perfops)
description:
  - Waits for the end of a collection, brings it to the controller, and removes it from the machine when it is home.
  - It comes in packed pieces, so the memory that takes on either side does not grow with it. A transfer that broke off
    goes on where it was, in the same run when the machine answers again within O(patience) seconds, else in the next.
    The whole is compared by its SHA-256 before it gets its name.
  - What is in O(folder) already is not brought again, whatever O(journal) knows, and nothing takes its place. What is
    there for O(id) on the machine is then removed, where the journal or its checksum says that it is the same.
options:
  id:
    description: The collection's id, a UUID.
    type: str
    required: true
  home:
    description: The folder of collections on the machine.
    type: path
    default: ~/.perfops
  mode:
    description: V(local) brings the recording, V(trickle) what was not sent, and how the sending went.
    type: str
    choices: [local, trickle]
    default: local
  timeout:
    description: Seconds to wait for the end of a collection that still runs.
    type: int
    default: 60
  flush:
    description: How long it may go on sending at its end in O(mode=trickle), on top of O(timeout).
    type: str
    default: 30s
  piece_bytes:
    description: Packed bytes of a piece, about.
    type: int
    default: 2097152
  offset:
    description: Where the piece begins; filled in by the controller.
    type: int
    default: 0
  folder:
    description: The folder on the controller for it, made when missing.
    type: path
  journal:
    description:
      - File on the controller that says how this machine fares in its run. A trouble is noted there, and no failure.
    type: path
  collector:
    description: Name of the machine in the database; noted in the journal.
    type: str
  site:
    description: Where the machine stands; noted in the journal.
    type: str
  keep:
    description: Whether to leave it on the machine.
    type: bool
    default: false
  patience:
    description: Seconds in which a machine that does not answer may come back.
    type: int
    default: 30
attributes:
  check_mode:
    description: Looks, brings nothing and removes nothing.
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
- name: Bring it home
  perfops.perfops.pcc_fetch:
    id: 0b6c54b5-6d1e-4d1c-9d2a-0a6f3b7f4c11
    folder: results/nightly-42/vm-01
"""

RETURN = r"""
path:
  description: The file on the controller.
  returned: where it came
  type: str
  sample: results/nightly-42/vm-01/collection.json
total:
  description: Its bytes.
  returned: where it came
  type: int
  sample: 5242880
sha256:
  description: Its checksum, of the machine's and of the controller's copy.
  returned: where it came
  type: str
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
samples:
  description: Samples in it; null in O(mode=trickle) where it was cut short.
  returned: where it came
  type: int
  sample: 601
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.perfops.perfops.plugins.module_utils import acts, collections, stream

OPTIONS = {
    "id": {"type": "str", "required": True},
    "home": {"type": "path", "default": "~/.perfops"},
    "mode": {"type": "str", "choices": ["local", "trickle"], "default": "local"},
    "timeout": {"type": "int", "default": 60},
    "flush": {"type": "str", "default": "30s"},
    "piece_bytes": {"type": "int", "default": 2 << 20},
    "offset": {"type": "int", "default": 0},
    "folder": {"type": "path"},
    "journal": {"type": "path"},
    "collector": {"type": "str"},
    "site": {"type": "str"},
    "keep": {"type": "bool", "default": False},
    "patience": {"type": "int", "default": 30},
}


def next_piece(params, collection, facts):
    """The piece at the offset, and with the last one the checksum of all; OSError where a file is gone."""
    parts = stream.parts_of(collection, params["mode"], facts["left"])
    total = stream.size_of(parts)
    offset = params["offset"] if params["offset"] <= total else 0  # what is home is not of this one
    packed, end = stream.piece(parts, offset, params["piece_bytes"])
    samples = facts["ticks"]
    if end == total and samples is None and params["mode"] != "trickle":
        samples = stream.count_samples(collection.file)
    sha256 = stream.digest(parts) if end == total else None
    return {"piece": packed, "offset": offset, "next": end, "total": total, "sha256": sha256, "samples": samples}


def main():
    """Wait for the end, and give a piece."""
    begun = time.time()
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    collection = collections.Collection(module.params["home"], module.params["id"].lower())
    found = {}
    if not module.check_mode:
        acts.wait(module, collection)
    facts = collections.facts(collection)
    if facts["finished"] and not module.check_mode:
        try:
            found = next_piece(module.params, collection, facts)
        except OSError as problem:
            module.fail_json(msg="cannot read the collection {0}: {1}".format(collection.id, problem))
    module.exit_json(changed=False, clock=[begun, time.time()], **dict(facts, **found))


if __name__ == "__main__":
    main()
