"""The daily check-in: once per member and business day, more points for every seventh day in a row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from assistant.base.clock import business_day
from assistant.base.errors import Forbidden
from assistant.domain import points
from assistant.domain.activities import store
from assistant.domain.activities.model import CheckedIn, CheckIn, earned
from assistant.store import Fact, Work, once


def check_in(work: Work, requests: Sequence[CheckIn]) -> list[CheckedIn]:
    """Checks in and gives the points; a second time on the same day is told so and gives nothing."""
    return once(work, "activities.check_in", requests, CheckedIn, _check_in)


def _check_in(work: Work, requests: list[CheckIn]) -> list[CheckedIn]:
    return [_one(work, request.member_id) for request in requests]


def _one(work: Work, member_id: str) -> CheckedIn:
    if work.principal.kind == "member" and work.principal.id != member_id:
        raise Forbidden("只能为自己签到", code="not_yours")
    today = business_day(work.now)
    earlier = store.checkin_on(work, member_id, today)
    if earlier is not None:
        return earlier
    yesterday = store.checkin_on(work, member_id, today - timedelta(days=1))
    streak = (yesterday.streak if yesterday else 0) + 1
    done = CheckedIn(today, earned(streak), streak)
    store.insert_checkin(work, member_id, done)
    points.grant(work, [points.Grant(f"checkin:{member_id}:{today}", member_id, done.points, f"签到第 {streak} 天", "checkin")])
    payload = {"day": today.isoformat(), "streak": streak, "points": done.points}
    work.record(Fact("activities.checked_in", f"member:{member_id}", payload, member_id))
    return done
