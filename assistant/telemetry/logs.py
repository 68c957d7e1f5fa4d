"""Logs: one JSON object a line on stderr, redacted; message bodies only at DEBUG."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, TextIO

import structlog

from assistant.telemetry.redaction import house

KEPT = ("event", "level", "timestamp", "logger")


def configure(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Sends our logs and those of libraries (from WARNING) to ``stream`` (default stderr) as JSON lines."""
    _configure(getattr(logging, level.upper()), stream)
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _Bridge)]:
        root.removeHandler(old)
    root.addHandler(_Bridge())
    root.setLevel(logging.WARNING)


def log(name: str) -> Any:
    """A logger with our name in each line: ``log("jobs").info("held", id=…)``. Before ``configure`` it writes to stderr from INFO."""
    if not structlog.is_configured():
        _configure(logging.INFO, None)
    return structlog.get_logger().bind(logger=name)


def _configure(level: int, stream: TextIO | None) -> None:
    def to_stream(*_arguments: Any) -> structlog.WriteLogger:
        return structlog.WriteLogger(stream or sys.stderr)

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redaction(bodies=level <= logging.DEBUG),
            structlog.processors.JSONRenderer(serializer=_dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=to_stream,
        cache_logger_on_first_use=False,
    )


def redaction(*, bodies: bool) -> Callable[[Any, str, MutableMapping[str, Any]], MutableMapping[str, Any]]:
    """The processor that blots out what must not be logged."""

    def process(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        redactor = house()
        shown = {key: redactor.text(str(event[key])) for key in KEPT if key in event}
        rest = {key: value for key, value in event.items() if key not in KEPT}
        shown.update(redactor.value(rest, bodies=bodies))
        return shown

    return process


def _dumps(value: Any, **_options: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


class _Bridge(logging.Handler):
    """Carries log records of libraries into our lines."""

    def emit(self, record: logging.LogRecord) -> None:
        extra = {"exc_info": record.exc_info} if record.exc_info else {}
        structlog.get_logger().bind(logger=record.name).log(record.levelno, record.getMessage(), **extra)
