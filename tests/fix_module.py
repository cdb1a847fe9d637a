"""The module pcc, run as Ansible runs it on a machine: a process of its own, arguments in, one JSON object out."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
COLLECTIONS = ROOT / ".collections"
RUN = """
import json, sys
from ansible.module_utils.testing import patch_module_args
from ansible_collections.perfops.perfops.plugins.modules import pcc
with patch_module_args(json.load(sys.stdin)):
    pcc.main()
"""


def run_module(check: bool = False, **options: Any) -> dict[str, Any]:
    """Run the module; what it returns, also where it fails."""
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps(options | {"_ansible_check_mode": check}),
        env=os.environ | {"PYTHONPATH": str(COLLECTIONS)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@contextmanager
def stopped_afterwards(home: Path) -> Iterator[None]:
    """Whatever samples into this home folder is killed in the end."""
    try:
        yield
    finally:
        for folder in (home / "collections").glob("*"):
            if pid := run_module(id=folder.name, state="finished", home=str(home), timeout=0).get("pid"):
                os.kill(pid, signal.SIGKILL)
