"""Containers that come and go, on trees and on real control groups; open files, and what is done without them."""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from fix_cgroup import FILES_1, FILES_2, VALUES_1, make_id, on_machine, real_groups, tree_1, tree_2, write

from perfops.pcc.containers import Containers
from perfops.pcc.groups import Groups

START = b'{"timestamp":1.000,"monotonic":1.000000,"subsystem":"'


def follow(sys_root: Path) -> Containers:
    return Containers(str(sys_root / "proc"), str(sys_root), {}, root=str(sys_root))


def tick(containers: Containers) -> dict[str, dict[str, Any]]:
    """The measurements of a tick by the containers' ids."""
    values = [json.loads(json.loads(line)["measurement"]) for line in containers.lines(START)]
    found = {value["container_id"]: value for value in values}
    assert len(found) == len(values), "a container has two records"
    return found


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def count(root: Path, groups: int) -> None:
    """What the kernel says on the number of groups."""
    (root / "cgroup.stat").write_text(f"nr_descendants {groups}\nnr_dying_descendants 0\n")


@pytest.mark.parametrize(
    "place",
    [
        "system.slice/docker-{}.scope",
        "docker/{}",
        "new.slice/docker-{}.scope",
        "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod9.slice/cri-containerd-{}.scope",
    ],
)
def test_a_new_container_is_there_in_the_next_tick_and_a_removed_one_is_not(tmp_path: Path, place: str) -> None:
    old, new = make_id(), make_id()
    root = tree_2(tmp_path, "kubepods.slice", f"system.slice/docker-{old}.scope")
    containers = follow(tmp_path)
    assert tick(containers).keys() == {old}
    write(root / place.format(new), FILES_2)
    assert tick(containers).keys() == {old, new}
    shutil.rmtree(root / place.format(new))
    assert tick(containers).keys() == {old}
    shutil.rmtree(root / f"system.slice/docker-{old}.scope")
    assert tick(containers) == {}


def test_one_in_a_unit_that_was_empty_is_found_by_the_kernels_count(tmp_path: Path) -> None:
    """Units are many and are not looked at one by one."""
    identity = make_id()
    root = tree_2(tmp_path, "system.slice/web.service", "system.slice/ssh.service", files={})
    containers = follow(tmp_path)
    assert tick(containers) == {}
    write(root / f"system.slice/web.service/libpod-payload-{identity}", FILES_2)
    count(root, 2)
    assert tick(containers).keys() == {identity}


def test_the_count_of_version_1_is_that_of_proc_cgroups(tmp_path: Path) -> None:
    identity = make_id()
    table = write(tmp_path / "proc", {"cgroups": "#subsys_name hierarchy num_cgroups enabled\ncpu 1 3 1\n"})
    root = tree_1(tmp_path, "system.slice/containerd.service")
    containers = follow(tmp_path)
    assert tick(containers) == {}
    for controller, files in FILES_1.items():
        write(
            root / controller / f"system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:{identity}", files
        )
    write(table, {"cgroups": "#subsys_name hierarchy num_cgroups enabled\ncpu 1 4 1\n"})
    assert tick(containers).keys() == {identity}


def test_the_tree_is_walked_only_where_something_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walks: list[str] = []
    walk = Groups.walk

    def counted(groups: Groups) -> Any:
        walks.append(groups.root)
        return walk(groups)

    monkeypatch.setattr(Groups, "walk", counted)
    identity = make_id()
    root = tree_2(tmp_path, f"docker/{identity}", "system.slice/ssh.service")
    containers = follow(tmp_path)
    for _ in range(5):
        tick(containers)
    assert len(walks) == 1
    (root / "docker" / identity / "cpu.stat").write_text("usage_usec 5\n")
    assert tick(containers)[identity]["cpu_usage_usec"] == 5
    assert len(walks) == 1
    (root / "more.slice").mkdir()
    tick(containers)
    assert len(walks) == 2


def test_a_container_made_anew_in_its_old_place_is_read_anew_and_keeps_its_name(tmp_path: Path) -> None:
    identity = make_id()
    root = tree_2(tmp_path, f"docker/{identity}")
    write(tmp_path / "var/lib/docker/containers" / identity, {"config.v2.json": '{"Name":"/web"}'})
    containers = follow(tmp_path)
    containers.look_up_names(1)
    assert tick(containers)[identity]["container_name"] == "web"
    shutil.move(root / "docker" / identity, tmp_path / "kept")  # so that the number of its inode is not given again
    write(root / "docker" / identity, FILES_2 | {"memory.current": "7\n"})
    again = tick(containers)[identity]
    assert (again["memory_current"], again["container_name"]) == (7, "web")


def test_what_of_version_1_is_made_a_moment_later_is_read_too(tmp_path: Path) -> None:
    """A runtime makes the group in one controller after the other."""
    identity = make_id()
    tree_1(tmp_path)
    root = tmp_path / "fs/cgroup"
    containers = follow(tmp_path)
    for controller in ("cpuacct", "cpu"):
        write(root / controller / "docker" / identity, FILES_1[controller])
    assert tick(containers)[identity]["memory_current"] is None
    for controller in ("memory", "blkio", "pids"):
        write(root / controller / "docker" / identity, FILES_1[controller])
    found = tick(containers)[identity]
    assert {name: found[name] for name in VALUES_1} == VALUES_1


def test_one_whose_groups_are_removed_one_after_the_other_leaves_with_the_first(tmp_path: Path) -> None:
    """Half of its counters would look like a container that was started anew."""
    identity = make_id()
    root = tree_1(tmp_path, f"docker/{identity}")
    tree_2(tmp_path, f"docker/{identity}", below="unified")
    containers = follow(tmp_path)
    assert tick(containers).keys() == {identity}
    shutil.rmtree(root / "cpu,cpuacct/docker" / identity)
    for _ in range(3):
        assert tick(containers) == {}
    shutil.rmtree(root / "unified/docker" / identity)
    assert tick(containers) == {}
    assert not containers.known


def test_one_that_leaves_closes_its_files(tmp_path: Path) -> None:
    root = tree_2(tmp_path, *(f"docker/{make_id()}" for _ in range(20)))
    before = open_files()
    containers = follow(tmp_path)
    for _ in range(3):
        assert len(tick(containers)) == 20
    assert open_files() == before + 1 + 20 * len(FILES_2)
    spare = containers.spare
    shutil.rmtree(root / "docker")
    tick(containers)
    assert open_files() == before + 1
    assert containers.spare == spare + 20 * len(FILES_2)


FEW = """
import json, os, resource, sys
sys.path.insert(0, sys.argv[1])
from pcc.containers import Containers
soft, hard = int(sys.argv[3]), int(sys.argv[4])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
containers = Containers("/none", sys.argv[2], {})
lines = []
for _ in range(3):
    lines.append(containers.lines(b'{"timestamp":1,"monotonic":1,"subsystem":"'))
print(json.dumps({
    "values": [json.loads(json.loads(line)["measurement"]) for line in lines[-1]],
    "same": lines[0] == lines[1] == lines[2],
    "open": len(os.listdir("/proc/self/fd")),
    "limit": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
}))
"""


@pytest.mark.parametrize(
    ("soft", "hard", "opened"),
    [
        (64, 1024, 60 * len(FILES_2)),  # the soft limit is raised, and all are kept open
        (256, 256, 256 - 64),
        (64, 64, 0),
    ],
)
def test_where_few_files_may_be_open_the_others_are_opened_each_time(
    packed: Path, tmp_path: Path, soft: int, hard: int, opened: int
) -> None:
    if hard > resource.getrlimit(resource.RLIMIT_NOFILE)[1]:
        pytest.skip(f"no process may have {hard} files open here")
    tree_2(tmp_path, *(f"docker/{make_id()}" for _ in range(60)))
    line = [sys.executable, "-c", FEW, packed, tmp_path, str(soft), str(hard)]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["same"]
    assert len(told["values"]) == 60
    assert {value["memory_current"] for value in told["values"]} == {360976384}
    assert told["limit"] == hard
    assert opened <= told["open"] <= opened + 16  # and the program's own


def test_a_file_that_may_not_be_read_is_told_and_its_values_are_null() -> None:
    if os.geteuid():
        pytest.skip("only root can become somebody else")
    identity = make_id()
    unreadable: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        root = tree_2(Path(folder), f"docker/{identity}")
        (root / "docker" / identity / "memory.stat").chmod(0)
        Path(folder).chmod(0o755)
        os.seteuid(65534)
        try:
            value = tick(Containers("/none", folder, unreadable, root=folder))[identity]
        finally:
            os.seteuid(0)
    assert (value["memory_anon"], value["memory_file"], value["memory_current"]) == (None, None, 360976384)
    assert unreadable == {"container/*": "Permission denied"}


def test_a_real_group_that_is_removed_leaves_at_once_and_what_takes_its_place_is_there() -> None:
    """In the same folder the number of links stays the same: the kernel says on reading that the first is gone."""
    folders = on_machine("cpu", "cpuacct")
    parent = f"perfops-{os.getpid()}"
    first, second = make_id(), make_id()
    containers = Containers("/proc", "/sys", {}, root="/nowhere")
    for identity, other in ((first, second), (second, first)):
        with real_groups(folders, f"{parent}-{identity[:8]}/docker/{identity}") as made:
            assert identity in tick(containers)
            for place in made:
                (place.parent / other).mkdir()
                place.rmdir()
            found = tick(containers)
            assert identity not in found
            assert found[other]["cpu_usage_usec"] == 0
            for place in made:
                (place.parent / other).rmdir()
            assert other not in tick(containers)
