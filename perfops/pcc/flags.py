"""The command line of pcc."""

import argparse

from . import VERSION
from .errors import PccError
from .sources import GROUPS

MYPY = False
if MYPY:
    from typing import NoReturn

EXAMPLES = """examples:
  pcc                                            ten minutes, a sample a second, into ./<id>.json
  pcc --duration 1h --frequency 5s --collection /var/tmp/host.json
  pcc --duration 90s --labels build=42,kind=nightly
  pcc --duration 30d --frequency 10s --gzip --rotate 100M --max-bytes 5G --nice 10 --ionice idle
  pcc --mode trickle --server https://receiver:8443 --apikey-file ~/.perfops/key --duration 1h
  pcc --spool-check .                            what a spool holds, and whether it is whole
  pcc --self-test                                what it can read here, and what a sample costs
  PCC_DURATION=1h30m PCC_FREQUENCY=250ms pcc

Every flag that takes a value can be set in the environment, too: PCC_DURATION, PCC_PROC_ROOT. The flag wins.
SIGTERM and Ctrl-C end the collection cleanly; while what is left is sent at the end, one more skips that.
exit codes: 0 done, 1 --spool-check found damage, 2 a value that cannot be used, 3 this machine refused (disk full, no
permission), 4 not all could be sent: the rest is in the spool, and the next collection sends it"""


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
    add("--mode", metavar="MODE", help="local: write a file (the default); trickle: send to a receiver, too")
    add("--duration", metavar="TIME", help="how long: 90s, 10m, 1h30m (default 10m)")
    add("--frequency", metavar="TIME", help="time between two samples: 250ms, 1s, 5s (default 1s)")
    add(
        "--start-at",
        metavar="TIME",
        help="begin then: Unix seconds, or 2026-01-10T20:35:00Z; at once where that is past",
    )
    add(
        "--collection",
        metavar="FILE",
        help="the file to write; it must not exist (default ./<id>.json); trickle: for the host and end record alone",
    )
    add("--append", action="store_true", help="go on with that file, under its id, where it exists, as after a restart")
    add("--id", metavar="UUID", help="the collection's id (default: a new one)")
    add(
        "--identifier", metavar="NAME", help="name of this machine among the machines of a run (default: its host name)"
    )
    add("--labels", metavar="K=V,K=V", help="what to remember about this collection")
    add("--without", metavar="GROUPS", help="leave out groups of sources: " + ",".join(GROUPS))
    add("--containers-only", action="store_true", help="leave out all groups but the containers")
    add("--no-cloud", action="store_true", help="do not ask the cloud what this machine is (or PCC_CLOUD=off)")
    add("--metadata-address", metavar="HOST:PORT", help="ask there instead of the cloud's 169.254.169.254:80")
    add("--gzip", action="store_true", help="pack the file as it is written (default name ./<id>.json.gz)")
    add("--rotate", metavar="SIZE", help="a new file from this size on; the old ones are FILE.1, FILE.2, … (default 0)")
    add("--max-bytes", metavar="SIZE", help="end when so much is written (default 0: no limit)")
    add("--min-free", metavar="SIZE", help="end when less is free on the disk written to (default 32M)")
    add("--nice", metavar="N", help="lower the priority by N, 0 to 19 (default 0)")
    add("--ionice", metavar="CLASS", help="priority of disk writes: idle, or best-effort:0 to 7 (default: as it is)")
    add("--oom-score-adj", metavar="N", help="-1000 (never killed; needs root) to 1000 (killed first)")
    add("--server", metavar="URL", help="trickle: the receiver, a URL or HOST:PORT for plain HTTP")
    add("--apikey-file", metavar="FILE", help="trickle: the key, in a file of mode 0600 (or PCC_APIKEY)")
    add("--cafile", metavar="FILE", help="trickle: the authority of the receiver's certificate (default: the system's)")
    add("--spool", metavar="DIR", help="trickle: where it waits to be sent (default ~/.perfops/spool)")
    add("--spool-max", metavar="SIZE", help="trickle: bytes that may wait there (default 1G)")
    add(
        "--spool-full",
        metavar="WHAT",
        help="trickle: then drop-oldest, which is declared, or stop (default drop-oldest)",
    )
    add("--batch", metavar="TIME", help="trickle: how much is sent at a time (default 10s)")
    add("--flush", metavar="TIME", help="trickle: how long to go on sending at the end (default 30s)")
    add("--keep-sent", action="store_true", help="trickle: keep what was sent (or PCC_KEEP_SENT=on)")
    add("--spool-check", metavar="DIR", help="say what a spool holds; exit code 1 where it is damaged")
    add("--proc-root", metavar="DIR", help="read this instead of /proc")
    add("--sys-root", metavar="DIR", help="read this instead of /sys")
    add("--self-test", action="store_true", help="say what can be read here and what a sample costs, and write nothing")
    add("--quiet", action="store_true", help="say nothing but errors")
    add("--version", action="version", version="pcc " + VERSION)
    return parser
