"""Host keys: a machine that is not known is refused, unless told otherwise; one whose key has changed always is."""

import base64
import hashlib
from pathlib import Path
from typing import Any

from paramiko import MissingHostKeyPolicy, SSHClient

from perfops.errors import TargetError, remedy

USER = "~/.ssh/known_hosts ~/.ssh/known_hosts2"
GLOBAL = "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2"
ACCEPTING = ("accept-new", "no", "off")  # of StrictHostKeyChecking: new keys alone; a changed one is refused here


def fingerprint(key: Any) -> str:
    """A key as ssh shows it: `ssh-ed25519 SHA256:…`."""
    digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
    return f"{key.get_name()} SHA256:{digest}"


def files_of(settings: dict[str, Any]) -> list[Path]:
    """Files of known host keys by the SSH configuration of a machine, the user's own first."""
    names = f"{settings.get('userknownhostsfile', USER)} {settings.get('globalknownhostsfile', GLOBAL)}"
    return [Path(name).expanduser() for name in names.split() if name.lower() != "none"]


class Refuse(MissingHostKeyPolicy):  # type: ignore[misc]
    """A machine that is not known is refused."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def missing_host_key(self, _client: SSHClient, hostname: str, key: Any) -> None:
        """TargetError, with the ways to make it known."""
        host, _, port = hostname.rpartition("]:") if hostname.startswith("[") else (hostname, "", "")
        scan = f"ssh-keyscan -p {port} {host[1:]}" if port else f"ssh-keyscan {hostname}"
        raise TargetError(
            f"the host key of {hostname} is not known: {fingerprint(key)} (compare it with the machine's, then:"
            f" {scan} >> {self.file}, or give --accept-new-host-key)"
        )


class Accept(MissingHostKeyPolicy):  # type: ignore[misc]
    """A machine that is not known is remembered from now on."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def missing_host_key(self, _client: SSHClient, hostname: str, key: Any) -> None:
        """Add its key to the user's file."""
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self.file.open("a", encoding="utf-8") as file:
                file.write(f"{hostname} {key.get_name()} {key.get_base64()}\n")
        except OSError as error:
            raise TargetError(
                f"cannot remember the host key of {hostname} in {self.file}: {error.strerror} ({remedy(error)})"
            ) from error


def guard(client: SSHClient, settings: dict[str, Any], accept: bool) -> None:
    """Have a client check host keys by the SSH configuration of its machine."""
    files = files_of(settings)
    for path in files:
        if path.is_file():
            client.load_system_host_keys(str(path))
    own = files[0] if files else Path(USER.split(maxsplit=1)[0]).expanduser()
    accept = accept or str(settings.get("stricthostkeychecking", "")).lower() in ACCEPTING
    client.set_missing_host_key_policy(Accept(own) if accept else Refuse(own))
