"""Which control groups are containers, and of which runtime: every runtime's names, and those that look like them."""

import pytest

from perfops.pcc.runtimes import container_of

ID = "7892fa5ced3d519c03dd549df61bf62d084d6a13aa185493b05259d75ce8b13d"
POD = "kubepods-burstable-pod1234_abcd.slice"


@pytest.mark.parametrize(
    ("path", "runtime"),
    [
        (f"docker/{ID}", "docker"),
        (f"system.slice/docker-{ID}.scope", "docker"),
        (f"user.slice/user-1000.slice/user@1000.service/user.slice/docker-{ID}.scope", "docker"),
        (f"ecs/0123abcd/{ID}", "docker"),  # --cgroup-parent
        (f"kubepods.slice/kubepods-burstable.slice/{POD}/cri-containerd-{ID}.scope", "containerd"),
        (f"kubepods/besteffort/pod1234-abcd/{ID}", "containerd"),
        (f"kubepods/pod1234-abcd/{ID}", "containerd"),
        (f"system.slice/containerd.service/{POD}:cri-containerd:{ID}", "containerd"),
        (f"system.slice/nerdctl-{ID}.scope", "containerd"),
        (f"default/{ID}", "containerd"),
        (f"k8s.io/{ID}", "containerd"),
        (f"kubepods.slice/kubepods-besteffort.slice/{POD}/crio-{ID}.scope", "crio"),
        (f"kubepods/burstable/pod1234-abcd/crio-{ID}", "crio"),
        (f"kubepods.slice/{POD}/docker-{ID}.scope", "docker"),
        (f"machine.slice/libpod-{ID}.scope", "podman"),
        (f"machine.slice/machine-libpod_pod_{ID}.slice/libpod-{ID}.scope", "podman"),
        (f"libpod_parent/libpod-{ID}", "podman"),
        (f"user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope", "podman"),
        (f"system.slice/web.service/libpod-payload-{ID}", "podman"),
    ],
)
def test_a_container_with_an_id(path: str, runtime: str) -> None:
    folder, _, name = path.rpartition("/")
    assert container_of(name, "/sys/fs/cgroup/" + folder) == (runtime, ID)


@pytest.mark.parametrize(
    ("path", "runtime", "name"),
    [
        ("machine.slice/systemd-nspawn@web.service", "nspawn", "web"),
        ("machine.slice/systemd-nspawn@my\\x2dweb.service", "nspawn", "my-web"),
        ("machine.slice/machine-deb12.scope", "nspawn", "deb12"),
        ("machine.slice/machine-my\\x2dweb.example.scope", "nspawn", "my-web.example"),
        ("lxc/c1", "lxc", "c1"),
        ("lxc.payload/c1", "lxc", "c1"),
        ("lxc.payload.c1", "lxc", "c1"),
        ("lxc.payload.my.c-1_2", "lxc", "my.c-1_2"),
    ],
)
def test_a_container_that_goes_by_its_name(path: str, runtime: str, name: str) -> None:
    folder, _, group = path.rpartition("/")
    assert container_of(group, "/sys/fs/cgroup/" + folder) == (runtime, name)


@pytest.mark.parametrize(
    "path",
    [
        "system.slice",
        "docker",
        "docker/buildkit",
        f"docker/{ID[:-1]}",
        f"docker/{ID}0",
        f"docker/{ID.upper()}",
        f"machine.slice/libpod-conmon-{ID}.scope",
        f"kubepods.slice/{POD}/crio-conmon-{ID}.scope",
        f"kubepods.slice/{POD}",
        "kubepods/pod1234-abcd",
        f"machine.slice/machine-libpod_pod_{ID}.slice",
        "machine.slice/machine-qemu\\x2d1\\x2dvm.scope",
        "machine.slice/machine-a\\x2fb.scope",
        "system.slice/systemd-machined.service",
        "system.slice/docker.service",
        "lxc.monitor.c1",
        "lxc.payload",
        "lxc/two words",
        'lxc/"quoted"',
    ],
)
def test_what_is_no_container(path: str) -> None:
    folder, _, name = path.rpartition("/")
    assert container_of(name, "/sys/fs/cgroup/" + folder) is None
