"""Chromium without a window, driven over a pipe by its DevTools protocol; it reaches no network but this machine."""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PROGRAM = shutil.which("chromium") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(PROGRAM is None, reason="no chromium and no google-chrome on the PATH")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",  # nothing outside of this machine has an address
    "--remote-debugging-pipe",
    "about:blank",
)
PATIENCE = 60  # seconds for an answer


class Browser:
    """A running Chromium and its one page."""

    def __init__(self, to_it: int, from_it: int) -> None:
        self.to_it, self.from_it = to_it, from_it
        self.waiting = b""
        self.numbers = 0
        self.session: str | None = None
        self.events: list[dict[str, Any]] = []
        target = next(found for found in self.call("Target.getTargets")["targetInfos"] if found["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result; events that come meanwhile are kept."""
        self.numbers += 1
        message: dict[str, Any] = {"id": self.numbers, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to_it, data) :]
        while (answer := self.next_message()).get("id") != message["id"]:
            self.events.append(answer)
        assert "error" not in answer, (method, answer["error"])
        result: dict[str, Any] = answer["result"]
        return result

    def next_message(self) -> dict[str, Any]:
        """The next answer or event."""
        deadline = time.monotonic() + PATIENCE
        answers = select.poll()  # select() knows no descriptor beyond 1023
        answers.register(self.from_it, select.POLLIN)
        while b"\0" not in self.waiting:
            if not answers.poll(max(deadline - time.monotonic(), 0) * 1000):
                raise TimeoutError(f"Chromium has said nothing for {PATIENCE} s")
            data = os.read(self.from_it, 1 << 20)
            assert data, "Chromium has ended"
            self.waiting += data
        message, _, self.waiting = self.waiting.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer

    def open(self, address: str | Path, *, width: int = 1366, height: int = 900, dark: bool = False) -> None:
        """Load a page in a window of a size, and wait until its scripts have run."""
        url = address.absolute().as_uri() if isinstance(address, Path) else address
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.resize(width, height)
        for place in ("about:blank", url):  # the end of loading of the first must not be taken for that of the page
            self.events.clear()
            gone = self.call("Page.navigate", url=place)
            assert "errorText" not in gone, (place, gone["errorText"])
            while not any(event["method"] == "Page.loadEventFired" for event in self.events):
                self.events.append(self.next_message())
        self.settle()

    def resize(self, width: int, height: int) -> None:
        """Give the window another size."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def settle(self) -> None:
        """Wait until what the page has asked for is drawn: two frames."""
        self.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page; a promise is waited for."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        """An event of the mouse: moved, pressed or released, at a place in the window."""
        self.call("Input.dispatchMouseEvent", type=f"mouse{kind.capitalize()}", x=x, y=y, **more)

    def picture(self, path: Path, *, top: int = 0, height: int | None = None) -> Path:
        """A picture of the whole page, or of a part: from so many pixels below its top, so many high."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        high = size["height"] - top if height is None else min(height, size["height"] - top)
        clip = {"x": 0, "y": top, "width": size["width"], "height": high, "scale": 1}
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(shot["data"]))
        return path

    def requested(self) -> list[str]:
        """Addresses that were asked for since the page was opened."""
        return [
            event["params"]["request"]["url"] for event in self.events if event["method"] == "Network.requestWillBeSent"
        ]

    def complaints(self) -> list[str]:
        """Exceptions and errors in the console since the page was opened."""
        thrown = [
            event["params"]["exceptionDetails"].get("exception", {}).get("description", "an exception")
            for event in self.events
            if event["method"] == "Runtime.exceptionThrown"
        ]
        logged = [event["params"]["entry"] for event in self.events if event["method"] == "Log.entryAdded"]
        said = [
            " ".join(str(part.get("description") or part.get("value")) for part in event["params"]["args"])
            for event in self.events
            if event["method"] == "Runtime.consoleAPICalled" and event["params"]["type"] in {"error", "warning"}
        ]
        entries = [entry for entry in logged if entry["level"] in {"error", "warning"}]
        return [*thrown, *said, *(" ".join([entry["text"], entry.get("url", "")]).strip() for entry in entries)]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium with a profile of its own; it is ended and the profile removed afterwards."""
    assert PROGRAM is not None
    reads, writes = os.pipe(), os.pipe()
    theirs = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (reads[0], writes[1])]  # above the two they become

    def place() -> None:
        os.dup2(theirs[0], 3)
        os.dup2(theirs[1], 4)

    with tempfile.TemporaryDirectory(prefix="perfops-chromium-", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [PROGRAM, f"--user-data-dir={profile}", *FLAGS],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=place,
            pass_fds=(3, 4),
        )
        for end in (*theirs, reads[0], writes[1]):
            os.close(end)
        try:
            browser = Browser(reads[1], writes[0])
            yield browser
            browser.session = None
            browser.call("Browser.close")
            process.wait(PATIENCE)
        finally:
            process.kill()
            process.wait()
            os.close(reads[1])
            os.close(writes[0])
