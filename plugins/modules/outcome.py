# Copyright: the perfops authors
# Apache License 2.0 (see LICENSE)
"""Says how a run came out: the action of this name does it, and this documents it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: outcome
short_description: Say how a run came out
version_added: 0.2.0
author: The perfops authors (@perfops)
description:
  - With O(hosts), prints a table with a line for each machine (state, samples, gaps, skew of its clock, bytes, reason),
    and writes it to C(run.json) in O(folder).
  - With O(host), fails where not all of it is home.
options:
  folder:
    description: The run's folder on the controller.
    type: path
    required: true
  hosts:
    description: Names of the machines of the run.
    type: list
    elements: str
  host:
    description: Name of one machine.
    type: str
  told:
    description: Lines to print before the table.
    type: list
    elements: str
  before:
    description: Names of the machines that were home already.
    type: list
    elements: str
  report:
    description: The report's file, which is named where it is there.
    type: path
"""

EXAMPLES = r"""
- name: Say how it came out
  perfops.perfops.outcome:
    folder: results/nightly-42
    hosts: "{{ ansible_play_hosts_all }}"
    report: results/nightly-42/report.html
  run_once: true

- name: Fail where a machine is not home
  perfops.perfops.outcome:
    folder: results/nightly-42
    host: "{{ inventory_hostname }}"
"""

RETURN = r"""
machines:
  description: What C(run.json) says of each machine.
  returned: with O(hosts)
  type: dict
  sample: {vm-01: {state: complete, samples: 601, gaps: 0, skew_seconds: 0.0, bytes: 5242880, reason: ""}}
msg:
  description: What is wrong with the one machine.
  returned: with O(host), where not all of it is home
  type: str
  sample: "partial: cut short: the collector was killed"
"""
