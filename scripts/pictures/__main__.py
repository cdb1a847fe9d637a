"""Pictures of the dashboards, drawn by Grafana's own libraries: python scripts/pictures [NAME …]

    .venv/bin/python scripts/pictures Overview Compare --theme light

NAME is a dashboard's file name or title; without one all are drawn. The panels' queries run as the role that reads.
Needs npm and Chromium. Grafana's libraries are installed into the environment at first (600 MB). This is a tool for
development: a look before a change is committed, and no test.
"""

import argparse
import functools
import http.server
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import psycopg
from boards import filled, text_of
from fix_chromium import PROGRAM, Browser, chromium
from fix_grafana import FILES, boards, variables
from library import bundled
from psycopg.conninfo import make_conninfo

from perfops.dashboards.sql import view
from perfops.dashboards.variables import NONE
from perfops.errors import PerfopsError
from perfops.store.connection import connect, explained, find_target
from perfops.store.grants import grant_reader

READER = "grafana"  # the role that `perfops db grant-reader` makes
READY = """new Promise((done) => {
  const within = { table: '[role=gridcell]', timeseries: 'canvas', trend: 'canvas', heatmap: 'canvas', stat: 'span' };
  const drawn = (panel) => panel.querySelector('svg') && panel.querySelector(within[panel.dataset.kind] ?? 'div');
  const look = () => {
    const panels = [...document.querySelectorAll('[data-kind]')];
    return panels.length && panels.every(drawn) ? done(1) : setTimeout(look, 50);
  };
  look();
})"""  # a panel without data is of no kind; the svg is the icon of its description
SPANS = ("ALL", "1H", "6H", "24H", "7D")
FOUND = f"SELECT id::text, run FROM {view('collection')} WHERE id::text LIKE %s ORDER BY started_at DESC LIMIT 1"
OTHERS = f"""
    SELECT id::text, run IS NOT DISTINCT FROM %s FROM {view("collection")} WHERE id::text <> %s
     ORDER BY started_at DESC"""


def main() -> None:
    """Draw what is asked for, or say in one line why not."""
    given = arguments()
    if PROGRAM is None:
        raise SystemExit("no chromium and no google-chrome on the PATH (install one of them)")
    try:
        pictures(given)
    except PerfopsError as error:
        raise SystemExit(str(error)) from None


def pictures(given: argparse.Namespace) -> None:
    """Write the pictures, and print their names with what each page complained of."""
    found = asked(given.names)
    given.outdir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="perfops-pictures-") as place, reading(given.db) as connection:
        page = bundled(Path(place))
        with served(page.parent) as address, chromium() as browser:
            for name, board in found.items():
                wanted = choices(connection, board, given)
                picture = filled(connection, board, wanted, given.span, given.width)
                (page.parent / "dashboard.json").write_text(text_of(picture), encoding="utf-8")
                height = draw(browser, f"{address}/index.html?theme={given.theme}", given.width)
                tops = range(0, height, given.slice or height)
                names = [f"{name}-{part}.png" for part in range(1, len(tops) + 1)] if given.slice else [f"{name}.png"]
                for top, file in zip(tops, names, strict=True):
                    print(browser.picture(given.outdir / file, top=top, height=given.slice))
                print(*(f"  {complaint}\n" for complaint in browser.complaints()), sep="", end="")


def arguments() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser("scripts/pictures", description="Pictures of the dashboards.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="file name or title of a dashboard; else all")
    parser.add_argument("--db", metavar="URL", help="as of perfops; one that is not embedded is asked as who is named")
    parser.add_argument("--collection", metavar="ID", help="the collection, and the baseline; else the newest")
    parser.add_argument(
        "--set",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="a variable's value; may be given again",
    )
    parser.add_argument("--span", choices=SPANS, default="ALL", help="which button is pressed")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark")
    parser.add_argument("--width", type=int, default=1440, help="of the window in pixels")
    parser.add_argument("--slice", type=int, metavar="PIXELS", help="several pictures of a dashboard, each so high")
    parser.add_argument("--outdir", type=Path, default=ROOT / "build" / "pictures", metavar="DIR")
    return parser.parse_args()


@contextmanager
def reading(url: str | None) -> Iterator[psycopg.Connection[Any]]:
    """A connection that can only read; of the embedded server as the role that reads, which is made anew."""
    target = find_target(url)
    conninfo = target.conninfo
    if target.server is not None:
        with explained(target), connect(target) as owner:
            grant_reader(owner, READER, None)
        conninfo = make_conninfo(conninfo, user=READER)
    with explained(target), psycopg.connect(conninfo, autocommit=True) as connection:
        connection.read_only = True
        yield connection


def choices(
    connection: psycopg.Connection[Any], board: dict[str, Any], given: argparse.Namespace
) -> dict[str, list[str]]:
    """The collection, what is compared with it (the others of its run, else the newest), and what `--set` gives."""
    found = connection.execute(FOUND, [f"{given.collection or ''}%"]).fetchone()
    if found is None:
        raise SystemExit(
            f"no collection {given.collection!r} (see perfops list)" if given.collection else "no collection"
        )
    wanted = {"baseline": [found[0]], "collection": [found[0]]}
    if any(variable["name"] == "baseline" for variable in variables(board)):
        others = connection.execute(OTHERS, found[::-1]).fetchall()
        of_its_run = [identity for identity, same in others if same]
        wanted["collection"] = of_its_run or [identity for identity, _ in others[:1]] or [NONE]
    for name in dict.fromkeys(name for name, _ in given.set):
        wanted[name] = [value for named, value in given.set if named == name]
    return wanted


def asked(names: list[str]) -> dict[str, dict[str, Any]]:
    """The dashboards by the name of their file."""
    known = dict(zip((path.stem for path in FILES), boards(), strict=True))
    found = {}
    for name in names or known:
        stems = [stem for stem, board in known.items() if name.lower() in (stem, board["title"].lower())]
        if not stems:
            raise SystemExit(f"no dashboard {name!r} (try one of {', '.join(known)})")
        found[stems[0]] = known[stems[0]]
    return found


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder to this machine; gives the address."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing of each request."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def draw(browser: Browser, address: str, width: int) -> int:
    """Open the page, and wait until it has drawn; then give the window its height, as a table draws what is in sight.

    Returns the height.
    """
    browser.open(address, width=width, height=900)
    browser.evaluate(READY)
    height = int(browser.evaluate("document.documentElement.scrollHeight"))
    browser.resize(width, height)
    browser.evaluate(READY)
    with tempfile.NamedTemporaryFile() as nothing:
        browser.picture(Path(nothing.name))  # the first of a high page may still show it as it was before
    browser.settle()
    return height


if __name__ == "__main__":
    main()
