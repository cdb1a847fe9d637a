"""The contract of the calls as OpenAPI; tests hold the receiver to it, and the reference page is made of it."""

from typing import Any

from perfops import __version__
from perfops.catalogue import KINDS
from perfops.receiver.settings import Limits

UUID = "^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$"
SECURITY: list[dict[str, list[str]]] = [{"apikey": []}, {"bearer": []}]
ERRORS = {
    400: "The body is not JSON, not gzip, or was cut short.",
    401: "No good key.",
    403: "The key may not write this collector.",
    408: "The body did not come in time.",
    413: "The body is too large.",
    422: "The body is not what is asked for here; the sentence says why.",
    503: "The database is away, or there is too much to do: the same again later is safe.",
}


def document(limits: Limits) -> dict[str, Any]:
    """The document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "perfops receiver",
            "version": __version__,
            "description": "Takes streamed collections and uploads. An answer of 200 means committed in PostgreSQL.",
        },
        "paths": {
            "/v1/ping": {"post": ping()},
            "/v1/trickle": {"post": trickle(limits)},
            "/api/v1/performance/upload": {"post": upload(limits)},
            "/healthz": {"get": health()},
            "/metrics": {"get": metrics()},
            "/openapi.json": {"get": contract()},
        },
        "components": {
            "schemas": {"Error": error_schema(), "Record": record(), "Batch": batch(), "Rows": rows()},
            "securitySchemes": {
                "apikey": {"type": "apiKey", "in": "header", "name": "apikey"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def responses(good: str, schema: dict[str, Any], *errors: int) -> dict[str, Any]:
    """The answers of a call: the good one, and errors."""
    found: dict[str, Any] = {"200": {"description": good, "content": {"application/json": {"schema": schema}}}}
    wrong = {"schema": {"$ref": "#/components/schemas/Error"}}
    for status in errors:
        found[str(status)] = {"description": ERRORS[status], "content": {"application/json": wrong}}
        if status == 503:
            text = {"description": "seconds to wait", "schema": {"type": "integer"}}
            found["503"]["headers"] = {"Retry-After": text}
    return found


def fields(required: list[str], **properties: dict[str, Any]) -> dict[str, Any]:
    """An object."""
    return {"type": "object", "properties": properties, "required": required}


def ping() -> dict[str, Any]:
    """The call that tries a key."""
    schema = fields(["time"], time={"type": "number", "description": "Unix seconds"})
    return {
        "summary": "Try a key",
        "operationId": "ping",
        "security": SECURITY,
        "responses": responses("The receiver's time, for a good key.", schema, 401),
    }


def trickle(limits: Limits) -> dict[str, Any]:
    """The call of a batch."""
    schema = fields(["rows", "server_time"], rows={"$ref": "#/components/schemas/Rows"}, server_time={"type": "number"})
    text = (
        "The records of a batch, in the order of their file: the host record, the last tick of the batch before, then"
        f" its own ticks. At most {limits.packed >> 20} MiB packed and {limits.unpacked >> 20} MiB unpacked. The same"
        " batch again, in parts, or in another order comes to the same tables: the key of a sample is collection,"
        " timestamp and device."
    )
    encoding = {
        "name": "Content-Encoding",
        "in": "header",
        "description": "gzip, or none",
        "schema": {"type": "string", "enum": ["identity"]},
    }
    return {
        "summary": "Store a batch of a streamed collection",
        "description": text,
        "operationId": "trickle",
        "security": SECURITY,
        "parameters": [encoding],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Batch"}}},
        },
        "responses": responses("Committed; the rows that are new.", schema, 400, 401, 403, 408, 413, 422, 503),
    }


def upload(limits: Limits) -> dict[str, Any]:
    """The call of a file."""
    form = fields(
        ["file", "machine_id"],
        file={
            "type": "string",
            "format": "binary",
            "description": f"host.csv, or a collection, plain or gzip; at most {limits.upload >> 30} GiB",
        },
        machine_id={"type": "string", "minLength": 1, "maxLength": 200, "description": "name of the machine"},
        site={"type": "string", "minLength": 1, "maxLength": 200, "default": "default"},
    )
    schema = fields(
        ["collection", "collector", "site", "new", "rows"],
        collection={"type": "string", "format": "uuid"},
        collector={"type": "string"},
        site={"type": "string"},
        new={"type": "boolean", "description": "whether the collection was not there before"},
        rows={"$ref": "#/components/schemas/Rows"},
    )
    return {
        "summary": "Load a file",
        "operationId": "upload",
        "security": SECURITY,
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": form}}},
        "responses": responses("Committed; the rows that are new.", schema, 400, 401, 403, 408, 413, 422, 503),
    }


def health() -> dict[str, Any]:
    """The call of health checks."""
    schema = fields(["status", "time"], status={"type": "string", "const": "ok"}, time={"type": "number"})
    return {
        "summary": "Alive, and able to write to the database",
        "operationId": "health",
        "security": [],
        "responses": responses("It is.", schema, 503),
    }


def metrics() -> dict[str, Any]:
    """The call of Prometheus."""
    content = {"text/plain": {"schema": {"type": "string"}}}
    return {
        "summary": "Counts of all workers, for Prometheus",
        "operationId": "metrics",
        "security": [],
        "responses": {"200": {"description": "Prometheus' text format.", "content": content}},
    }


def contract() -> dict[str, Any]:
    """The call of this document."""
    return {
        "summary": "This contract",
        "operationId": "openapi",
        "security": [],
        "responses": responses("OpenAPI 3.1.", {"type": "object"}),
    }


def error_schema() -> dict[str, Any]:
    """What is wrong."""
    return fields(["error"], error={"type": "string", "description": "one sentence"})


def record() -> dict[str, Any]:
    """A record of a collection."""
    return fields(
        ["timestamp", "subsystem", "measurement"],
        timestamp={"type": "number", "minimum": 0, "exclusiveMaximum": 253402300799, "description": "Unix seconds"},
        monotonic={"type": ["number", "null"], "description": "seconds of CLOCK_BOOTTIME"},
        subsystem={"type": "string"},
        measurement={"type": "string", "description": "the kernel's text; of host, gap, clock and end records JSON"},
    )


def batch() -> dict[str, Any]:
    """A batch."""
    return fields(
        ["identifier", "collection", "sequence", "measurements"],
        identifier={"type": "string", "minLength": 1, "maxLength": 200, "description": "name of the collector"},
        collection={"type": "string", "pattern": UUID, "description": "that of its host record"},
        sequence={"type": "integer", "minimum": 0, "maximum": 9007199254740991},
        measurements={"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Record"}},
    )


def rows() -> dict[str, Any]:
    """New rows by kind of sample."""
    kinds = {kind.name: {"type": "integer", "minimum": 0} for kind in KINDS}
    return {"type": "object", "properties": kinds, "additionalProperties": False}
