# Copyright: the perfops authors
# Apache License 2.0 (see LICENSE)
"""Looks at a machine: the action of this name does it, and this documents it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: examine
short_description: Look at a machine before a test with nothing but its shell
version_added: 0.2.0
author: The perfops authors (@perfops)
description:
  - Says what a test needs to know of a machine, and changes nothing there. Neither Python nor room is needed.
  - A machine that cannot be reached is a finding and no failure.
options:
  output:
    description: Folder on the controller that gets a file a machine, with RV(found).
    type: path
    required: true
  home:
    description: The folder of collections on the machine.
    type: str
    default: ~/.perfops
  python:
    description: The Python that Ansible takes there.
    type: str
    default: python3
  receiver:
    description: Host that a stream goes to; empty for none.
    type: str
    default: ""
  port:
    description: Its port.
    type: int
"""

EXAMPLES = r"""
- name: Look at it
  perfops.perfops.examine:
    output: /tmp/found
"""

RETURN = r"""
found:
  description: What was found; times in Unix seconds, room in KiB.
  returned: always
  type: dict
  sample: {host: vm-01, python: 3.11.2, home: /root/.perfops, writable: "yes", free: "5242880", left: [], samples: []}
"""
