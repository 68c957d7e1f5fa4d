"""Who runs what is due: the rows are ours (store.due), an engine carries ready ones to a handler. Not for what the work means.

``EmbeddedRunner`` runs them in this process; ``PgQueuerRunner`` (``assistant.jobs.pgqueuer_engine``) across processes on PostgreSQL.
"""

from assistant.jobs.embedded import EmbeddedRunner
from assistant.jobs.port import (
    MOST_ATTEMPTS,
    ClaimRequest,
    Failure,
    Finish,
    Finished,
    Handler,
    Held,
    Job,
    Lease,
    Opening,
    claim,
    fail,
    finish,
    held,
    next_due,
    release,
    renew,
)
from assistant.jobs.running import opened
from assistant.jobs.ticker import Schedule, Ticker, plan_tick

__all__ = [
    "MOST_ATTEMPTS",
    "ClaimRequest",
    "EmbeddedRunner",
    "Failure",
    "Finish",
    "Finished",
    "Handler",
    "Held",
    "Job",
    "Lease",
    "Opening",
    "Schedule",
    "Ticker",
    "claim",
    "fail",
    "finish",
    "held",
    "next_due",
    "opened",
    "plan_tick",
    "release",
    "renew",
]
