"""The server's log: lines for people or JSON for machines, on the standard error.

No line has a body, a query, a path or an address in it, nor an id of a visitor or a
conversation: a request is told by its route (``/v1/visitors/{visitor_id}``) and its own id.
"""

import logging
import sys
import time
from typing import Any, Final

import orjson

from daogou.server.watching import watched

LOGGERS: Final = ("daogou", "uvicorn")
FIELDS: Final = "fields"
"""The attribute of a record that has what else is to be told of it, by name."""


class Lines(logging.Formatter):
    """``2026-11-25T06:20:01.123Z WARNING daogou.server [id of the request] message``."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and a traceback below it where there is one."""
        seen = watched()
        about = f" [{seen.id}]" if seen else ""
        text = f"{_time(record)} {record.levelname} {record.name}{about} {record.getMessage()}"
        trace = _trace(self, record)
        return f"{text}\n{trace}" if trace else text


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record, with the ids of its request and trace where it belongs to one."""
        told: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if seen := watched():
            told["requestId"] = seen.id
            if seen.trace_id:
                told["traceId"] = seen.trace_id
        told |= getattr(record, FIELDS, {})
        if trace := _trace(self, record):
            told["exception"] = trace
        return orjson.dumps(told, default=str).decode()


FORMATS: Final[dict[str, type[logging.Formatter]]] = {"text": Lines, "json": JsonLines}
"""What ``[server] log`` may be."""


def set_up_logs(kind: str) -> None:
    """Have the server's and uvicorn's records written in one of :data:`FORMATS`.

    So are warnings of other libraries, which Python would write as bare text.
    """
    handler, others = logging.StreamHandler(sys.stderr), logging.StreamHandler(sys.stderr)
    for one in (handler, others):
        one.setFormatter(FORMATS[kind]())
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(logging.INFO if name == "daogou" else logging.WARNING)
    others.setLevel(logging.WARNING)
    logging.lastResort = others


def _time(record: logging.LogRecord) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{whole}.{int(record.msecs):03}Z"


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return formatter.formatException(record.exc_info) if record.exc_info else ""
