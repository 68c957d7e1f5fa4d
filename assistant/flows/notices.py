"""Members whose points will end are noted, and the SOPs that answer this are entered, in one commit."""

from __future__ import annotations

from assistant.domain import journeys, points
from assistant.store import Work


def points_expiring(work: Work) -> int:
    """Returns how many members were noted; whether somebody is written to is the journey's and the gate's word."""
    noticed = points.notice_expiring(work)
    journeys.enter(work, "points.expiring", [(one.member_id, {"amount": one.amount, "ahead": one.ahead}) for one in noticed])
    return len(noticed)
