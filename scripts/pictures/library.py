"""Grafana's libraries from npm, and the page bundled with them: in the environment, not in the repository."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
HOME = Path(sys.prefix) / "pictures"  # of the environment: gone with it
GIVEN = ("package.json", ".npmrc")
FONTS = {"Regular": 400, "Medium": 500}  # what a server of Grafana has, and its libraries ask for
FLAGS = (
    "--bundle",
    "--jsx=automatic",
    "--loader:.ttf=empty",
    "--define:process.env.NODE_ENV='production'",
    "--log-level=error",
)


def installed() -> Path:
    """Install what package.json names, where that is not done yet; returns the folder of the modules."""
    modules = HOME / "node_modules"
    if all((HOME / name).is_file() and same(HOME / name, HERE / name) for name in GIVEN) and (HOME / ".done").exists():
        return modules
    HOME.mkdir(parents=True, exist_ok=True)
    (HOME / ".done").unlink(missing_ok=True)
    for name in GIVEN:
        shutil.copy(HERE / name, HOME / name)
    if not shutil.which("npm"):
        raise SystemExit("npm is not on the PATH (install Node.js 20 or later)")
    print(f"installing Grafana's libraries with npm into {HOME} (600 MB, some minutes)", file=sys.stderr)
    subprocess.run(["npm", "install", "--no-audit", "--no-fund"], cwd=HOME, check=True, stdout=sys.stderr)
    (HOME / ".done").touch()
    return modules


def same(one: Path, other: Path) -> bool:
    """Whether two files have the same bytes."""
    return one.read_bytes() == other.read_bytes()


def bundled(folder: Path) -> Path:
    """Write the page with its script, and beside it Grafana's icons and fonts, into a folder; returns the page."""
    modules = installed()
    program = modules / ".bin" / "esbuild"
    script = HERE / "page" / "main.jsx"
    paths = os.environ | {"NODE_PATH": str(modules)}
    subprocess.run([program, script, f"--outfile={folder / 'page.js'}", *FLAGS], env=paths, check=True)
    fonts = folder / "public" / "fonts" / "inter"
    fonts.mkdir(parents=True)
    for name, weight in FONTS.items():
        source = modules / "@fontsource" / "inter" / "files" / f"inter-latin-{weight}-normal.woff2"
        (fonts / f"Inter-{name}.woff2").symlink_to(source)
    (folder / "public" / "build").symlink_to(modules / "@grafana" / "ui" / "dist" / "public")
    return Path(shutil.copy(HERE / "page" / "index.html", folder / "index.html"))
