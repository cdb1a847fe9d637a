# Copyright: the perfops authors
# Apache License 2.0 (see LICENSE)
"""The plays of a load test as the phases of a run."""

from __future__ import annotations

DOCUMENTATION = r"""
name: phases
type: notification
short_description: Write the plays of a load test as the phases of a run
version_added: 0.1.0
author: The perfops authors (@perfops)
description:
  - Each play of a playbook becomes a phase of a run of perfops, by its name, from its start until the next one begins;
    the last ends with the playbook. Report, dashboards and C(perfops show --phase) have them when the run is loaded.
  - A task, a block or an C(include_tasks) with the variable C(perfops_phase) begins a phase of that name; an empty name
    ends the one that lasts. Tasks without it change nothing.
  - The times are those of the controller's clock. They are written by C(perfops phase) beside the playbook, which does
    not wait for it but at its end, and never fails because of it. What could not be written is warned of once.
requirements:
  - The program perfops on the controller, and a database that it finds, such as by E(PERFOPS_DATABASE_URL).
  - Enabled by name, such as by E(ANSIBLE_CALLBACKS_ENABLED) with V(perfops.perfops.phases).
options:
  run:
    description: Name of the run. Without it nothing is written.
    type: str
    env:
      - name: PERFOPS_RUN
    ini:
      - section: callback_phases
        key: run
  program:
    description: The program; by default the C(perfops) beside Ansible's own programs, else the one in E(PATH).
    type: str
    env:
      - name: PERFOPS_PROGRAM
    ini:
      - section: callback_phases
        key: program
  timeout:
    description: How many seconds the end of the playbook waits until all is written.
    type: float
    default: 20
    env:
      - name: PERFOPS_PHASES_TIMEOUT
    ini:
      - section: callback_phases
        key: timeout
"""

import atexit
import functools
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryFile

from ansible.plugins.callback import CallbackBase

VARIABLE = "perfops_phase"


def guarded(method):
    """A method out of which nothing that goes wrong reaches the playbook: the load test is more important."""

    @functools.wraps(method)
    def call(self, *arguments, **options):
        try:
            method(self, *arguments, **options)
        except Exception as error:  # noqa: BLE001 - whatever it is
            self.warn(f"{type(error).__name__}: {error}")

    return call


class CallbackModule(CallbackBase):
    """Tells one `perfops phase`, which runs as long as the playbook, when phases begin.

    Where that one has ended, because the database was away, the next phase starts another and tells it all again.
    """

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "perfops.perfops.phases"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.play = None
        self.lasting = ""  # name of the phase
        self.lines = []  # all that was ever told
        self.writer = self.said = None
        self.warned = False
        self.owner = os.getpid()

    @guarded
    def v2_playbook_on_start(self, playbook):  # noqa: ARG002 - the names are Ansible's
        """Have what is left written also when the playbook is stopped with Ctrl-C."""
        if not self.get_option("run"):
            self.warn("no run is named (set PERFOPS_RUN)")
        atexit.register(self.finish)

    @guarded
    def v2_playbook_on_play_start(self, play):
        """A play is a phase, unless its own variables name another one."""
        self.play = play
        own = (play.vars or {}).get(VARIABLE)
        self.begin(self.templated(play.get_name() if own is None else own))

    @guarded
    def v2_playbook_on_task_start(self, task, is_conditional=False):  # noqa: ARG002
        """A task may begin a phase, by its own variables or those of its block."""
        named = task.get_vars().get(VARIABLE)
        if named is None or (task.loop is not None and "{{" in str(named)):  # of an include they come, each filled in
            return
        self.begin(self.templated(named, task))

    @guarded
    def v2_playbook_on_handler_task_start(self, task):
        """Handlers are tasks."""
        self.v2_playbook_on_task_start(task)

    @guarded
    def v2_playbook_on_stats(self, stats):  # noqa: ARG002
        """The end of the playbook ends the last phase."""
        self.finish()

    def templated(self, text, task=None):
        """A name with the variables in it filled in, as far as they are known without a host."""
        if "{{" not in str(text):
            return str(text)
        from ansible.template import Templar

        variables = self.play.get_variable_manager().get_vars(play=self.play, task=task)
        return str(Templar(loader=self.play.get_loader(), variables=variables).template(text))

    def begin(self, name):
        """A phase begins, or ends where the name is empty; the same again is no news."""
        name = " ".join(str(name).split())
        if name == self.lasting or not self.get_option("run"):
            return
        self.lasting = name
        stamp = datetime.now(timezone.utc).isoformat()
        self.lines.append(f"{stamp} {name}\n".encode("utf-8", "replace"))
        self.tell()

    def tell(self):
        """Hand the last line to the perfops that runs, or all lines to a new one."""
        if self.writer is not None and self.writer.poll() is not None:
            self.look()
        lines = self.lines[-1:] if self.writer else self.lines
        if self.writer is None:
            self.said = TemporaryFile()  # noqa: SIM115 - read when the program has ended
            self.writer = subprocess.Popen(
                [self.program(), "phase", self.get_option("run"), "--lines", "-"],
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self.said,
                start_new_session=True,  # Ctrl-C is for the playbook
            )
            os.set_blocking(self.writer.stdin.fileno(), False)  # where it hangs, the playbook does not
        with suppress(
            BrokenPipeError, BlockingIOError
        ):  # it has ended, or hangs: seen at the next phase, or at the end
            self.writer.stdin.write(b"".join(lines))

    def look(self):
        """What became of the perfops that has ended."""
        code = self.writer.returncode
        self.writer = None
        self.said.seek(0)
        text = self.said.read().decode("utf-8", "replace").strip()
        self.said.close()
        if code:
            self.warn(text.splitlines()[-1].removeprefix("perfops: ") if text else f"perfops phase ended with {code}")

    def program(self):
        """Where perfops is."""
        beside = str(Path(sys.executable).with_name("perfops"))
        found = beside if os.access(beside, os.X_OK) else shutil.which("perfops")
        return self.get_option("program") or found or "perfops"

    def finish(self):
        """End the last phase, and wait until all is written; not in the workers of the playbook, which end, too."""
        if os.getpid() != self.owner:
            return
        try:
            self.begin("")
            if self.writer is not None:
                self.writer.stdin.close()
                self.writer.wait(float(self.get_option("timeout")))
                self.look()
        except subprocess.TimeoutExpired:
            self.writer = None
            self.warn("perfops phase takes too long, and is left to itself")
        except Exception as error:  # noqa: BLE001 - as above
            self.writer = None
            self.warn(f"{type(error).__name__}: {error}")

    def warn(self, text):
        """Say so, once."""
        if not self.warned:
            self.warned = True
            self._display.warning(f"perfops: the phases of this playbook are not all written: {text}")
