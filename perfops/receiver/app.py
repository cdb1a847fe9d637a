"""The calls, as an ASGI application of one worker."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from perfops.receiver import log
from perfops.receiver.body import check_encoding, too_large
from perfops.receiver.errors import RefusedError
from perfops.receiver.keys import Key, Keys, request_key
from perfops.receiver.metrics import Metrics
from perfops.receiver.openapi import document
from perfops.receiver.pipeline import RETRY, Pipeline
from perfops.receiver.settings import Settings
from perfops.receiver.uploads import Uploads

HEALTH = 1.0  # seconds for which a proof of writing stands
PROOF = 5.0  # seconds in which it must come


class Receiver:
    """The state of one worker: its keys, its threads, and how much it holds."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.settings, self.metrics = settings, metrics
        self.keys = Keys(settings.keys)
        self.uploads = Uploads(settings)
        self.held = self.waiting = 0
        self.proven = 0.0
        self.proving: asyncio.Future[dict[str, int]] | None = None
        self.document = orjson.dumps(document(settings.limits))

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """The threads, for as long as the worker serves; at the end they finish what waits."""
        self.pipeline = Pipeline(self.settings, self.metrics, asyncio.get_running_loop())
        try:
            yield
        finally:
            await asyncio.to_thread(self.pipeline.close)

    def authorized(self, request: Request) -> Key:
        """The key of a request; RefusedError where it is none."""
        key = self.keys.find(request_key(request.headers))
        if key is None:
            if self.keys.trouble:
                log.tell(logging.ERROR, "the keys cannot be read", reason=self.keys.trouble)
            raise RefusedError(401, "no good key (send one of perfops apikey create as the header apikey)")
        return key

    async def ping(self, request: Request) -> Response:
        """POST /v1/ping."""
        self.authorized(request)
        return answer(200, {"time": time.time()})

    async def trickle(self, request: Request) -> Response:
        """POST /v1/trickle."""
        started = time.perf_counter()
        status = 500
        try:
            key = self.authorized(request)
            rows = await self.store(request, key)
            status = 200
            return answer(200, {"rows": rows, "server_time": time.time()})
        except RefusedError as error:
            status = error.status
            raise
        finally:
            self.metrics.answered(status, time.perf_counter() - started)

    async def store(self, request: Request, key: Key) -> dict[str, int]:
        """Read the body and have it stored; the answer is its new rows."""
        packed = check_encoding(request.headers.get("content-encoding", "").strip().lower())
        limits = self.settings.limits
        limit = limits.packed if packed else limits.unpacked
        expected = content_length(request)
        if expected > limit:
            raise too_large(limit)
        if self.waiting >= limits.waiting or self.held + expected > limits.held:
            raise RefusedError(503, "the receiver has too much to do (try again)", RETRY)
        self.hold(expected, 1)
        size = expected
        try:
            body = await read(request, limit, limits.seconds)
            self.hold(len(body) - size, 0)
            size = len(body)
            self.metrics.add("pcd_wire_bytes_total", size)
            return await asyncio.shield(self.pipeline.submit(body, packed=packed, key=key))
        finally:
            self.hold(-size, -1)

    def hold(self, size: int, requests: int) -> None:
        """Count what is held."""
        self.held += size
        self.waiting += requests
        self.metrics.add("pcd_held_bytes", size)
        self.metrics.add("pcd_waiting", requests)

    async def upload(self, request: Request) -> Response:
        """POST /api/v1/performance/upload."""
        return answer(200, await self.uploads.take(request, self.authorized(request)))

    async def health(self, _: Request) -> Response:
        """GET /healthz: whether the writing thread has just written."""
        if time.monotonic() - self.proven > HEALTH:
            if self.proving is None or self.proving.done():
                self.proving = self.pipeline.probe()
            try:
                await asyncio.wait_for(asyncio.shield(self.proving), PROOF)
            except TimeoutError as error:
                raise RefusedError(503, "the database does not answer", RETRY) from error
            self.proven = time.monotonic()
        return answer(200, {"status": "ok", "time": time.time()})

    async def show_metrics(self, _: Request) -> Response:
        """GET /metrics."""
        return Response(self.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def openapi(self, _: Request) -> Response:
        """GET /openapi.json."""
        return Response(self.document, media_type="application/json")


def content_length(request: Request) -> int:
    """How long the body says it is, 0 where it does not."""
    text = request.headers.get("content-length", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


async def read(request: Request, limit: int, seconds: float) -> bytes:
    """The body, of at most `limit` bytes, in at most so many seconds."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                size += len(part)
                if size > limit:
                    raise too_large(limit)
                parts.append(part)
    except TimeoutError as error:
        raise RefusedError(408, f"the body did not come within {seconds:g} s (send it again)") from error
    except ClientDisconnect as error:
        raise RefusedError(400, "the body was cut short") from error
    return parts[0] if len(parts) == 1 else b"".join(parts)


def answer(status: int, value: Any, headers: dict[str, str] | None = None) -> Response:
    """An answer in JSON."""
    return Response(orjson.dumps(value), status, headers, "application/json")


async def refuse(request: Request, error: Exception) -> Response:
    """The answer to what is refused; a body that was not read to its end is not waited for."""
    assert isinstance(error, RefusedError)  # noqa: S101 - that is what it is registered for
    headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    if error.status in (401, 408, 413, 503):
        headers["Connection"] = "close"
    log.tell(logging.INFO, "refused", path=request.url.path[:100], status=error.status, reason=error.text)
    return answer(error.status, {"error": error.text}, headers)


async def not_there(_: Request, error: Exception) -> Response:
    """The answer to a path or a method that is not there."""
    assert isinstance(error, HTTPException)  # noqa: S101
    words = {404: "no such path (see /openapi.json)", 405: "no such method here (see /openapi.json)"}
    return answer(error.status_code, {"error": words.get(error.status_code, error.detail.lower())}, error.headers)  # type: ignore[arg-type]


def guarded(call: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """The call, with whatever it did not expect logged and answered by one sentence."""

    async def guard(request: Request) -> Response:
        try:
            return await call(request)
        except (RefusedError, HTTPException):
            raise
        except Exception:  # noqa: BLE001 - nothing of the inside reaches who asked
            log.failed("a request failed")
            return answer(500, {"error": "the receiver failed (it was logged)"})

    return guard


def application(settings: Settings, metrics: Metrics) -> Starlette:
    """The application of one worker."""
    receiver = Receiver(settings, metrics)
    routes = [
        Route("/v1/ping", guarded(receiver.ping), methods=["POST"]),
        Route("/v1/trickle", guarded(receiver.trickle), methods=["POST"]),
        Route("/api/v1/performance/upload", guarded(receiver.upload), methods=["POST"]),
        Route("/healthz", guarded(receiver.health), methods=["GET"]),
        Route("/metrics", guarded(receiver.show_metrics), methods=["GET"]),
        Route("/openapi.json", guarded(receiver.openapi), methods=["GET"]),
    ]
    handlers: dict[Any, Any] = {RefusedError: refuse, HTTPException: not_there}
    return Starlette(routes=routes, exception_handlers=handlers, lifespan=receiver.lifespan)
