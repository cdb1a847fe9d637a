"""Write the reference pages and the READMEs of roles from the code: python scripts/reference [FOLDER]

One module beside this one a page. `make docs` runs this; a test fails when a page is stale. A FOLDER takes all of
them, in place of docs/reference and roles.
"""

import sys
from pathlib import Path

import calls
import cli
import environment
import metrics
import readmes

PAGES = {"cli.md": cli.page, "environment.md": environment.page, "http.md": calls.page, "metrics.md": metrics.page}
ROOT = Path(__file__).parents[2]
NOTE = "<!-- written by `make docs`: change the code it is made of -->\n\n"


def main() -> None:
    """Write all pages."""
    places = [Path(word) for word in sys.argv[1:]] * 2 or [ROOT / "docs" / "reference", ROOT]
    for name, page in PAGES.items():
        write(places[0] / name, page())
    for name, text in readmes.pages().items():
        write(places[1] / "roles" / name / "README.md", text)


def write(path: Path, text: str) -> None:
    """A page, with the note on where it comes from."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(NOTE + text, encoding="utf-8")


if __name__ == "__main__":
    main()
