"""A playbook, run by ansible-runner: its events as they come, and its status.

What is run, and where, is what `ansible-playbook` would be given in this folder; ansible-runner is there for the events
alone. So what it changes in Ansible's settings for its own purposes is taken back.
"""

import json
import os
import shlex
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from perfops.errors import MachineError
from perfops.fleet.playbooks import Playbook, program

Event = Mapping[str, Any]
LOOK = 0.5  # seconds between two looks for a wish to end
PATIENCE = 20.0  # seconds that an end which was asked for may take
CHANGED = ("ANSIBLE_HOST_KEY_CHECKING", "ANSIBLE_RETRY_FILES_ENABLED", "ANSIBLE_CACHE_PLUGIN")
BATCH = "-o BatchMode=yes"  # nobody could answer a question of ssh


@dataclass(frozen=True, slots=True)
class Order:
    """What to run: the playbook, the inventories, variables that win over theirs, and Ansible's own options."""

    playbook: Playbook
    inventories: Sequence[str]
    variables: Mapping[str, Any] = field(default_factory=dict)
    limit: str | None = None
    options: Sequence[str] = ()


class Playing:
    """A playbook that runs in a thread of its own."""

    def __init__(self, runner: Any, over: threading.Event) -> None:
        self.runner = runner
        self.over = over
        self.problem: Exception | None = None
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self) -> None:
        """To its end."""
        try:
            self.runner.run()
        except Exception as error:  # noqa: BLE001  # whatever it is, it is told where the thread is waited for
            self.problem = error

    def wait(self, seconds: float) -> bool:
        """Whether it has ended, after this long at most."""
        self.thread.join(seconds)
        return not self.thread.is_alive()

    def cancel(self) -> None:
        """End it: Ansible here, and nothing on the machines."""
        self.over.set()
        self.thread.join(PATIENCE)

    def status(self) -> int:
        """The exit code of ansible-playbook."""
        if self.problem:
            raise MachineError(f"ansible-runner: {self.problem} (try ansible-playbook itself)") from self.problem
        return int(self.runner.rc)


@contextmanager
def playing(order: Order, listen: Callable[[Event], None]) -> Iterator[Playing]:
    """Start it; `listen` is called in its thread. It is ended with the block, if it has not ended before."""
    from ansible_runner.config.runner import RunnerConfig
    from ansible_runner.runner import Runner

    folder = Path(tempfile.mkdtemp(prefix="perfops-ansible-"))
    over = threading.Event()

    def heard(event: Event) -> bool:
        listen(event)
        return False  # it is not kept as a file

    def stands(status: Mapping[str, Any], runner_config: Any) -> None:
        if status["status"] == "running":  # the file with all of the environment, keys among it, has served nobody
            Path(runner_config.artifact_dir, "command").unlink(missing_ok=True)

    try:
        if order.variables:
            (folder / "env").mkdir()
            (folder / "env" / "extravars").write_text(json.dumps(dict(order.variables)), encoding="utf-8")
        config = RunnerConfig(
            private_data_dir=str(folder),
            playbook=order.playbook.name,
            inventory=list(order.inventories),
            limit=order.limit,
            cmdline=shlex.join(order.options) or None,
            quiet=True,
        )
        config.prepare()
        config.command[0] = program(config.command[0])
        config.cwd = str(Path.cwd())
        config.env = environment(config.env, order.playbook.environment)
        config.suppress_output_file = True
        config.pexpect_timeout = LOOK
        runner = Runner(config, event_handler=heard, status_handler=stands, cancel_callback=over.is_set)
        found = Playing(runner, over)
        found.thread.start()
        try:
            yield found
        finally:
            if found.thread.is_alive():
                found.cancel()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def environment(theirs: Mapping[str, str], ours: Mapping[str, str]) -> dict[str, str]:
    """The environment of Ansible: this one, what ansible-runner needs, and what finds the roles."""
    found = dict(theirs)
    for name in CHANGED:
        found.pop(name, None)
        if name in os.environ:
            found[name] = os.environ[name]
    found["ANSIBLE_SSH_EXTRA_ARGS"] = f"{BATCH} {os.environ.get('ANSIBLE_SSH_EXTRA_ARGS', '')}".strip()
    return found | {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"} | dict(ours)
