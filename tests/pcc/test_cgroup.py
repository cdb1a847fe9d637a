"""What is read of control groups of both versions, on trees written from the kernel's documentation."""

import json
from pathlib import Path
from typing import Any

import pytest
from fix_cgroup import FILES_1, FILES_2, NO_LIMIT_1, NOTHING, VALUES_1, VALUES_2, make_id, tree_1, tree_2, write
from fix_sys import PCI, disk
from hypothesis import given
from hypothesis import strategies as st

from perfops.pcc.cgroup import NAMES, NULL, files_1, files_2
from perfops.pcc.containers import Containers
from perfops.pcc.devices import Devices

START = b'{"timestamp":1.000,"monotonic":1.000000,"subsystem":"'


def measured(sys_root: Path) -> dict[str, dict[str, Any]]:
    """Measurements by subsystem, of a tree."""
    unreadable: dict[str, str] = {}
    lines = Containers(str(sys_root / "proc"), str(sys_root), unreadable, root=str(sys_root)).lines(START)
    assert not unreadable
    records = [json.loads(line) for line in lines]
    assert all(list(record) == ["timestamp", "monotonic", "subsystem", "measurement"] for record in records)
    return {record["subsystem"]: json.loads(record["measurement"]) for record in records}


def values(sys_root: Path) -> dict[str, Any]:
    """The values of the one container of a tree, without what says which it is."""
    ((subsystem, value),) = measured(sys_root).items()
    identity, runtime = value.pop("container_id"), value.pop("runtime")
    assert subsystem == f"container/{runtime}/{identity[:12]}"
    assert value.pop("container_name") == ""
    return value


def changed(files: dict[str, str], **texts: str | None) -> dict[str, str]:
    """The files of a group with other texts, and without those that are None; `__` stands for a dot."""
    texts = {name.replace("__", "."): text for name, text in texts.items()}
    return {name: text for name, text in {**files, **texts}.items() if text is not None}


def test_the_keys_are_those_of_the_contract_in_their_order(tmp_path: Path) -> None:
    tree_2(tmp_path, f"docker/{make_id()}")
    (value,) = measured(tmp_path).values()
    assert list(value) == ["container_id", "container_name", "runtime", *VALUES_2]


def test_version_2(tmp_path: Path) -> None:
    tree_2(tmp_path, f"system.slice/docker-{make_id()}.scope")
    assert values(tmp_path) == VALUES_2


def test_version_1_in_the_names_and_units_of_version_2(tmp_path: Path) -> None:
    tree_1(tmp_path, f"docker/{make_id()}")
    assert values(tmp_path) == VALUES_1


def test_without_limits_they_are_null(tmp_path: Path) -> None:
    tree_2(tmp_path, f"docker/{make_id()}", files=changed(FILES_2, memory__max="max\n", pids__max="max\n"))
    assert values(tmp_path) == VALUES_2 | {"memory_max": None, "pids_max": None}


@pytest.mark.parametrize("limit", [NO_LIMIT_1, 9223372036854710272, (1 << 63) - 1])
def test_without_limits_they_are_null_in_version_1_too(tmp_path: Path, limit: int) -> None:
    memory = changed(FILES_1["memory"], memory__limit_in_bytes=f"{limit}\n")
    pids = changed(FILES_1["pids"], pids__max="max\n")
    tree_1(tmp_path, f"docker/{make_id()}", files=FILES_1 | {"memory": memory, "pids": pids})
    assert values(tmp_path) == VALUES_1 | {"memory_max": None, "pids_max": None}


def test_where_controllers_are_switched_off_their_values_are_null(tmp_path: Path) -> None:
    """As in a delegated tree, or on hybrid systems: version 2 always has cpu.stat, of three lines."""
    tree_2(tmp_path, f"docker/{make_id()}", files={"cpu.stat": "usage_usec 30\nuser_usec 20\nsystem_usec 10\n"})
    assert values(tmp_path) == NOTHING | {"cpu_usage_usec": 30, "cpu_user_usec": 20, "cpu_system_usec": 10}


def test_where_controllers_of_version_1_are_not_there_their_values_are_null(tmp_path: Path) -> None:
    tree_1(tmp_path, f"docker/{make_id()}", files={"pids": FILES_1["pids"], "memory": FILES_1["memory"]})
    there = ("memory_current", "memory_max", "memory_anon", "memory_file", "pids_current", "pids_max")
    assert values(tmp_path) == NOTHING | {name: VALUES_1[name] for name in there}


def test_version_1_counts_what_the_groups_below_read_and_wrote_where_the_kernel_tells(tmp_path: Path) -> None:
    own = FILES_1["blkio"]
    whole = {name + "_recursive": text.replace("8:16 Read 1", "8:16 Read 1000") for name, text in own.items()}
    root = tree_1(tmp_path, f"docker/{make_id()}", files=FILES_1 | {"blkio": own | whole})
    assert values(tmp_path)["io_read_bytes"] == 282624  # the root has no such files: an older kernel's
    write(root / "blkio", whole)
    assert values(tmp_path)["io_read_bytes"] == 282623 + 1000
    assert values(tmp_path)["io_read_ops"] == 9 + 1000


@pytest.mark.parametrize("folders", ["cpu,cpuacct", "cpuacct,cpu", "cpu", "cpuacct"])
def test_controllers_share_a_folder_in_any_order_also_without_links(tmp_path: Path, folders: str) -> None:
    container = f"docker/{make_id()}"
    root = tmp_path / "fs" / "cgroup"
    expected = dict(NOTHING)
    write(root / folders, {"cgroup.procs": ""})
    for controller in folders.split(","):
        write(root / folders / container, FILES_1[controller])
        names = ("periods", "throttled", "throttled_usec") if controller == "cpu" else ("usage_usec",)
        expected |= {f"cpu_{name}": VALUES_1[f"cpu_{name}"] for name in names}
        if controller == "cpuacct":
            expected |= {f"cpu_{name}_usec": VALUES_1[f"cpu_{name}_usec"] for name in ("user", "system")}
    assert values(tmp_path) == expected


def test_of_a_hybrid_system_both_versions_make_one_record(tmp_path: Path) -> None:
    """Each controller is in one of the versions; CPU time is in both, and the controller's is taken."""
    container = f"system.slice/docker-{make_id()}.scope"
    tree_1(tmp_path, container, files={name: FILES_1[name] for name in ("cpu", "cpuacct", "memory")})
    only = {name: FILES_2[name] for name in ("pids.current", "pids.max", "io.stat", "cpu.stat")}
    tree_2(tmp_path, container, files=only, below="unified")
    io = {name: value for name, value in VALUES_2.items() if name.startswith("io_")}
    assert values(tmp_path) == VALUES_1 | io


def test_a_container_in_one_version_of_a_hybrid_system_alone(tmp_path: Path) -> None:
    tree_1(tmp_path)
    tree_2(tmp_path, f"docker/{make_id()}", below="unified")
    assert values(tmp_path) == VALUES_2


def test_groups_of_version_2_are_no_controllers_whatever_they_are_called(tmp_path: Path) -> None:
    root = tree_2(tmp_path, f"docker/{make_id()}")
    write(root / "memory", {"cgroup.procs": ""})
    assert values(tmp_path) == VALUES_2


@pytest.mark.parametrize(
    ("text", "sums"),
    [
        ("", (0, 0, 0, 0)),
        ("8:0 rbytes=1 wbytes=2 rios=3 wios=4\n", (1, 2, 3, 4)),  # before discards were counted
        ("8:0 rios=3 rbytes=1 cost.vrate=100.00\n", (1, 0, 3, 0)),
        ("254:0 8:0 rbytes=1 wbytes=2 rios=3 wios=4\n", (1, 2, 3, 4)),  # a device without numbers, as some kernels
        ("(unknown) rbytes=9 wbytes=9 rios=9 wios=9\n8:0 rbytes=1 wbytes=0 rios=1 wios=0\n", (1, 0, 1, 0)),
        ("8:0 rbytes= wbytes=x rios=-1 wios=4\n", (0, 0, 0, 4)),
    ],
)
def test_io_of_version_2_in_every_shape(tmp_path: Path, text: str, sums: tuple[int, ...]) -> None:
    tree_2(tmp_path, f"docker/{make_id()}", files=changed(FILES_2, io__stat=text))
    found = values(tmp_path)
    assert tuple(found[f"io_{name}"] for name in ("read_bytes", "write_bytes", "read_ops", "write_ops")) == sums


DEVICES = {
    "LVM on NVMe": ({"259:0": "nvme0n1", "253:0": ("dm-0", "LVM-x"), "253:1": ("dm-1", "CRYPT-LUKS2-x")}, {"259:0"}),
    "multipath": ({"8:0": "sda", "253:0": ("dm-0", "mpath-36"), "253:1": ("dm-1", "LVM-x")}, {"8:0", "253:0"}),
    "RAID": ({"8:0": "sda", "8:16": "sdb", "9:127": ("md127", None)}, {"8:0", "8:16"}),
    "images and memory": ({"8:0": "sda", "7:0": ("loop0", None), "252:0": ("zram0", None)}, {"8:0"}),
    "a cache and volumes": ({"8:0": "sda", "251:0": ("bcache0", None), "230:0": ("zd0", None)}, {"8:0"}),
}


@pytest.mark.parametrize("name", DEVICES)
def test_io_counts_once_where_layers_lie_on_disks(tmp_path: Path, name: str) -> None:
    devices, counted = DEVICES[name]
    for numbers, device in devices.items():
        if isinstance(device, str):
            disk(tmp_path, f"{PCI}/host0/block/{device}", numbers=numbers)
        else:
            disk(tmp_path, f"virtual/block/{device[0]}", numbers=numbers, uuid=device[1])
    shares = {numbers: 1 << place for place, numbers in enumerate(devices)}
    rows = [f"{numbers} rbytes={share} wbytes=0 rios=0 wios=0\n" for numbers, share in shares.items()]
    tree_2(tmp_path, f"docker/{make_id()}", files=changed(FILES_2, io__stat="".join(rows)))
    assert values(tmp_path)["io_read_bytes"] == sum(shares[numbers] for numbers in counted)


def test_io_of_an_nvme_disk_of_several_paths_counts_once(tmp_path: Path) -> None:
    disk(tmp_path, "virtual/nvme-subsystem/nvme-subsys0/nvme0n1", numbers="259:1")
    text = "259:1 rbytes=5 wbytes=0 rios=1 wios=0\n(unknown) rbytes=5 wbytes=0 rios=1 wios=0\n"
    tree_2(tmp_path, f"docker/{make_id()}", files=changed(FILES_2, io__stat=text))
    assert values(tmp_path)["io_read_bytes"] == 5


def test_long_tables_are_read_whole(tmp_path: Path) -> None:
    rows = [f"8:{16 * number} rbytes=1 wbytes=1 rios=1 wios=1 dbytes=0 dios=0\n" for number in range(300)]
    tree_2(tmp_path, f"docker/{make_id()}", files=changed(FILES_2, io__stat="".join(rows)))
    assert values(tmp_path)["io_read_bytes"] == 300


@pytest.mark.parametrize("text", ["", "\n", "garbage", "-5\n", "usage_usec\n", "anon\nfile\n", "\xff \x00", "1 2 3"])
def test_a_damaged_file_is_null_and_no_failure(tmp_path: Path, text: str) -> None:
    tree_2(tmp_path, f"docker/{make_id()}", files=dict.fromkeys(FILES_2, text))
    found = values(tmp_path)
    assert {value for name, value in found.items() if not name.startswith("io_")} == {None}


PIECES = st.sampled_from(
    [name.split()[0].encode() for text in [*FILES_2.values()] for name in text.splitlines()]
    + [
        b"total_rss",
        b"total_cache",
        b"user",
        b"nr_periods",
        b"throttled_time",
        b"Read",
        b"8:0",
        b"rbytes=7",
        b"=",
        b"max",
    ]
)
TEXTS = st.lists(
    st.tuples(
        PIECES | st.binary(max_size=9) | st.integers(-(2**70), 2**9000).map(b"%d".__mod__),
        st.sampled_from([b" ", b"\n"]),
    )
).map(lambda words: b"".join(word + blank for word, blank in words))


@given(st.lists(TEXTS, min_size=7, max_size=7), st.lists(TEXTS, min_size=10, max_size=10))
def test_whatever_the_files_hold_a_record_is_whole(two: list[bytes], one: list[bytes]) -> None:
    devices = Devices("/nowhere")
    roots = dict.fromkeys(("cpu", "cpuacct", "memory", "blkio", "pids"), "/nowhere")
    for files, texts in ((files_2("/nowhere", devices), two), (files_1(roots, devices), one)):
        values = [NULL] * len(NAMES)
        for (_, _, take), text in zip(files, texts, strict=True):
            take(text, values)
        assert len(values) == len(NAMES)
        for value in json.loads(b"[%b]" % b",".join(values)):
            assert value is None or value >= 0


def test_all_runtimes_beside_each_other(tmp_path: Path) -> None:
    identity = [make_id() for _ in range(6)]
    tree_2(
        tmp_path,
        f"system.slice/docker-{identity[0]}.scope",
        f"kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-{identity[1]}.scope",
        f"kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod2.slice/crio-{identity[2]}.scope",
        f"machine.slice/libpod-{identity[3]}.scope/container",
        f"user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{identity[4]}.scope",
        f"system.slice/web.service/libpod-payload-{identity[5]}",
        "machine.slice/systemd-nspawn@a-long-name-1.service/payload/system.slice",
        "machine.slice/systemd-nspawn@a-long-name-2.service/payload",
        "lxc.payload.box",
        "system.slice/ssh.service",
    )
    kinds = ("docker", "containerd", "crio", "podman", "podman", "podman")
    assert set(measured(tmp_path)) == {
        *(f"container/{kind}/{each[:12]}" for kind, each in zip(kinds, identity, strict=True)),
        "container/nspawn/a-long-name-1",
        "container/nspawn/a-long-name-2",
        "container/lxc/box",
    }


def test_a_container_in_a_container_is_a_part_of_the_outer_one(tmp_path: Path) -> None:
    outer, inner = make_id(), make_id()
    tree_2(tmp_path, f"docker/{outer}", f"docker/{outer}/docker/{inner}", f"lxc/c1/system.slice/docker-{inner}.scope")
    assert set(measured(tmp_path)) == {f"container/docker/{outer[:12]}", "container/lxc/c1"}


def test_a_machine_without_containers_has_no_records(tmp_path: Path) -> None:
    tree_2(tmp_path, "system.slice/ssh.service", "user.slice", "init.scope")
    assert measured(tmp_path) == {}


def test_a_machine_without_control_groups_is_told(tmp_path: Path) -> None:
    unreadable: dict[str, str] = {}
    containers = Containers(str(tmp_path), str(tmp_path), unreadable)
    assert containers.lines(START) == []
    assert unreadable == {"container/*": f"no control groups in {tmp_path}/fs/cgroup"}


def test_without_the_group_nothing_is_looked_for(tmp_path: Path) -> None:
    unreadable: dict[str, str] = {}
    tree_2(tmp_path, f"docker/{make_id()}")
    assert Containers(str(tmp_path), str(tmp_path), unreadable, {"containers"}).lines(START) == []
    assert unreadable == {}
