# Copyright: the perfops authors
# Apache License 2.0 (see LICENSE)
"""Runs a command on the controller: the action of this name does it, and this documents it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: controller_command
short_description: Run a command on the controller
version_added: 0.2.0
author: The perfops authors (@perfops)
description:
  - Runs a command where Ansible runs, as its user, in its environment with that of the task, whatever the host of the
    task is.
  - It is what C(ansible.builtin.command) delegated to C(localhost) does, without a module that is packed and started
    for it.
  - In check mode it is skipped.
options:
  argv:
    description: The program and its arguments; no shell reads them.
    type: list
    elements: str
    required: true
  folder:
    description: A folder that is made before, unless it is there.
    type: path
"""

EXAMPLES = r"""
- name: Draw the report
  perfops.perfops.controller_command:
    argv: [perfops, report, nightly-42, --output, results/nightly-42/report.html]
  run_once: true
"""

RETURN = r"""
cmd:
  description: What was run.
  returned: always
  type: list
  elements: str
  sample: [perfops, list]
rc:
  description: Its exit code.
  returned: always
  type: int
  sample: 0
stdout:
  description: What it said.
  returned: always
  type: str
  sample: nothing is loaded yet (try perfops load RECORDING)
stderr:
  description: What it said on standard error.
  returned: always
  type: str
  sample: ""
stdout_lines:
  description: RV(stdout) in lines.
  returned: where it was run
  type: list
  elements: str
  sample: []
stderr_lines:
  description: RV(stderr) in lines.
  returned: where it was run
  type: list
  elements: str
  sample: []
"""
