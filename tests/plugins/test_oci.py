"""The inventory of Oracle's cloud: the SDK itself asks an API on loopback, and half an answer is an error."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fix_oci import Cloud, compartment, instance, serving
from fix_repository import ROOT

BENCH = "ocid1.compartment.oc1..bench"
INNER = "ocid1.compartment.oc1..inner"
LOADER = """
import json, sys
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader()
found = []
for path in sys.argv[1:]:
    try:
        manager = InventoryManager(loader=DataLoader(), sources=[path])
    except AnsibleError as problem:
        found.append(str(problem))
    else:
        hosts = {name: host.vars for name, host in manager.hosts.items()}
        groups = {name: [host.name for host in group.get_hosts()] for name, group in manager.groups.items()}
        found.append({"hosts": hosts, "groups": groups})
print(json.dumps(found, default=str))
"""


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    """Two regions; in the first, five that run in a compartment, one in a compartment within, and one that is off."""
    with serving(tmp_path) as found:
        found.compartments = [compartment("bench"), compartment("inner", BENCH), compartment("other")]
        here = [instance(f"vm {number}", BENCH, number) for number in range(2, 6)]
        here += [instance("vm 1", BENCH, 1, public="192.0.2.1"), instance("off", BENCH, 7, state="STOPPED")]
        there = [instance("far", BENCH, 8, shape="VM.Standard3.Flex")]
        found.regions = {"us-phoenix-1": [*here, instance("deep", INNER, 6)], "eu-frankfurt-1": there}
        yield found


def ask(folder: Path, *sources: dict[str, Any], **variables: str) -> list[Any]:
    """What Ansible makes of source files: hosts with variables and groups with hosts, or the text of the error."""
    paths = []
    for number, source in enumerate(sources):
        paths.append(folder / f"{number}.oci.yml")
        paths[-1].write_text(json.dumps(source), encoding="utf-8")
    known = {name: value for name, value in os.environ.items() if not name.startswith("OCI_")}
    line = [sys.executable, "-c", LOADER, *map(str, paths)]
    done = subprocess.run(line, cwd=ROOT, env=known | variables, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    # The error names the file alone; what the plugin has said is told before.
    told = [" ".join(part.split()) for part in done.stderr.split("[WARNING]: ")[1:]]
    found: list[Any] = json.loads(done.stdout)
    for number, path in enumerate(paths):
        if isinstance(found[number], str):
            found[number] += "".join(text for text in told if str(path) in text)
    return found


def test_hosts_with_their_variables_and_groups(cloud: Cloud, tmp_path: Path) -> None:
    constructed = {
        "strict": True,
        "compose": {"cloud_labels": "{'region': oci_region, 'shape': oci_shape}"},
        "groups": {"large": "oci_ocpus >= 8"},
        "keyed_groups": [
            {"prefix": "tag", "key": "oci_tags"},
            {"prefix": "ad", "key": "oci_availability_domain"},
            {"prefix": "fd", "key": "oci_fault_domain"},
            {"prefix": "region", "key": "oci_region"},
            {"prefix": "shape", "key": "oci_shape"},
            {"prefix": "compartment", "key": "oci_compartment"},
        ],
    }
    both = ["us-phoenix-1", "eu-frankfurt-1"]
    one, all_of_them, private, by_label, root, excluded = ask(
        tmp_path,
        cloud.source(compartments=[BENCH]),
        cloud.source(compartments=[BENCH], recursive=True, regions=both, **constructed),
        cloud.source(compartments=[BENCH], address="private", hostnames=["public_ip", "private_ip"]),
        cloud.source(compartments=[BENCH, INNER], hostnames=["hostname_label"]),
        cloud.source(recursive=True),
        cloud.source(recursive=True, exclude_compartments=[INNER]),
    )
    assert one["hosts"].keys() == {"vm-1", "vm-2", "vm-3", "vm-4", "vm-5"}
    assert all_of_them["hosts"].keys() == one["hosts"].keys() | {"deep", "far"}
    known = all_of_them["hosts"]["far"]
    expected = {
        "ansible_host": "10.0.0.8",
        "oci_region": "eu-frankfurt-1",
        "oci_shape": "VM.Standard3.Flex",
        "oci_ocpus": 16.0,
        "oci_memory_gb": 16.0,
        "oci_compartment": "bench",
        "oci_compartment_id": BENCH,
        "oci_private_ip": "10.0.0.8",
        "oci_public_ip": None,
        "oci_hostname_label": "far",
        "oci_tags": {"role": "client", "Operations.CostCenter": "42"},
        "cloud_labels": {"region": "eu-frankfurt-1", "shape": "VM.Standard3.Flex"},
    }
    assert {name: known[name] for name in expected} == expected
    groups = {name: sorted(hosts) for name, hosts in all_of_them["groups"].items()}
    assert groups["large"] == ["deep", "far", "vm-4", "vm-5"]
    assert groups["tag_role_server"] == ["vm-1", "vm-3", "vm-5"]
    assert groups["tag_Operations_CostCenter_42"] == sorted(all_of_them["hosts"])
    assert groups["ad_Uocm_PHX_AD_1"] == ["deep", "vm-3"]
    assert groups["fd_FAULT_DOMAIN_1"] == ["deep", "vm-3"]
    assert groups["region_eu_frankfurt_1"] == groups["shape_VM_Standard3_Flex"] == ["far"]
    assert groups["compartment_inner"] == ["deep"]
    addresses = {name: known["ansible_host"] for name, known in one["hosts"].items()}
    assert addresses["vm-1"] == "192.0.2.1"
    assert addresses["vm-2"] == "10.0.0.2"
    assert private["hosts"]["192.0.2.1"]["ansible_host"] == "10.0.0.1"
    assert private["hosts"].keys() == {"192.0.2.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"}
    assert by_label["hosts"].keys() == {"vm1", "vm2", "vm3", "vm4", "vm5", "deep"}
    assert root["hosts"].keys() == {*one["hosts"], "deep"}
    assert excluded["hosts"].keys() == one["hosts"].keys()


def test_what_is_not_whole_is_an_error_that_names_the_place(cloud: Cloud, tmp_path: Path) -> None:
    """Also where all else has been answered: in another region, in a compartment within, on a later page."""
    twins = [instance("twin", "ocid1.compartment.oc1..other", number) for number in (20, 21)]
    cloud.regions["us-phoenix-1"] += twins
    cloud.regions["ap-tokyo-1"] = [instance("bare", BENCH, 30, interface=False)]
    cloud.broken = {
        r"us-ashburn-1/iaas": (401, "NotAuthenticated"),
        r"iaas/.*vnicAttachments.*inner": (404, "NotAuthorizedOrNotFound"),
        r"sa-saopaulo-1/.*instances.*page": (500, "InternalServerError"),
        r"eu-madrid-1": (429, "TooManyRequests"),
    }
    nobody = tmp_path / "nobody"
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"regions": ["us-phoenix-1", "us-ashburn-1"]}, ["bench", BENCH, "in us-ashburn-1: 401", "fingerprint"]),
        ({"recursive": True}, ["interfaces of the compartment inner", INNER, "in us-phoenix-1: 404", "a policy"]),
        ({"regions": ["sa-saopaulo-1"]}, ["in sa-saopaulo-1: 500 InternalServerError"]),
        ({"regions": ["eu-madrid-1"]}, ["in eu-madrid-1: 429", "set more retries"]),
        ({"regions": ["ap-tokyo-1"]}, ["the instance bare", "no any address"]),
        ({"regions": ["ap-osaka-1"]}, ["no instance runs in", BENCH, "ap-osaka-1", "allow_empty: true"]),
        ({"address": "public"}, ["has no public address (set address: any)"]),
        ({"compartments": ["ocid1.compartment.oc1..nil"]}, ["cannot read the compartment ocid1.compartment.oc1..nil"]),
        ({"compartments": ["bench"]}, ["bad value for compartments: bench (give its OCID"]),
        ({"compartments": ["ocid1.compartment.oc1..other"]}, ["two instances are called twin", "phx.20", "phx.21"]),
        ({"config_file": str(nobody)}, ["cannot sign in to the cloud", str(nobody), "oci setup config"]),
        ({"profile": "NOBODY"}, ["cannot sign in to the cloud", "NOBODY"]),
        ({"endpoint": "http://127.0.0.1:9/"}, ["cannot read the compartment", "no answer", "check the network"]),
        ({"strict": True, "compose": {"x": "nothing_such"}}, ["nothing_such"]),
    ]
    cloud.regions["sa-saopaulo-1"] = cloud.regions["us-phoenix-1"]
    sources = [cloud.source(**{"compartments": [BENCH]} | changed) for changed, _ in cases]
    for (changed, texts), answer in zip(cases, ask(tmp_path, *sources), strict=True):
        assert isinstance(answer, str), f"{changed} came to hosts"
        for text in texts:
            assert text in answer, changed


def test_what_it_says_of_a_busy_cloud_a_key_and_nothing(cloud: Cloud, tmp_path: Path) -> None:
    """A busy cloud is asked again; here it is busy for good, and the calls are counted. Nothing may be wanted."""
    cloud.broken = {"us-phoenix-1/iaas.*/instances": (503, "ServiceUnavailable")}
    busy, empty = ask(
        tmp_path,
        cloud.source(compartments=[BENCH], retries=1),
        cloud.source(compartments=["ocid1.compartment.oc1..other"], regions=["ap-osaka-1"], allow_empty=True),
    )
    assert "503 ServiceUnavailable" in busy
    assert sum("us-phoenix-1/iaas" in call for call in cloud.calls) == 2
    assert empty["hosts"] == {}
    cloud.write_config("00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff")
    (unknown,) = ask(tmp_path, cloud.source(compartments=[BENCH]))
    assert "401 NotAuthenticated" in unknown
    assert "check user, fingerprint and key of the profile" in unknown


def test_an_instance_of_the_cloud_signs_in_as_itself(cloud: Cloud, tmp_path: Path) -> None:
    source = cloud.source(auth="instance_principal", compartments=[BENCH])
    (answer,) = ask(tmp_path, source, OCI_METADATA_BASE_URL=f"{cloud.address}/opc/v2")
    assert len(answer["hosts"]) == 5
    assert cloud.session_keys
    (answer,) = ask(tmp_path, source, OCI_METADATA_BASE_URL="http://127.0.0.1:9/opc/v2")
    assert "cannot sign in to the cloud" in answer
    assert "this controller is no instance of the cloud" in answer


def test_the_cache_answers_the_same_question_alone(cloud: Cloud, tmp_path: Path) -> None:
    kept = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    (first,) = ask(tmp_path, cloud.source(compartments=[BENCH], **kept))
    calls = len(cloud.calls)
    (again,) = ask(tmp_path, cloud.source(compartments=[BENCH], groups={"all_of_them": "true"}, **kept))
    assert len(cloud.calls) == calls
    assert again["hosts"] == first["hosts"]
    assert sorted(again["groups"]["all_of_them"]) == sorted(first["hosts"])
    (wider,) = ask(tmp_path, cloud.source(compartments=[BENCH], recursive=True, **kept))
    assert len(cloud.calls) > calls
    assert "deep" in wider["hosts"]


def test_without_the_sdk_it_says_what_to_install(cloud: Cloud, tmp_path: Path) -> None:
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "oci.py").write_text("raise ImportError('not here')\n")
    (answer,) = ask(tmp_path, cloud.source(compartments=[BENCH]), PYTHONPATH=str(tmp_path / "hidden"))
    assert "needs the oci SDK in" in answer
    assert "pip install 'perfops[oci]'" in answer


def test_it_is_documented() -> None:
    program = Path(sys.executable).with_name("ansible-doc")
    line = [program, "-t", "inventory", "perfops.perfops.oci", "--json"]
    told = json.loads(subprocess.run(line, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    options = told["perfops.perfops.oci"]["doc"]["options"]
    assert {"regions", "compartments", "allow_empty", "keyed_groups", "compose", "strict", "cache"} <= options.keys()
    assert told["perfops.perfops.oci"]["examples"]
