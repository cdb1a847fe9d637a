"""Files that go into the page: the charting library, style sheet and scripts."""

from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path

from markupsafe import Markup

from perfops.errors import MachineError

CARRIER = "youplot"  # the package that brings uPlot; nothing of it is imported
LIBRARY = ("youplot/vendor/uplot.iife.min.js", "youplot/vendor/uplot.min.css")
SCRIPTS = ("format.js", "plots.js", "heat.js", "page.js")
UPLOT_LICENCE = """\
uPlot 1.6.31, Copyright (c) 2022 Leon Sorokin, The MIT License (MIT)

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def library() -> tuple[str, str]:
    """uPlot's script and style sheet; MachineError where the package that brings them is missing."""
    try:
        carrier = distribution(CARRIER)
        script, style = (Path(str(carrier.locate_file(name))).read_text(encoding="utf-8") for name in LIBRARY)
    except (PackageNotFoundError, OSError) as error:
        raise MachineError(f"the charting library is missing: {error} (pip install {CARRIER}==1.0.0)") from error
    return script, style


def own(name: str) -> str:
    """The text of a file beside this module."""
    return (files(__package__) / name).read_text(encoding="utf-8")


def style() -> Markup:
    """All style sheets of the page, trusted as they are."""
    return Markup("\n".join((library()[1], own("report.css"))))  # noqa: S704


def scripts() -> Markup:
    """All scripts of the page, trusted as they are."""
    body = "\n".join(map(own, SCRIPTS))
    return Markup(f"/*!\n{UPLOT_LICENCE}*/\n{library()[0]}\n(() => {{\n{body}}})();")  # noqa: S704


def guard() -> Markup:
    """The script that goes first: it shows whatever fails in the others."""
    return Markup(own("guard.js"))  # noqa: S704
