"""system_info.json: the processor, the machine and its cloud."""

from perfops.outputs.system_info import read_cpuinfo, system_info

CPUINFO = "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC 7J13\ncpu MHz\t\t: 2445.406\n\n"


def test_the_facts_of_the_cloud_stand_beside_the_others() -> None:
    cloud = {"provider": "azure", "region": "westeurope", "zone": "2", "instance_type": "Standard_D4s_v5"}
    cloud |= {"image": "canonical:ubuntu-24_04-lts:server:latest", "instance_id": "5f0b", "unknown": 1}
    assert system_info("", {"hostname": "vm", "cloud": cloud}) == {
        "hostname": "vm",
        "cloud": "azure",
        "region": "westeurope",
        "zone": "2",
        "instance_type": "Standard_D4s_v5",
        "image": "canonical:ubuntu-24_04-lts:server:latest",
    }


def test_a_machine_that_is_in_no_cloud_has_no_facts_of_one() -> None:
    for cloud in (None, {}, {"provider": None, "zone": None}, "azure", ["azure"]):
        assert system_info("", {"hostname": "vm", "cloud": cloud}) == {"hostname": "vm"}


def test_what_the_summary_holds_and_what_is_not_known_is_left_out() -> None:
    host = {"collection": "x", "labels": {}, "pid": 7, "unreadable": {}, "os": None, "settings": {"nice": 5}}
    assert system_info("", host) == {"settings": {"nice": 5}}


def test_the_processor_is_the_first_and_all_are_counted() -> None:
    facts = read_cpuinfo(CPUINFO + CPUINFO.replace("processor\t: 0", "processor\t: 1"))
    assert facts == {
        "vendor_id": "AuthenticAMD",
        "model_name": "AMD EPYC 7J13",
        "cpu_mhz": 2445.406,
        "total_cpus": 2,
        "physical_cpus": 1,
    }
