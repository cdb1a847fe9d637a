"""The page in a real browser: everything is drawn, nothing fails, nothing is fetched, and what can be used works."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fix_chromium import Browser, chromium, needs_chromium
from fix_database import MakeDatabase
from fix_loaded import START, record_machine
from fix_report import Events, load_all, record_load, report

from perfops.catalogue import Unit
from perfops.report.assets import own
from perfops.report.units import human

pytestmark = needs_chromium
HOSTILE = "</script><img src=x onerror=alert(1)>"
IDENTITY = "6a0c1a52-6c0e-4f2f-9b57-{:012x}"
CHARTS = "[...document.querySelectorAll('figure.chart')].filter((figure) => figure.checkVisibility())"
COLOURS = """(figure) => {  // pixels of colour, which grids, axes and texts do not have
  const canvas = figure.querySelector("canvas");
  if (!canvas) return -1;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4) {
    const [red, green, blue, alpha] = data.slice(at, at + 4);
    if (alpha > 100 && Math.max(red, green, blue) - Math.min(red, green, blue) > 40) count++;
  }
  return count;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests of this file."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, databases: MakeDatabase) -> Path:
    """A folder with reports: of one machine to which much happened, of a long recording, of three machines."""
    folder, database = tmp_path_factory.mktemp("pages"), databases()
    events = Events(missed=range(20, 25), reboot=40, clock=30, damaged=10, cut=True)

    def record(number: int, ticks: int = 60, **more: Any) -> Path:
        return record_load(folder / f"{number}.json", ticks, identity=IDENTITY.format(number), **more)

    load_all(database, folder / "a", {"vm": record(1, events=events)}, run="one")
    peak = record(2, 4000, load=lambda tick: 1.0 if tick == 1000 else 0.2)
    load_all(database, folder / "b", {"vm-long": peak}, run="long")
    three = {HOSTILE: record(3, container=HOSTILE), "vm-b": record(4, start=START + 10), "vm-c": record(5)}
    load_all(database, folder / "c", three, run="three")
    nothing = {"empty": record_machine(folder / "6.json", 1, identity=IDENTITY.format(6))}
    load_all(database, folder / "d", nothing, run="empty")
    mixed = {"empty": record_machine(folder / "7.json", 1, identity=IDENTITY.format(7)), "full": record(8)}
    load_all(database, folder / "e", mixed, run="mixed")
    load_all(database, folder / "f", {"vm": record(9, newer=True, trouble=4)}, run="newer")
    for run in ("one", "long", "three", "empty", "mixed", "newer"):
        (folder / f"{run}.html").write_text(report(database, run), encoding="utf-8")
    return folder


def centre(browser: Browser, selector: str) -> tuple[float, float]:
    """The middle of the first element that a selector finds, brought into view."""
    script = f"""(() => {{
      const element = document.querySelector({selector!r});
      element.scrollIntoView({{ block: "center" }});
      const box = element.getBoundingClientRect();
      return [box.x + box.width / 2, box.y + box.height / 2];
    }})()"""
    x, y = browser.evaluate(script)
    return x, y


def click(browser: Browser, selector: str) -> None:
    """Click on an element, as a mouse does."""
    x, y = centre(browser, selector)
    browser.mouse("moved", x, y)
    for kind in ("pressed", "released"):
        browser.mouse(kind, x, y, button="left", clickCount=1)
    browser.settle()


def drag(browser: Browser, selector: str, share: float) -> None:
    """Drag to the right across the middle of an element, over a share of its width."""
    x, y = centre(browser, selector)
    width = share * browser.evaluate(f"document.querySelector({selector!r}).clientWidth")
    browser.mouse("moved", x - width / 2, y)
    browser.mouse("pressed", x - width / 2, y, button="left", clickCount=1)
    for step in range(1, 6):
        browser.mouse("moved", x - width / 2 + step * width / 5, y, button="left", buttons=1)
    browser.mouse("released", x + width / 2, y, button="left", clickCount=1)
    browser.settle()


def choose(browser: Browser, value: str) -> None:
    """Choose an entry of the machine chooser."""
    script = f"machine.value = {value!r}; machine.dispatchEvent(new Event('change'))"
    browser.evaluate(f"(() => {{ const machine = document.getElementById('machine'); {script} }})()")
    browser.settle()


def shown(browser: Browser) -> list[str]:
    """Anchors of the machines that can be seen."""
    found: list[str] = browser.evaluate(
        "[...document.querySelectorAll('section.machine')].filter((one) => one.checkVisibility()).map((one) => one.id)"
    )
    return found


def times(browser: Browser, figure: str) -> str:
    """The colours of the pixels of a chart, which tell whether it was drawn anew."""
    found: str = browser.evaluate(f"document.querySelector({figure!r}).querySelector('canvas').toDataURL()")
    return found


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1366, 420])
@pytest.mark.parametrize("name", ["one", "long", "three", "newer"])
def test_every_chart_is_drawn_and_nothing_fails_or_is_fetched(
    browser: Browser, folder: Path, name: str, width: int, dark: bool
) -> None:
    file = folder / f"{name}.html"
    browser.open(file, width=width, dark=dark)
    pixels = browser.evaluate(f"{CHARTS}.map({COLOURS})")
    assert len(pixels) >= 14
    assert min(pixels) > 20, pixels
    assert browser.evaluate("document.getElementById('errors').hidden") is True
    assert browser.complaints() == []
    assert browser.requested() == [file.as_uri()]
    assert browser.evaluate("document.documentElement.scrollWidth") == width  # tables scroll by themselves


@pytest.mark.parametrize("name", ["empty", "mixed"])
def test_a_machine_without_samples_breaks_nothing(browser: Browser, folder: Path, name: str) -> None:
    browser.open(folder / f"{name}.html")
    assert browser.evaluate("document.querySelector('p.empty').checkVisibility()") is True
    if name == "mixed":
        choose(browser, "machine-1")
        assert len(browser.evaluate(f"{CHARTS}.map({COLOURS})")) >= 14
    assert browser.evaluate("document.getElementById('errors').hidden") is True
    assert browser.complaints() == []


@pytest.mark.parametrize("name", ["one", "three"])
def test_every_chart_has_a_legend_for_each_of_its_lines(browser: Browser, folder: Path, name: str) -> None:
    browser.open(folder / f"{name}.html")
    script = f"""{CHARTS}.filter((figure) => !figure.classList.contains("heat")).map((figure) => [
      figure.querySelector("h4").textContent,
      figure.querySelectorAll(".legend button").length,
      figure.querySelectorAll(".legend button i").length,
    ])"""
    found = browser.evaluate(script)
    data = browser.evaluate("JSON.parse(document.getElementById('data').textContent)")
    drawn = [chart for chart in data["machines"][0]["charts"] if chart]
    wanted = [len(chart["lines"]) for chart in [*data["overlaid"], *drawn]]
    assert [legends for _, legends, _ in found] == [swatches for _, _, swatches in found] == wanted


def test_a_narrow_peak_shows_in_a_long_recording(browser: Browser, folder: Path) -> None:
    browser.open(folder / "long.html")
    script = """(() => {
      const figure = [...document.querySelectorAll("figure.chart")]
        .find((one) => one.querySelector("h4").textContent === "Network throughput");
      const canvas = figure.querySelector("canvas");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const columns = new Set();  // columns with colour in the upper half, right of the axis
      for (let at = 0; at < data.length / 2.4; at += 4) {
        const [red, green, blue, alpha] = data.slice(at, at + 4);
        const coloured = alpha > 90 && Math.max(red, green, blue) - Math.min(red, green, blue) > 40;
        if (coloured) columns.add((at / 4) % canvas.width);
      }
      return [canvas.width, [...columns]];
    })()"""
    width, columns = browser.evaluate(script)
    assert 1 <= len(columns) < 10
    assert all(0.24 < (column - 68) / (width - 92) < 0.26 for column in columns)  # between the axis and the right edge


def test_the_chooser_shows_one_machine_or_all_and_draws_them(browser: Browser, folder: Path) -> None:
    browser.open(folder / "three.html")
    assert shown(browser) == ["machine-0"]
    choose(browser, "machine-2")
    assert shown(browser) == ["machine-2"]
    assert min(browser.evaluate(f"{CHARTS}.map({COLOURS})")) > 20
    choose(browser, "all")
    assert shown(browser) == ["machine-0", "machine-1", "machine-2"]
    last = "#machine-1 figure.chart:last-of-type"
    centre(browser, last)
    browser.settle()
    browser.settle()
    assert browser.evaluate(f"({COLOURS})(document.querySelector('{last}'))") > 20


def test_a_link_of_the_comparison_leads_to_its_machine(browser: Browser, folder: Path) -> None:
    browser.open(folder / "three.html")
    click(browser, "table.compared tbody tr:nth-child(2) a")
    assert shown(browser) == ["machine-1"]
    assert browser.evaluate("document.getElementById('machine').value") == "machine-1"


@pytest.mark.parametrize("back", ["button", "double click"])
def test_dragging_zooms_all_charts_and_there_is_a_way_back(browser: Browser, folder: Path, back: str) -> None:
    browser.open(folder / "one.html")
    chart, other = "figure[data-chart='0']", "figure.heat"
    before = [times(browser, figure) for figure in (chart, other)]
    assert browser.evaluate("document.getElementById('zoom').hidden") is True
    drag(browser, f"{chart} .u-over", 0.25)
    assert browser.evaluate("document.getElementById('zoom').hidden") is False
    told = browser.evaluate("document.querySelector('#zoom span').textContent")
    assert told.startswith("9 Jan 23:07:0")
    assert all(times(browser, figure) != was for figure, was in zip((chart, other), before, strict=True))
    if back == "button":
        click(browser, "#zoom button")
    else:
        x, y = centre(browser, f"{chart} .u-over")
        for count in (1, 2):
            for kind in ("pressed", "released"):
                browser.mouse(kind, x, y, button="left", clickCount=count)
        browser.settle()
    assert browser.evaluate("document.getElementById('zoom').hidden") is True
    assert [times(browser, figure) for figure in (chart, other)] == before


def test_a_zoom_holds_for_the_other_machines_of_the_run(browser: Browser, folder: Path) -> None:
    browser.open(folder / "three.html")
    choose(browser, "machine-2")
    before = times(browser, "#machine-2 figure.chart")
    choose(browser, "machine-0")
    drag(browser, "#machine-0 figure.chart .u-over", 0.25)
    choose(browser, "machine-2")
    assert browser.evaluate("document.getElementById('zoom').hidden") is False
    assert times(browser, "#machine-2 figure.chart") != before
    click(browser, "#zoom button")
    assert times(browser, "#machine-2 figure.chart") == before


def test_pointing_at_a_chart_tells_the_values_of_that_moment(browser: Browser, folder: Path) -> None:
    browser.open(folder / "long.html")
    at, legend = "figure[data-chart='0'] .at", "figure[data-chart='0'] .legend b"
    rest = browser.evaluate(f"document.querySelector({legend!r}).textContent")
    assert rest.startswith("mean ")
    x, y = centre(browser, "figure[data-chart='0'] .u-over")
    browser.mouse("moved", x, y)
    browser.settle()
    assert re.fullmatch(r"23:(39:5|40:0)\d", browser.evaluate(f"document.querySelector({at!r}).textContent"))
    assert browser.evaluate(f"document.querySelector({legend!r}).textContent") == "6\u00a0%"
    browser.mouse("moved", 2, 2)
    browser.settle()
    assert browser.evaluate(f"document.querySelector({legend!r}).textContent") == rest


def test_a_line_can_be_switched_off_and_on(browser: Browser, folder: Path) -> None:
    browser.open(folder / "one.html")
    chart, button = "figure[data-chart='0']", "figure[data-chart='0'] .legend button"
    before = times(browser, chart)
    click(browser, button)
    assert browser.evaluate(f"document.querySelector({button!r}).getAttribute('aria-pressed')") == "false"
    assert times(browser, chart) != before
    click(browser, button)
    assert browser.evaluate(f"document.querySelector({button!r}).getAttribute('aria-pressed')") == "true"
    assert times(browser, chart) == before


def test_a_folded_device_is_drawn_when_it_is_opened(browser: Browser, folder: Path) -> None:
    browser.open(folder / "one.html")
    browser.evaluate("document.querySelector('details.device').open = false")
    browser.settle()
    browser.evaluate("document.querySelector('details.device').open = true")
    browser.settle()
    figure = "details.device figure.chart"
    assert browser.evaluate(f"({COLOURS})(document.querySelector('{figure}'))") > 20


def test_names_of_others_are_shown_as_text_and_run_nothing(browser: Browser, folder: Path) -> None:
    browser.open(folder / "three.html")
    assert browser.evaluate("document.querySelectorAll('img').length") == 0
    assert browser.evaluate("document.querySelector('#machine-0 h2').textContent.trim()").startswith(HOSTILE)
    assert browser.evaluate("document.querySelector('table.compared tbody a').textContent") == HOSTILE
    labels = browser.evaluate("[...document.querySelectorAll('.legend button')].map((one) => one.textContent)")
    assert any(HOSTILE in label for label in labels)
    assert not any(event["method"] == "Page.javascriptDialogOpening" for event in browser.events)


def test_the_policy_forbids_what_others_would_fetch_and_the_page_says_what_failed(
    browser: Browser, folder: Path
) -> None:
    browser.open(folder / "one.html")
    script = "fetch('http://127.0.0.1:9/').then(() => 'fetched', (error) => String(error))"
    assert "Failed to fetch" in browser.evaluate(script)
    browser.settle()
    assert "connect-src" in browser.evaluate("document.getElementById('errors').textContent")
    assert browser.evaluate("document.getElementById('errors').hidden") is False


def test_printing_draws_all_charts_of_the_machine(browser: Browser, folder: Path) -> None:
    browser.open(folder / "three.html")
    choose(browser, "all")
    printed = browser.call("Page.printToPDF", preferCSSPageSize=True)["data"]
    assert len(printed) > 100_000
    assert min(browser.evaluate(f"{CHARTS}.map({COLOURS})")) > 20
    assert browser.complaints() == []


def test_numbers_read_the_same_from_the_script_and_from_python(browser: Browser, folder: Path) -> None:
    browser.open(folder / "one.html")
    values = [0, 0.004, 0.37, 1, 9.994, 9.996, 42.42, 99.94, 99.96, 1023, 1024, 1500, 1e5, 12345678, 3.3e9, 7e12]
    script = own("format.js").replace('"use strict";', "")
    for unit in Unit:
        texts = browser.evaluate(
            f"(() => {{ {script}; return {values}.map((value) => human(value, {unit.value!r})) }})()"
        )
        assert texts == [human(value, unit) for value in values]
