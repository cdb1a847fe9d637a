"""Flags and environment of pcc; the flag wins."""

import os
import re

from .address import LAST_PORT, parse_server, read_key, sound_key
from .errors import PccError
from .flags import build_parser
from .known import LAST_TIME, recorded_id
from .settings import Options
from .sources import GROUPS, NOT_CONTAINERS
from .units import UUID, clean, parse_duration, parse_labels, parse_size, plain

MYPY = False
if MYPY:
    from typing import Any, Callable, Dict, FrozenSet, List, Mapping, Optional, Tuple

    Given = Callable[[str, str], Tuple[str, str]]

SHORTEST = 0.01  # the kernel counts CPU time in hundredths of a second: below that a rate says nothing
ADDRESS = re.compile(r"(\d{1,3}(?:\.\d{1,3}){3}):(\d{1,5})")
SMALLEST = 1 << 16  # bytes of a spool
MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z")
IDLE_CLASS, BEST_EFFORT = 3, 2  # of ioprio_set(2)


def make_id() -> str:
    """A random UUID (version 4); the uuid module would cost the target a megabyte."""
    octets = bytearray(os.urandom(16))
    octets[6] = octets[6] & 0x0F | 0x40
    octets[8] = octets[8] & 0x3F | 0x80
    text = octets.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def refused(origin: str, text: str, remedy: str) -> PccError:
    """The error for a value that cannot be used."""
    return PccError("bad value for {}: {!r} ({})".format(origin, text, remedy))


def parse_number(low: int, high: int) -> "Callable[[str, str], int]":
    """A parser of whole numbers from `low` to `high`."""

    def parse(text: str, origin: str) -> int:
        if not re.fullmatch(r"-?\d{1,6}", text) or not low <= int(text) <= high:
            raise refused(origin, text, "try a whole number from {} to {}".format(low, high))
        return int(text)

    return parse


def parse_moment(text: str, origin: str) -> float:
    """Unix seconds of a moment that is given as such, or in ISO 8601 in UTC."""
    match = MOMENT.fullmatch(text)
    try:
        if match:
            from calendar import timegm  # which costs memory, and this is left behind by handover.py
            from time import strptime

            moment = timegm(strptime(match.group(1), "%Y-%m-%dT%H:%M:%S")) + float(match.group(2) or 0)
        else:
            moment = float(text)
    except ValueError:
        moment = -1.0
    if not 0 <= moment <= LAST_TIME:
        raise refused(origin, text, "try 2026-01-10T20:35:00Z")
    return moment


def parse_ionice(text: str, origin: str) -> "Tuple[int, int]":
    """Class and level of ioprio_set(2)."""
    name, _, level = text.partition(":")
    if name == "idle" and not level:
        return IDLE_CLASS, 0
    if name == "best-effort" and level in ("", "0", "1", "2", "3", "4", "5", "6", "7"):
        return BEST_EFFORT, int(level or "4")
    raise refused(origin, text, "try idle, or best-effort:0 to best-effort:7")


def parse_groups(text: str, origin: str) -> "FrozenSet[str]":
    """Names of groups of sources."""
    names = frozenset(filter(None, text.split(",")))
    for name in sorted(names - frozenset(GROUPS)):
        raise refused(origin, name, "try {}".format(",".join(GROUPS[:2])))
    return names


def parse_address(text: str, origin: str) -> "Tuple[str, int]":
    """Host and port; the host as a number, as there may be nobody to ask for the address of a name."""
    match = ADDRESS.fullmatch(text)
    if not match or int(match.group(2)) > LAST_PORT:
        raise refused(origin, text, "try 127.0.0.1:8080")
    return match.group(1), int(match.group(2))


def default_file(mode: str, identity: str, gzip: bool) -> str:
    """The file of a collection that none is named for; one that is streamed needs none."""
    return "" if mode == "trickle" else identity + (".json.gz" if gzip else ".json")


NOT_SENT = {
    "server": ("", False, "", 0, ""),
    "apikey": "",
    "cafile": "",
    "spool": "",
    "spool_max": 0,
    "spool_full": "",
    "batch": 0.0,
    "flush": 0.0,
}


def read_trickle(given: "Given", key_flag: "Optional[str]", environment: "Mapping[str, str]") -> "Dict[str, Any]":
    """What trickle mode needs beside."""
    server, server_origin = given("server", "")
    if not server:
        raise PccError("trickle mode needs the receiver (set --server https://receiver:8443, or PCC_SERVER)")
    if key_flag:
        apikey = read_key(key_flag, "--apikey-file")
    elif environment.get("PCC_APIKEY"):
        apikey = sound_key(environment["PCC_APIKEY"], "PCC_APIKEY")
    elif environment.get("PCC_APIKEY_FILE"):
        apikey = read_key(environment["PCC_APIKEY_FILE"], "PCC_APIKEY_FILE")
    else:
        raise PccError("trickle mode needs a key (set --apikey-file FILE, PCC_APIKEY_FILE or PCC_APIKEY)")
    spool_full, full_origin = given("spool_full", "drop-oldest")
    if spool_full not in ("drop-oldest", "stop"):
        raise refused(full_origin, spool_full, "try drop-oldest or stop")
    spool_max, max_origin = given("spool_max", "1G")
    most = parse_size(spool_max, max_origin, "1G")
    if most < SMALLEST:
        raise refused(max_origin, spool_max, "try 1G; less than 64K holds nothing")
    batch, batch_origin = given("batch", "10s")
    flush, flush_origin = given("flush", "30s")
    cafile, cafile_origin = given("cafile", "")
    if cafile and not os.access(cafile, os.R_OK):
        raise PccError("cannot read {} {} (name a file of certificates in PEM)".format(cafile_origin, cafile))
    return {
        "server": tuple(parse_server(server, server_origin)),
        "apikey": apikey,
        "cafile": cafile,
        "spool": os.path.expanduser(given("spool", "~/.perfops/spool")[0]),
        "spool_max": most,
        "spool_full": spool_full,
        "batch": parse_duration(batch, batch_origin, "10s"),
        "flush": 0.0 if flush in ("0", "0s") else parse_duration(flush, flush_origin, "30s"),
    }


def read_options(arguments: "List[str]", environment: "Mapping[str, str]") -> Options:
    """Options from flags and environment; PccError names the flag or variable whose value cannot be used."""
    flags = build_parser().parse_args(arguments)

    def given(name: str, default: str) -> "Tuple[str, str]":
        """The value, and where it came from."""
        flag, variable = getattr(flags, name), "PCC_" + name.upper()
        if flag is not None:
            return flag, "--" + name.replace("_", "-")
        return environment.get(variable) or default, variable

    def optional(name: str, parse: "Callable[[str, str], Any]") -> "Any":
        text, origin = given(name, "")
        return parse(text, origin) if text else None

    mode, origin = ("local", "") if flags.spool_check else given("mode", "local")
    if mode not in ("local", "trickle"):
        raise refused(origin, mode, "try local or trickle")
    trickle = read_trickle(given, flags.apikey_file, environment) if mode == "trickle" else NOT_SENT
    text, origin = given("frequency", "1s")
    frequency = parse_duration(text, origin, "5s")
    if frequency < SHORTEST:
        raise PccError("bad value for {}: {!r} is below 10ms (try 250ms)".format(origin, text))
    text, origin = given("duration", "10m")
    duration = parse_duration(text, origin, "10m")
    if duration < frequency:
        raise PccError(
            "bad value for {}: {!r} is shorter than the frequency of {}s (try {}s)".format(
                origin, text, plain(frequency), plain(frequency * 10)
            )
        )
    start_at, start_origin = given("start_at", "")
    collection, _ = given("collection", "")
    recorded = recorded_id(collection) if flags.append and collection else None
    identity, origin = given("id", recorded or make_id())
    if not UUID.fullmatch(identity.lower()):
        raise refused(origin, identity, "try " + make_id())
    identity = identity.lower()
    if recorded not in (None, identity):
        raise refused(origin, identity, "{} is of the collection {}: leave it out".format(collection, recorded))
    labels, origin = given("labels", "")
    without, without_origin = given("without", "")
    cloud, cloud_origin = ("off", "") if flags.no_cloud else (environment.get("PCC_CLOUD") or "on", "PCC_CLOUD")
    if cloud not in ("on", "off"):
        raise refused(cloud_origin, cloud, "try off")
    return Options(
        mode=mode,
        duration=duration,
        frequency=frequency,
        start_at=parse_moment(start_at, start_origin) if start_at else 0.0,
        collection=collection or default_file(mode, identity, flags.gzip),
        id=identity,
        identifier=clean(given("identifier", os.uname().nodename)[0]),
        labels=parse_labels(clean(labels), origin),
        without=parse_groups(without, without_origin) | (NOT_CONTAINERS if flags.containers_only else frozenset()),
        cloud=cloud == "on",
        metadata_address=parse_address(*given("metadata_address", "169.254.169.254:80")),
        rotate=parse_size(*given("rotate", "0"), "100M"),
        max_bytes=parse_size(*given("max_bytes", "0"), "5G"),
        min_free=parse_size(*given("min_free", "32M"), "32M"),
        nice=parse_number(0, 19)(*given("nice", "0")),
        ionice=optional("ionice", parse_ionice),
        oom_score_adj=optional("oom_score_adj", parse_number(-1000, 1000)),
        proc_root=given("proc_root", "/proc")[0],
        sys_root=given("sys_root", "/sys")[0],
        append=flags.append,
        gzip=flags.gzip,
        self_test=flags.self_test,
        quiet=flags.quiet,
        keep_sent=flags.keep_sent or environment.get("PCC_KEEP_SENT", "") == "on",
        spool_check=flags.spool_check or "",
        **trickle,
    )
