# Copyright: the perfops authors
# Apache License 2.0 (see LICENSE)
"""Waits on the controller: the action of this name does it, and this documents it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wait
short_description: Wait for the planned end of a run's collections
version_added: 0.2.0
author: The perfops authors (@perfops)
description:
  - Waits on the controller until the last end that the journals of the machines name; no machine is asked for that.
  - A collection that is stopped meanwhile is not waited for any longer.
options:
  folder:
    description: The run's folder on the controller.
    type: path
    required: true
  hosts:
    description: Names of the machines.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Wait for the end
  perfops.perfops.wait:
    folder: results/nightly-42
    hosts: "{{ ansible_play_hosts }}"
  run_once: true
"""

RETURN = r"""
seconds:
  description: How long it was.
  returned: always
  type: float
  sample: 600.4
"""
