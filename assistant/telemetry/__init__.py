"""How the house is doing: logs without secrets, figures, health. Not for facts about the business (store.fact keeps those)."""

from assistant.telemetry.health import Health
from assistant.telemetry.logs import configure, log
from assistant.telemetry.metrics import (
    callback_accepted,
    callback_refused,
    callbacks_refused,
    delivered,
    group_written,
    job_watcher,
    metrics_text,
    model_called,
    text,
    turn_closed,
)
from assistant.telemetry.redaction import Redactor, redact, register_secret

__all__ = [
    "Health",
    "Redactor",
    "callback_accepted",
    "callback_refused",
    "callbacks_refused",
    "configure",
    "delivered",
    "group_written",
    "job_watcher",
    "log",
    "metrics_text",
    "model_called",
    "redact",
    "register_secret",
    "text",
    "turn_closed",
]
