"""Flags and environment of pcc; the flag wins."""

import argparse
import os
import re

from . import VERSION
from .errors import PccError
from .units import clean, parse_duration, parse_labels, plain

MYPY = False
if MYPY:
    from typing import Dict, List, Mapping, NamedTuple, NoReturn

    Options = NamedTuple(
        "Options",
        [
            ("mode", str),
            ("duration", float),
            ("frequency", float),
            ("collection", str),
            ("id", str),
            ("identifier", str),
            ("labels", Dict[str, str]),
            ("proc_root", str),
            ("sys_root", str),
            ("quiet", bool),
        ],
    )
else:
    from collections import namedtuple

    Options = namedtuple("Options", "mode duration frequency collection id identifier labels proc_root sys_root quiet")

SHORTEST = 0.01  # the kernel counts CPU time in hundredths of a second: below that a rate says nothing
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

EXAMPLES = """examples:
  pcc                                            ten minutes, a sample a second, into ./<id>.json
  pcc --duration 1h --frequency 5s --collection /var/tmp/host.json
  pcc --duration 90s --labels build=42,kind=nightly
  PCC_DURATION=1h30m PCC_FREQUENCY=250ms pcc

Every flag that takes a value can be set in the environment, too: PCC_DURATION, PCC_PROC_ROOT. The flag wins.
SIGTERM and Ctrl-C end the collection cleanly.
exit codes: 0 done, 2 a value that cannot be used, 3 this machine refused (disk full, no permission)"""


def make_id() -> str:
    """A random UUID (version 4); the uuid module would cost the target a megabyte."""
    octets = bytearray(os.urandom(16))
    octets[6] = octets[6] & 0x0F | 0x40
    octets[8] = octets[8] & 0x3F | 0x80
    text = octets.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with the command line."""

    def error(self, message: str) -> "NoReturn":
        """End with a PccError in place of the usage."""
        raise PccError("{} (try pcc --help)".format(message))


def build_parser() -> argparse.ArgumentParser:
    """The command line; defaults are None so that the environment can be told from a flag."""
    parser = Parser(
        prog="pcc",
        description="Samples /proc of this machine, once a period, into a collection: one JSON record a line.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--mode", metavar="MODE", help="local: write a file (the default)")
    add("--duration", metavar="TIME", help="how long: 90s, 10m, 1h30m (default 10m)")
    add("--frequency", metavar="TIME", help="time between two samples: 250ms, 1s, 5s (default 1s)")
    add("--collection", metavar="FILE", help="the file to write; it must not exist (default ./<id>.json)")
    add("--id", metavar="UUID", help="the collection's id (default: a new one)")
    add(
        "--identifier", metavar="NAME", help="name of this machine among the machines of a run (default: its host name)"
    )
    add("--labels", metavar="K=V,K=V", help="what to remember about this collection")
    add("--proc-root", metavar="DIR", help="read this instead of /proc")
    add("--sys-root", metavar="DIR", help="read this instead of /sys")
    add("--quiet", action="store_true", help="say nothing but errors")
    add("--version", action="version", version="pcc " + VERSION)
    return parser


def read_options(arguments: "List[str]", environment: "Mapping[str, str]") -> "Options":
    """Options from flags and environment; PccError names the flag or variable whose value cannot be used."""
    flags = build_parser().parse_args(arguments)

    def given(name: str, default: str) -> "List[str]":
        """Where the value came from, and the value."""
        flag, variable = getattr(flags, name), "PCC_" + name.upper()
        if flag is not None:
            return ["--" + name.replace("_", "-"), flag]
        return [variable, environment.get(variable) or default]

    origin, mode = given("mode", "local")
    if mode != "local":
        raise PccError("bad value for {}: {!r} (try local)".format(origin, mode))
    origin, text = given("frequency", "1s")
    frequency = parse_duration(text, origin, "5s")
    if frequency < SHORTEST:
        raise PccError("bad value for {}: {!r} is below 10ms (try 250ms)".format(origin, text))
    origin, text = given("duration", "10m")
    duration = parse_duration(text, origin, "10m")
    if duration < frequency:
        raise PccError(
            "bad value for {}: {!r} is shorter than the frequency of {}s (try {}s)".format(
                origin, text, plain(frequency), plain(frequency * 10)
            )
        )
    origin, identity = given("id", make_id())
    if not UUID.fullmatch(identity.lower()):
        raise PccError("bad value for {}: {!r} (try {})".format(origin, identity, make_id()))
    origin, text = given("labels", "")
    labels = parse_labels(clean(text), origin)
    identity = identity.lower()
    return Options(
        mode=mode,
        duration=duration,
        frequency=frequency,
        collection=given("collection", identity + ".json")[1],
        id=identity,
        identifier=clean(given("identifier", os.uname().nodename)[1]),
        labels=labels,
        proc_root=given("proc_root", "/proc")[1],
        sys_root=given("sys_root", "/sys")[1],
        quiet=flags.quiet,
    )
