"""Sockets, workers and signals: uvicorn serves, and this keeps as many of it as asked for on one address."""

import ctypes
import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from types import FrameType

import uvicorn

from perfops.errors import BadInputError, MachineError
from perfops.receiver import log
from perfops.receiver.app import application
from perfops.receiver.metrics import Metrics, Shared
from perfops.receiver.settings import Settings

BACKLOG = 2048
GRACE = 30  # seconds for what is held at the end
GARBAGE = 50_000  # new objects after which the collector of cycles looks
ENDS = (signal.SIGTERM, signal.SIGINT)
PDEATHSIG = 1  # PR_SET_PDEATHSIG of prctl(2)
PAUSE = 1.0  # seconds before a worker that died is replaced


def serve(settings: Settings, ready: Callable[[str], None] = lambda _: None) -> None:
    """Serve until a signal comes; `ready` hears the URL once connections are taken.

    BadInputError where the address cannot be had.
    """
    shared = Shared(settings.workers)
    with ExitStack() as stack:
        opened = [stack.enter_context(listen(settings))]
        settings = replace(settings, port=opened[0].getsockname()[1])  # where any would do, the one that was given
        # A socket a worker: of one that all share, whoever is quick takes most connections, which are kept for hours.
        opened += [stack.enter_context(listen(settings)) for _ in range(settings.workers - 1)]
        log.tell(logging.INFO, "listening", url=settings.url, workers=settings.workers)
        if settings.is_open:
            log.tell(logging.WARNING, "keys and figures cross the network unencrypted (--tls-cert, --tls-key)")
        ready(settings.url)
        if settings.workers == 1:
            work(settings, opened[0], shared, 0)
        else:
            supervise(settings, opened, shared)
    log.tell(logging.INFO, "stopped")


def listen(settings: Settings) -> socket.socket:
    """A socket, listening: whoever connects from now on is served."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        opened = socket.socket(family, kind, protocol)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if settings.workers > 1:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        opened.bind(address)
        opened.listen(BACKLOG)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInputError(
            f"cannot listen on {settings.host}:{settings.port}: {reason} (try another PCD_LISTENADDRESS)"
        ) from error
    opened.set_inheritable(True)
    return opened


class Server(uvicorn.Server):
    """A worker's server: it is ended in order, however often it is told to.

    Ctrl-C reaches a worker from the terminal and from its parent, and `timeout` sends it twice; to uvicorn the second
    means at once.
    """

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Hear the first signal."""
        if not self.should_exit:
            super().handle_exit(sig, frame)


def work(settings: Settings, opened: socket.socket, shared: Shared, number: int) -> None:
    """One worker, until it is told to stop; then it answers what it holds."""
    certificate, key = settings.certificate, settings.certificate_key
    config = uvicorn.Config(
        application(settings, Metrics(shared, number)),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    try:
        config.load()
    except OSError as error:
        raise BadInputError(
            f"the certificate cannot be used: {error.strerror or error} (--tls-cert, --tls-key)"
        ) from error
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE)  # a batch is thousands of objects and no cycle: looking for those costs a tenth
    Server(config).run(sockets=[opened])


def supervise(settings: Settings, opened: list[socket.socket], shared: Shared) -> None:
    """Keep the workers running until a signal comes, then let each finish."""
    pids: dict[int, int] = {}
    stopping = False

    def stop(number: int, _: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        for pid in pids:
            os.kill(pid, number)

    def begin(number: int) -> None:
        with held_back():  # else a signal between the fork and its note would not reach the worker
            if not stopping:
                pids[start(settings, opened[number], shared, number)] = number

    for each in ENDS:
        signal.signal(each, stop)
    for number in range(settings.workers):
        begin(number)
    while pids:
        pid, status = os.wait()
        number = pids.pop(pid, -1)
        if number < 0 or stopping:
            continue
        log.tell(logging.ERROR, "a worker died", worker=number, status=os.waitstatus_to_exitcode(status))
        time.sleep(PAUSE)
        begin(number)


@contextmanager
def held_back() -> Iterator[None]:
    """Signals that end the receiver wait meanwhile."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start(settings: Settings, opened: socket.socket, shared: Shared, number: int) -> int:
    """Fork a worker, which ends with this process; returns its pid."""
    parent = os.getpid()
    try:
        pid = os.fork()
    except OSError as error:
        raise MachineError(f"cannot start a worker: {error.strerror} (try fewer --workers)") from error
    if pid:
        return pid
    code = 1
    try:
        ctypes.CDLL(None).prctl(PDEATHSIG, signal.SIGTERM)
        if os.getppid() == parent:
            for each in ENDS:
                signal.signal(each, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)
            work(settings, opened, shared, number)
            code = 0
    except KeyboardInterrupt:
        code = 0
    except Exception:  # noqa: BLE001 - told, and the parent replaces it
        log.failed("a worker failed")
    finally:
        sys.stderr.flush()
        os._exit(code)
