"""The sources beside the lists of machines: they are what their plugins take, and what a cloud says becomes a label."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from fix_oci import compartment, instance, serving
from fix_repository import ROOT

INVENTORIES = ROOT / "inventories"
AZURE = INVENTORIES / "azure" / "azure_rm.yml"
# Names, types and choices of the options of azure.azcollection.azure_rm 3.12.0, as ansible-doc tells them.
OPTIONS: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("azure_rm.options.json").read_text())
TYPES = {"str": str, "bool": bool, "list": list, "dict": dict}
# What that plugin gives a host, as far as the source uses it, with values as Azure has them.
MACHINE = {
    "id": "/subscriptions/0/resourceGroups/Benchmark/providers/Microsoft.Compute/virtualMachines/vm-01",
    "location": "westeurope",
    "virtual_machine_size": "Standard_D4s_v5",
    "resource_group": "benchmark",
    "tags": {"role": "server"},
    "ansible_host": "203.0.113.7",
}


def source(path: Path) -> dict[str, Any]:
    """A source file."""
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def labels(inventory: Path, pattern: str) -> dict[str, dict[str, str]]:
    """The labels of collections of a pattern's machines, as the main job sees them."""
    program = Path(sys.executable).with_name("ansible")
    line = [program, pattern, "-i", inventory, "-m", "ansible.builtin.debug", "-a", "var=pcc_labels", "-o"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = (row.partition(" | SUCCESS => ") for row in done.stdout.splitlines())
    return {host: json.loads(told)["pcc_labels"] for host, found, told in rows if found}


def test_the_source_of_azure_is_what_its_plugin_takes() -> None:
    for name, value in source(AZURE).items():
        assert name in OPTIONS
        option = OPTIONS[name]
        assert isinstance(value, TYPES.get(option.get("type", ""), object)), name
        assert value in option.get("choices", [value]), name


def test_the_recorded_options_of_azure_are_those_of_the_plugin() -> None:
    program = Path(sys.executable).with_name("ansible-doc")
    line = [program, "-t", "inventory", "azure.azcollection.azure_rm", "--json"]
    told = json.loads(subprocess.run(line, capture_output=True, text=True, cwd=ROOT).stdout or "{}")
    if "doc" not in told.get("azure.azcollection.azure_rm", {}):
        pytest.skip("no collection azure.azcollection on this machine (ansible-galaxy collection install it)")
    options = told["azure.azcollection.azure_rm"]["doc"]["options"]
    for name in source(AZURE):
        found = {key: options[name][key] for key in ("type", "choices") if options[name].get(key)}
        assert found == OPTIONS[name], name


def test_what_azure_says_of_a_machine_becomes_labels_and_groups(tmp_path: Path) -> None:
    """Its expressions are those of Ansible's constructed plugin, which takes a machine as the cloud describes it."""
    folder = Path(shutil.copytree(INVENTORIES / "azure", tmp_path / "azure"))
    known = source(folder / "azure_rm.yml")
    constructed = {
        "plugin": "ansible.builtin.constructed",
        "strict": known["fail_on_template_errors"],
        "compose": known["hostvar_expressions"],
        "groups": known["conditional_groups"],
        "keyed_groups": known["keyed_groups"],
    }
    (folder / "hosts.yml").write_text(json.dumps({"all": {"hosts": {"vm-01": MACHINE, "vm-02": MACHINE}}}))
    (folder / "z-constructed.yml").write_text(json.dumps(constructed))
    expected = {"cloud": "azure", "location": "westeurope", "vm_size": "Standard_D4s_v5"}
    pattern = "azure:&tag_role_server:&location_westeurope:&size_Standard_D4s_v5:&resource_group_benchmark"
    assert labels(folder, pattern) == {"vm-01": expected, "vm-02": expected}


def test_what_oci_says_of_a_machine_becomes_labels_and_groups(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(INVENTORIES / "oci", tmp_path / "oci"))
    with serving(tmp_path) as cloud:
        cloud.compartments = [compartment("bench")]
        cloud.regions = {"us-phoenix-1": [instance("vm-01", "ocid1.compartment.oc1..bench", 1)]}
        known = source(folder / "oci.yml")
        (folder / "oci.yml").write_text(json.dumps(known | cloud.source() | {"profile": known["profile"]}))
        pattern = "oci:&tag_role_server:&compartment_bench:&region_us_phoenix_1:&shape_VM_Standard_E5_Flex"
        expected = {"cloud": "oci", "region": "us-phoenix-1", "shape": "VM.Standard.E5.Flex"}
        assert labels(folder / "oci.yml", pattern) == {"vm-01": expected}


@pytest.mark.parametrize("cloud", ["azure", "oci"])
def test_the_list_has_the_same_labels_but_for_what_only_the_cloud_knows(cloud: str) -> None:
    found = labels(INVENTORIES / cloud, "all")
    assert found
    assert all(told == {"cloud": cloud} for told in found.values())
