# Copyright: the perfops authors
# Apache License 2.0 (see LICENSE)
"""Opens the folder of a run on the controller: the action of this name does it, and this documents it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: open_run
short_description: Open the folder of a run on the controller
version_added: 0.2.0
author: The perfops authors (@perfops)
description:
  - Makes the folder of a run with its C(run.json), which gives the run an identity, unless it is there.
  - Fails where the run is one of the other mode. In check mode nothing is made.
options:
  run:
    description: Name of the run.
    type: str
    required: true
  folder:
    description: Its folder.
    type: path
    required: true
  mode:
    description: Whether its collections are fetched or streamed; without it, either may be.
    type: str
    choices: [local, trickle]
  create:
    description: Whether it is made where it is not there; else that is a failure.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Open the run
  perfops.perfops.open_run:
    run: nightly-42
    folder: results/nightly-42
    mode: local
  run_once: true
  register: results_opened
"""

RETURN = r"""
run:
  description: Name of the run.
  returned: success
  type: str
  sample: nightly-42
folder:
  description: Its folder.
  returned: success
  type: str
  sample: results/nightly-42
mode:
  description: Whether its collections are fetched (V(local)) or streamed (V(trickle)).
  returned: success
  type: str
  sample: local
id:
  description: What the ids of its collections are made from, a UUID.
  returned: success
  type: str
  sample: 0d8f1a52-6c0e-4f2f-9b57-0c6f5a3b1e77
"""
