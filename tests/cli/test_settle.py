"""perfops settle: what is home is found where it lies, and what is not is named."""

import json
import shutil
from pathlib import Path

from fix_command import perfops, refused, succeeded
from fix_loaded import record_machine


def test_a_run_that_was_moved_is_settled_and_what_is_not_home_is_named(tmp_path: Path) -> None:
    """The journals name another place; two machines have no recording, one was pruned."""
    run = tmp_path / "results" / "nightly"
    (run / ".hosts").mkdir(parents=True)
    (run / "run.json").write_text(json.dumps({"run": "nightly", "hosts": {"vm-04": {"state": "lost"}}}))
    for name in ("vm-01", "vm-02", "vm-03"):
        about = {"collector": name, "site": "lab", "mode": "local", "home": f"/gone/nightly/{name}/collection.json"}
        (run / ".hosts" / f"{name}.json").write_text(json.dumps(about | {"pruned": name == "vm-03"}))
    (run / "vm-01").mkdir()
    record_machine(run / "vm-01" / "collection.json", hostname="vm-01")
    done = perfops("settle", run, "--only", "process")
    assert succeeded(done).startswith(f"{run}/vm-01: ")
    assert done.stderr == "perfops: vm-02 is not home\nperfops: vm-04 is not home\n"
    shutil.rmtree(run / "vm-01")
    for step in ("process", "load"):
        code, text = refused(perfops("settle", run, "--only", step))
        told = f"nothing is home of the run nightly in {run}: no recording of vm-01, vm-02, vm-04"
        assert (code, text) == (2, f"{told} (go on with the run first)")
