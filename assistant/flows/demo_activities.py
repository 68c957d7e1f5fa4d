"""The demo brand's activities: a lottery, a flash sale, tasks, posts, KOC and more, described as an operator would."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from assistant.base.clock import SHANGHAI
from assistant.domain import activities, members
from assistant.store import Work

TEXTS = Path(__file__).with_name("demo_activities.json")
POSTS = (
    "凉感丝睡裙穿了一个夏天，洗了二十多次没起球，领口稍微有点松",
    "文胸下围偏紧，建议拍大一码，面料是真的软",
    "给我妈买的法兰绒，她说在家都不用开暖气了",
)
DRAWN = 24
"""How many members have drawn already, so that the page has something to show."""


def described(now: datetime) -> list[dict[str, Any]]:
    """The descriptions, open from yesterday for a month as seen at ``now``; the live is in five days."""
    texts: list[dict[str, Any]] = json.loads(TEXTS.read_text(encoding="utf-8"))
    window = {"starts_at": _at(now, -1, 10), "ends_at": _at(now, 30, 22)}
    live = {"live_at": _at(now, 5, 20), "ends_at": _at(now, 5, 20)}
    return [one | window | (live if one["kind"] == "live" else {}) for one in texts]


def _at(now: datetime, days: int, hour: int) -> str:
    day = now.astimezone(SHANGHAI) + timedelta(days=days)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0).isoformat()


def furnish(work: Work, now: datetime, seed: str, ids: Sequence[str]) -> None:
    """Publishes them all; the first of the members who do not work here have drawn once."""
    for one in described(now):
        name = one["name"]
        activities.describe(work, [activities.Describe(f"demo:{name}", one)])
        activities.keep_seed(work, name, seed)
        activities.move(work, [activities.Move(f"demo:{name}", name, "published")])
    guests = [one.id for one in members.profiles(work, ids[: 2 * DRAWN]).values() if not one.is_employee]
    activities.join(
        work, [activities.Join(f"demo:post:{n}", one, "wear_diary", text) for n, (one, text) in enumerate(zip(guests, POSTS, strict=False))]
    )
    activities.draw(work, [activities.Draw(f"demo:draw:{member}", member, "autumn_draw") for member in guests[:DRAWN]])
