"""Template cards: short choices as buttons, what a press means, and the card as it looks after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assistant.wecom.text import clip, size

MOST_BUTTONS = 6
LONGEST_BUTTON = 30
"""Bytes: a longer choice does not fit on a button and stays in the text."""

LONGEST_TITLE = 78
KEY = "choice"
TOO_LATE = "已过期，请看最新消息"


def fits(options: Sequence[str]) -> bool:
    """Whether the choices can be buttons."""
    return 0 < len(options) <= MOST_BUTTONS and all(0 < size(option) <= LONGEST_BUTTON for option in options)


def choices(task_id: str, options: Sequence[str], title: str = "请选择") -> dict[str, Any]:
    """A card with one button for each choice. ``task_id`` comes back with the press and must be used once only."""
    buttons = [{"text": option, "style": 1 if not number else 2, "key": f"{KEY}{number}"} for number, option in enumerate(options)]
    return _card(task_id, title, buttons)


def settled(task_id: str, said: str, title: str = "请选择") -> dict[str, Any]:
    """The same card after it has been answered (or cannot be any more): one button that only says so."""
    return _card(task_id, title, [{"text": clip(said, LONGEST_BUTTON), "style": 2, "key": "settled"}])


def update(card: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a press that shows ``card`` in place of the one that was pressed, to everybody concerned."""
    return {"response_type": "update_template_card", "template_card": dict(card)}


def pressed(event: Mapping[str, Any]) -> tuple[str, int]:
    """(task id, number of the choice) of a ``template_card_event``; -1 for a button that is no choice."""
    key, task = event.get("event_key"), event.get("task_id")
    if not isinstance(key, str) or not isinstance(task, str):
        return "", -1
    digits = key.removeprefix(KEY)
    return task, int(digits) if key.startswith(KEY) and digits.isascii() and digits.isdigit() and len(digits) < 3 else -1


def _card(task_id: str, title: str, buttons: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "card_type": "button_interaction",
        "main_title": {"title": clip(title, LONGEST_TITLE)},
        "button_list": buttons,
        "task_id": task_id,
    }
