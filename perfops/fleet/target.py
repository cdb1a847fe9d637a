"""A machine under test by SSH alone: what runs there is sent with each question, and the answer is JSON.

Nothing stays there between two questions but the collector and its files; a connection that is lost is made anew.
"""

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from fabric import Connection
from paramiko import SFTPClient, SFTPFile

from perfops.errors import TargetError
from perfops.fleet.connect import PATIENCE, Login, LostError, connect, explained

HERE = Path(__file__).parent
SENT = ("collections", "program", "commands")  # links to plugins/module_utils; what imports another comes behind it
UNKNOWN = "from __future__ import annotations\n"  # to Python 3.6; Ansible's modules never run there
HELPERS = "ansible_collections.perfops.perfops.plugins.module_utils."  # by which they know each other
STARTER = (  # no single quote, no exclamation mark: any shell there takes it
    "import sys;sys.version_info<(3,6) and sys.exit(96);import json,types;d=json.load(sys.stdin);m=sys.modules;"
    "[(m.setdefault(n,types.ModuleType(n)),exec(s,m[n].__dict__)) for n,s in d[0]];"
    "a,*_,b,c=[m[n] for n,_ in d[0]];print(json.dumps(c.answer(a,b,d[1])))"
)
OLD, MISSING = 96, 127  # exit codes: Python older than 3.6, none at all
CHUNK = 1 << 15


class Target:
    """A machine; `home` is the folder of the collector there, `python` what runs it."""

    def __init__(self, login: Login, home: str, python: str, identity: str) -> None:
        self.login = login
        self.name = login.address.host
        self.home = home
        self.python = python
        self.id = identity
        self.connection: Connection | None = None
        self.channel: SFTPClient | None = None

    def connected(self) -> Connection:
        """The connection, made when there is none. LostError, TargetError."""
        if self.connection is None:
            self.connection = connect(self.login)
        return self.connection

    def close(self) -> None:
        """Let go of the connection; what runs there runs on."""
        connection, self.connection, self.channel = self.connection, None, None
        if connection is None:
            return
        while isinstance(connection, Connection):  # of a broken one nothing is waited for
            with suppress(Exception):
                connection.client.close()
            connection = connection.gateway

    def ask(self, action: str, patience: float = 0.0, **more: Any) -> dict[str, Any]:
        """The answer of on_target.py. LostError where the connection breaks off, TargetError where it fails."""
        texts = [(HELPERS + name, (HERE / f"{name}.txt").read_text(encoding="utf-8")) for name in SENT]
        texts.append(("on_target", (HERE / "on_target.py").read_text(encoding="utf-8")))
        sent = [(name, text.replace(UNKNOWN, "")) for name, text in texts]
        question = {"action": action, "id": self.id, "home": self.home, "patience": patience, **more}
        code, out, err = self.command(
            f"{shlex.quote(self.python)} -c '{STARTER}'", json.dumps([sent, question]), patience + PATIENCE
        )
        if code:
            raise TargetError(self.refusal(code, err))
        try:
            found: dict[str, Any] = json.loads(out.splitlines()[-1])
        except (ValueError, IndexError) as error:
            raise TargetError(f"{self.name} answers {out[-200:]!r} (see that its shell prints nothing)") from error
        if "error" in found:
            raise TargetError(f"{self.name}: {found['error']}")
        return found

    def command(self, line: str, given: str, seconds: float) -> tuple[int, str, str]:
        """Exit code, output and errors of a command there that is given a text."""
        with self.kept():
            stdin, stdout, stderr = self.connected().client.exec_command(line, timeout=seconds)
            with suppress(OSError):  # it has ended before it read all, and says why
                stdin.write(given)
                stdin.flush()
            stdin.channel.shutdown_write()
            out, err = stdout.read(), stderr.read()
            if not stdout.channel.status_event.wait(seconds):
                raise TimeoutError
            code = stdout.channel.exit_status
            if code < 0:  # the connection has ended before the command
                raise EOFError
        return code, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")

    def refusal(self, code: int, told: str) -> str:
        """Why the question was not answered."""
        last = (told.strip().splitlines() or [f"exit code {code}"])[-1]
        remedy = "(install Python 3.6 or later there, or name its path in --python)"
        if code == OLD:
            return f"{self.name} has a Python older than 3.6 {remedy}"
        if code == MISSING or "not found" in last or "No such file" in last:
            return f"{self.name} has no {self.python} {remedy}"
        return f"{self.name}: {last} (see that {self.python} runs there)"

    def files(self) -> SFTPClient:
        """Its files. LostError, TargetError."""
        if self.channel is None:
            with self.kept():
                self.channel = self.connected().client.open_sftp()
                self.channel.get_channel().settimeout(PATIENCE)
        return self.channel

    @contextmanager
    def opened(self, path: str, mode: str) -> Iterator[SFTPFile]:
        """A file there. LostError, TargetError.

        Its end is waited for where all went well: after Ctrl-C in an answer, what is left of that would be taken for
        the next one, or waited for.
        """
        files = self.files()
        with self.kept():
            file = files.open(path, mode)
            yield file
            file.close()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """A block in which a failure of SSH becomes a LostError or TargetError, and a lost connection is let go."""
        try:
            with explained(self.name, self.connection):
                yield
        except LostError:
            self.close()
            raise

    def put_program(self, content: bytes) -> str:
        """Have the collector there, whole or not at all; its checksum."""
        wanted = sha256(content).hexdigest()
        if self.ask("claim")["program"] != wanted:
            part = f"{self.home}/.pcc.{self.id}"
            files = self.files()
            try:
                with self.opened(part, "wb") as file:
                    file.set_pipelined(True)
                    for start in range(0, len(content), CHUNK):
                        file.write(content[start : start + CHUNK])
                with self.kept():
                    files.chmod(part, 0o755)
                    files.posix_rename(part, f"{self.home}/pcc")
            except LostError:
                raise
            except OSError as error:
                raise TargetError(f"{self.name}: cannot write {self.home}/pcc: {error}") from error
        return wanted
