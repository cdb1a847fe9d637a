"""A machine as it is named on the command line."""

import re
from dataclasses import dataclass

from perfops.errors import BadInputError

ADDRESS = re.compile(
    r"(?:(?P<user>[^@\s]+)@)?(?:\[(?P<six>[0-9a-fA-F:.%]+)\]|(?P<host>[^@:\s/\[\]]+))(?::(?P<port>\d+))?\Z"
)


@dataclass(frozen=True, slots=True)
class Address:
    """A machine: what is None is left to the SSH configuration."""

    host: str
    user: str | None = None
    port: int | None = None


def parse_address(text: str, option: str = "the machine") -> Address:
    """`user@host:port`, of which user and port may be missing; an IPv6 address stands in brackets. BadInputError."""
    found = ADDRESS.match(text)
    port = int(found["port"]) if found and found["port"] else None
    if not found or (port is not None and not 0 < port < 1 << 16):
        raise BadInputError(f"bad value for {option}: {text!r} (try azureuser@192.0.2.11 or vm-01:2222)")
    return Address(found["six"] or found["host"], found["user"], port)
