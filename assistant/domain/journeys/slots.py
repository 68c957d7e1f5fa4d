"""What a template says about a member beyond the name, as it stands when the message is written and not when the journey was entered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from assistant.domain import points
from assistant.store import View

SOON_DAYS = 30
Filled = dict[str, dict[str, str]]


def _ending(view: View, ids: Sequence[str]) -> Filled:
    found = points.next_ending(view, ids, SOON_DAYS)
    return {
        number: {"points": f"{one.amount}", "points_date": f"{one.last_day.month} 月 {one.last_day.day} 日"}
        for number, one in found.items()
    }


SLOTS: Mapping[tuple[str, ...], tuple[Callable[[View, Sequence[str]], Filled], str]] = {
    ("points", "points_date"): (_ending, "没有快到期的积分了"),
}
"""Slots → (where they come from, why a member for whom there is nothing to say gets no message)."""


def filled(view: View, template: str, ids: Sequence[str]) -> tuple[Filled, dict[str, str]]:
    """What the slots of this template say for each member, and why nothing is said to those for whom one would stay empty."""
    said: Filled = {number: {} for number in ids}
    empty: dict[str, str] = {}
    for names, (source, why) in SLOTS.items():
        if any(f"{{{name}}}" in template for name in names):
            found = source(view, ids)
            empty |= {number: why for number in ids if number not in found}
            for number, slots in found.items():
                said[number] |= slots
    return said, empty


def put_in(template: str, slots: Mapping[str, str]) -> str:
    """The template with its slots filled."""
    for name, text in slots.items():
        template = template.replace(f"{{{name}}}", text)
    return template
