"""Write the reference pages from the code: python scripts/reference [FOLDER]

One module beside this one a page. `make docs` runs this; a test fails when a page in docs/reference is stale.
"""

import sys
from pathlib import Path

import calls
import cli
import environment
import metrics

PAGES = {"cli.md": cli.page, "environment.md": environment.page, "http.md": calls.page, "metrics.md": metrics.page}
FOLDER = Path(__file__).parents[2] / "docs" / "reference"
NOTE = "<!-- written by `make docs`: change the code it is made of -->\n\n"


def main() -> None:
    """Write all pages."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (folder / name).write_text(NOTE + page(), encoding="utf-8")


if __name__ == "__main__":
    main()
