"""Template cards as the bot, the app and the robots share them: what is refused, what a click says, what an update changes."""

from __future__ import annotations

import re
from typing import Any

from assistant.wecom.simulator.world import ApiError, SimulatorError

KINDS = ("text_notice", "news_notice", "button_interaction", "vote_interaction", "multiple_interaction")
CLICKABLE = ("button_interaction", "vote_interaction", "multiple_interaction")
_TASK_ID = re.compile(r"[0-9A-Za-z_@-]{1,128}")
_MOST = (("jump_list", 3, 42042), ("select_list", 3, 42047), ("horizontal_content_list", 6, 40058), ("button_list", 6, 40058))


def check(card: Any, *, kinds: tuple[str, ...] = KINDS) -> dict[str, Any]:
    """A card that may be shown; raises ApiError with the field's code."""
    if not isinstance(card, dict) or card.get("card_type") not in kinds:
        raise ApiError(40058, "invalid card_type")
    for name, most, errcode in _MOST:
        if len(card.get(name) or []) > most:
            raise ApiError(errcode, f"template_card.{name} must have at most {most} entries")
    kind = card["card_type"]
    if kind in ("text_notice", "news_notice") and not card.get("card_action"):
        raise ApiError(42045, "template_card.card_action missing")
    if not (card.get("main_title") or {}).get("title") and not card.get("sub_title_text"):
        raise ApiError(40058, "main_title.title and sub_title_text are both empty")
    task_id = card.get("task_id")
    if (kind in CLICKABLE or card.get("action_menu")) and not task_id:
        raise ApiError(846625, "template_card.task_id missing")
    if task_id is not None and not _TASK_ID.fullmatch(str(task_id)):
        raise ApiError(846625, "invalid template_card.task_id")
    return card


def press(card: dict[str, Any], key: str, selected: dict[str, list[str]]) -> dict[str, Any]:
    """What a click on ``key`` says: card_type, event_key, task_id, and selected_items where something was chosen."""
    keys = {str(button.get("key")) for button in card.get("button_list") or []}
    keys |= {str((card.get("submit_button") or {}).get("key"))} if card.get("submit_button") else set()
    keys |= {str(action.get("key")) for action in (card.get("action_menu") or {}).get("action_list") or []}
    if key not in keys:
        raise SimulatorError(f"卡片上没有按钮 {key}，只有 {'、'.join(sorted(keys)) or '不能点的内容'}")
    options = _options(card)
    for question, chosen in selected.items():
        if question not in options or not set(chosen) <= options[question]:
            raise SimulatorError(f"卡片上没有选项 {question}：{'、'.join(chosen)}")
    said: dict[str, Any] = {"card_type": card["card_type"], "event_key": key, "task_id": str(card.get("task_id", ""))}
    if selected:
        items = [{"question_key": question, "option_ids": {"option_id": list(chosen)}} for question, chosen in selected.items()]
        said["selected_items"] = {"selected_item": items}
    return said


def _options(card: dict[str, Any]) -> dict[str, set[str]]:
    questions = [card.get("checkbox"), card.get("button_selection"), *(card.get("select_list") or [])]
    return {str(each["question_key"]): {str(option.get("id")) for option in each.get("option_list") or []} for each in questions if each}


def title(card: dict[str, Any]) -> str:
    """What a person reads first of a card."""
    main = card.get("main_title") or {}
    return "\n".join(str(line) for line in (main.get("title"), main.get("desc"), card.get("sub_title_text")) if line)
