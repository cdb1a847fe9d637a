"""The receiver's log: one JSON object a line on standard error, and never a key."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import orjson

LOGGER = logging.getLogger("perfops.receiver")


class JsonFormatter(logging.Formatter):
    """A line of JSON: time, level, what happened, and its facts."""

    def format(self, record: logging.LogRecord) -> str:
        """The line. Of an exception its kind and place are told, not what it holds: that may be of a request."""
        facts: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "pid": record.process,
        }
        facts |= getattr(record, "facts", {})
        if record.exc_info and record.exc_info[1] is not None:
            error, trace = record.exc_info[1], record.exc_info[2]
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            facts["error"] = type(error).__name__
            if trace is not None:
                facts["place"] = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        return orjson.dumps(facts, default=str).decode()


def set_up(level: str) -> None:
    """Send all that is logged in this process to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    LOGGER.setLevel(level.upper())
    logging.captureWarnings(True)


def tell(level: int, event: str, **facts: Any) -> None:
    """Log what happened."""
    if LOGGER.isEnabledFor(level):
        LOGGER.log(level, "%s", event, extra={"facts": facts})


def failed(event: str) -> None:
    """Log the exception at hand."""
    LOGGER.error("%s", event, exc_info=True)  # noqa: LOG014 - called by those
