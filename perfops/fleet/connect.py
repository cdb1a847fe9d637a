"""A connection to a machine by SSH: configuration, agent, jump hosts, host keys; and what its failures mean."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fabric import Config, Connection
from paramiko import AuthenticationException, BadHostKeyException, PasswordRequiredException, SSHException
from paramiko.ssh_exception import ConfigParseError, CouldNotCanonicalize

from perfops.errors import BadInputError, TargetError
from perfops.fleet.address import Address
from perfops.fleet.hostkeys import fingerprint, guard

PATIENCE = 20  # seconds for each step of a connection, and for each answer
KEEPALIVE = 15  # seconds between two signs of life, for the sake of firewalls on the way


class LostError(TargetError):
    """A machine could not be reached, or can be no longer: it may come back."""


@dataclass(frozen=True, slots=True)
class Login:
    """How to reach a machine; `jumps` are the hosts on the way, the first one first."""

    address: Address
    jumps: tuple[Address, ...] = ()
    config: Path | None = None
    key: Path | None = None
    accept: bool = False


def connect(login: Login) -> Connection:
    """Connect. LostError where it cannot be reached, TargetError where it refuses or is not who it was."""
    logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)  # what it raises is told here, and in one line
    config = read_config(login.config)
    connection = None
    for address in (*login.jumps, login.address):
        connection = prepare(address, config, login, connection)
    assert connection is not None  # noqa: S101  # there is at least the machine itself
    name = login.address.host
    with explained(name, connection):
        connection.open()
    connection.transport.set_keepalive(KEEPALIVE)
    return connection


def reached(login: Login) -> dict[str, Any]:
    """Who is reached where, by the SSH configuration, as the journals of a run have it; no machine is asked."""
    found = prepare(login.address, read_config(login.config), login, None)
    return {"host": found.host, "port": found.port, "user": found.user}


def prepare(address: Address, config: Config, login: Login, gateway: Connection | None) -> Connection:
    """A connection that is not open yet."""
    kwargs: dict[str, Any] = {
        "key_filename": [str(login.key.expanduser())] if login.key else [],
        "look_for_keys": login.key is None,
        "compress": True,
        **dict.fromkeys(("banner_timeout", "auth_timeout", "channel_timeout"), PATIENCE),
    }
    try:
        found = Connection(
            address.host, address.user, address.port, config, gateway, connect_timeout=PATIENCE, connect_kwargs=kwargs
        )
    except (ConfigParseError, CouldNotCanonicalize, ValueError) as error:
        raise BadInputError(f"bad SSH configuration for {address.host}: {error} (mend it, or name another)") from error
    if str(found.ssh_config.get("identitiesonly", "")).lower() == "yes":
        found.connect_kwargs["allow_agent"] = False
    step: Any = found
    while isinstance(step, Connection):  # jump hosts of the configuration, too
        guard(step.client, step.ssh_config, login.accept)
        step = step.gateway
    return found


def read_config(path: Path | None) -> Config:
    """The SSH configuration: a file, or the usual ones of user and system. BadInputError where it cannot be read."""
    try:
        config = Config(runtime_ssh_path=str(path.expanduser()) if path else None, lazy=True)  # no file of invoke's
        config.load_ssh_config()
    except (OSError, ConfigParseError, SSHException) as error:
        place = path or "~/.ssh/config"
        raise BadInputError(f"cannot read {place}: {error} (name another file in --ssh-config)") from error
    return config


@contextmanager
def explained(name: str, connection: Connection | None = None) -> Iterator[None]:
    """What SSH has to say, as a LostError or TargetError in one line."""
    user = f"{connection.user}@{name}" if connection else name
    try:
        yield
    except TargetError:
        raise
    except BadHostKeyException as error:
        raise TargetError(
            f"the host key of {name} has changed: it was {fingerprint(error.expected_key)}, and is"
            f" {fingerprint(error.key)}: another machine, or somebody in between"
            f" (if it is right: ssh-keygen -R '{known_as(connection, name)}', and connect again)"
        ) from error
    except PasswordRequiredException as error:
        raise TargetError(f"a key for {user} has a passphrase (add it to the agent: ssh-add)") from error
    except AuthenticationException as error:
        raise TargetError(
            f"{user} lets none of the keys in (name one with -i KEY, or add it to the agent: ssh-add)"
        ) from error
    except (OSError, EOFError, SSHException) as error:
        if "No authentication methods" in str(error):
            raise TargetError(f"there is no key for {user} (name one with -i KEY, or start an agent)") from error
        if isinstance(error, FileNotFoundError | PermissionError) or str(error) == "Failure":  # of SFTP
            raise TargetError(f"{name}: {reason(error)} (see what is wrong there)") from error
        raise LostError(f"cannot reach {name}: {reason(error)} (see that it runs and that ssh gets there)") from error


def known_as(connection: Connection | None, name: str) -> str:
    """A machine's name in files of known hosts."""
    if connection is None:
        return name
    return connection.host if connection.port == 22 else f"[{connection.host}]:{connection.port}"


def reason(error: BaseException) -> str:
    """The words of an error that may have none."""
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).splitlines()[0] if str(error) else "the connection broke off"
