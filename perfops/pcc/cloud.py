"""Which cloud this machine is in, and as what: asked of its metadata service once, before the first tick.

Only asked where the firmware says that it is that cloud, so that nothing is sent anywhere else.
"""

import json

from .ask import Get, sound
from .smallfiles import text_of

MYPY = False
if MYPY:
    from typing import Any, Dict, Optional, Tuple

    Facts = Dict[str, Optional[str]]

ADDRESS = ("169.254.169.254", 80)
LONGEST = 1.0  # seconds the whole question may take
LARGEST = 1 << 18  # bytes of an answer; user data is a part of some
AZURE, OCI = "azure", "oci"
PROVIDERS = {"7783-7084-3265-9085-8269-3286-77": AZURE, "OracleCloud.com": OCI}
QUESTIONS = {
    AZURE: ("/metadata/instance?api-version=2021-02-01", "Metadata: true\r\n"),
    OCI: ("/opc/v2/instance/", "Authorization: Bearer Oracle\r\n"),
}


def provider_of(sys_root: str) -> "Optional[str]":
    """The cloud by the machine's firmware, None where it names none that is known here."""
    return PROVIDERS.get(text_of(sys_root, "class/dmi/id/chassis_asset_tag") or "")


def ask_cloud(sys_root: str, address: "Tuple[str, int]", unreadable: "Dict[str, str]") -> "Optional[Facts]":
    """What the host record says of the cloud; `unreadable` takes why a cloud's machine does not know itself."""
    provider = provider_of(sys_root)
    if provider is None:
        return None
    path, header = QUESTIONS[provider]
    asking = Get(address, path, header, LARGEST)
    if not asking.step(LONGEST):
        asking.end(error="no answer in {:g} s".format(LONGEST))
    facts = None
    if asking.body is not None:
        facts = read_answer(provider, asking.body)
        asking.error = "an answer that says nothing of the machine"
    if facts is None:
        unreadable["cloud"] = asking.error
    return facts


def read_answer(provider: str, body: bytes) -> "Optional[Facts]":
    """The facts in an answer; None where there are none."""
    try:
        answer = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    facts = azure_facts(answer) if provider == AZURE else oci_facts(answer)
    return dict(facts, provider=provider) if any(facts.values()) else None


def word(value: "Any", *keys: str) -> "Optional[str]":
    """The text below the keys, None where there is none or it is empty."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return sound(value) if value and isinstance(value, str) else None


def azure_facts(answer: "Any") -> "Facts":
    """Of Azure's answer; an image of the market place by its URN, one's own by its resource id."""
    compute = answer.get("compute") if isinstance(answer, dict) else None
    image = [word(compute, "storageProfile", "imageReference", key) for key in ("publisher", "offer", "sku", "version")]
    return {
        "region": word(compute, "location"),
        "zone": word(compute, "zone"),
        "instance_type": word(compute, "vmSize"),
        "image": ":".join(filter(None, image)) or word(compute, "storageProfile", "imageReference", "id"),
        "instance_id": word(compute, "vmId"),
    }


def oci_facts(answer: "Any") -> "Facts":
    """Of Oracle's answer."""
    return {
        "region": word(answer, "canonicalRegionName") or word(answer, "region"),
        "zone": word(answer, "availabilityDomain"),
        "instance_type": word(answer, "shape"),
        "image": word(answer, "image"),
        "instance_id": word(answer, "id"),
    }
