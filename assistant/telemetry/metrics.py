"""Every figure of the service, in one place, under the names that dashboards use."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from assistant.telemetry.logs import log

REGISTRY = CollectorRegistry()
CALLBACKS = Counter("laoyou_callbacks", "Callbacks from outside", ["endpoint", "result"], registry=REGISTRY)
TURNS = Counter("laoyou_turns", "Conversation turns by how they ended and which model answered", ["state", "model"], registry=REGISTRY)
DELIVERIES = Counter("laoyou_deliveries", "Outbound messages by what became of them", ["channel", "state"], registry=REGISTRY)
JOBS = Counter("laoyou_jobs", "Due work by kind and how it ended", ["kind", "outcome"], registry=REGISTRY)
MODEL_CALLS = Counter("laoyou_model_calls", "Calls to a language model", ["model", "result"], registry=REGISTRY)
MODEL_SECONDS = Histogram(
    "laoyou_model_seconds", "How long a model took", ["model"], buckets=(0.05, 0.2, 0.5, 1, 2, 5, 10, 25), registry=REGISTRY
)
GROUP = Histogram("laoyou_writer_group", "Units that shared one commit", buckets=(1, 2, 4, 8, 16, 32, 64), registry=REGISTRY)


def callback_accepted(endpoint: str) -> None:
    """A callback was stored and answered."""
    CALLBACKS.labels(endpoint, "accepted").inc()


def callback_refused(endpoint: str, reason: str) -> None:
    """A callback was refused; ``reason`` is a slug of ours, never text from outside."""
    CALLBACKS.labels(endpoint, reason).inc()
    log("web").warning("callback_refused", endpoint=endpoint, reason=reason)


def callbacks_refused(endpoint: str) -> int:
    """How many callbacks of this endpoint were refused since this process began."""
    samples = [sample for metric in CALLBACKS.collect() for sample in metric.samples if sample.name.endswith("_total")]
    mine = [sample for sample in samples if sample.labels["endpoint"] == endpoint and sample.labels["result"] != "accepted"]
    return int(sum(sample.value for sample in mine))


def turn_closed(state: str, model: str) -> None:
    """A conversation turn has ended."""
    TURNS.labels(state, model or "none").inc()


def delivered(channel: str, state: str) -> None:
    """An outbound message was settled."""
    DELIVERIES.labels(channel, state).inc()


def job_watcher(job: Any, outcome: str, error: BaseException | None) -> None:
    """Counts an ended job and logs what failed; for the runners of ``jobs``."""
    JOBS.labels(job.kind, outcome).inc()
    if error is not None:
        line = log("jobs").error if outcome == "held" else log("jobs").warning
        code = getattr(error, "code", "")
        line("job_failed", kind=job.kind, id=job.id, attempts=job.attempts, outcome=outcome, error=code or repr(error), exc_info=error)


def model_called(model: str, result: str, seconds: float) -> None:
    """A model has answered (``ok``) or failed (a slug)."""
    MODEL_CALLS.labels(model, result).inc()
    MODEL_SECONDS.labels(model).observe(seconds)


def group_written(size: int) -> None:
    """So many units shared one commit."""
    GROUP.observe(size)


def metrics_text() -> bytes:
    """All figures in the Prometheus text format."""
    return generate_latest(REGISTRY)


def text() -> str:
    """``metrics_text`` as a string."""
    return metrics_text().decode()
