"""system_info.json: the processor, from /proc/cpuinfo, and what the host record says."""

from typing import Any

CLOUD = ("region", "zone", "instance_type", "image")


def read_cpuinfo(text: str) -> dict[str, Any]:
    """Facts of the first processor, and how many there are; facts the kernel does not give are left out.

    `cpu_cores` and `siblings` are those of one socket, as the kernel gives them; `total_cpus` counts processors.
    """
    processors = [block for block in text.split("\n\n") if block.strip()]
    if not processors:
        return {}
    blocks = [dict(_fields(block)) for block in processors]
    blocks = [block for block in blocks if "processor" in block]
    first = blocks[0] if blocks else {}
    facts: dict[str, Any] = {
        "vendor_id": first.get("vendor_id"),
        "model_name": first.get("model name"),
        "cpu_cores": _number(first.get("cpu cores")),
        "siblings": _number(first.get("siblings")),
        "cpu_mhz": _number(first.get("cpu MHz")),
        "cache_size": first.get("cache size"),
        "total_cpus": len(blocks),
        "physical_cpus": len({block.get("physical id", "0") for block in blocks}),
        "bogomips": _number(first.get("bogomips") or first.get("BogoMIPS")),
        "flags": first.get("flags") or first.get("Features"),
    }
    return {key: value for key, value in facts.items() if value is not None}


def _fields(block: str) -> list[tuple[str, str]]:
    pairs = (line.partition(":") for line in block.split("\n"))
    return [(name.strip(), value.strip()) for name, colon, value in pairs if colon]


def _number(text: str | None) -> float | int | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return int(value) if value.is_integer() else value


def system_info(cpuinfo: str, host: dict[str, Any]) -> dict[str, Any]:
    """What system_info.json holds: the processor's facts, then the host record's but for what the summary holds.

    The cloud's facts stand beside the others; `cloud` is its name.
    """
    elsewhere = ("collection", "labels", "mode", "duration", "frequency", "identifier", "pid", "unreadable")
    facts = {key: value for key, value in host.items() if key not in elsewhere}
    cloud = facts.pop("cloud", None)
    if isinstance(cloud, dict):
        facts |= {"cloud": cloud.get("provider")} | {key: cloud.get(key) for key in CLOUD}
    return read_cpuinfo(cpuinfo) | {key: value for key, value in facts.items() if value is not None}
