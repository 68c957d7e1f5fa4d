"""Bubbles of the simulated phones as the page shows them: texts, menus, attachments, cards with their buttons."""

from __future__ import annotations

from typing import Any

from assistant.web.pages import when
from assistant.wecom.simulator import PhoneMessage, Simulator

KINDS = {
    "image": "[图片]",
    "voice": "[语音]",
    "video": "[视频]",
    "file": "[文件]",
    "link": "[链接]",
    "miniprogram": "[小程序]",
    "location": "[位置]",
}


def bubble_of(simulator: Simulator, bubble: PhoneMessage, own: set[str], tab: str) -> dict[str, Any]:
    """One bubble; ``own`` are the people whose words stand on the right."""
    world, mine = simulator.world, bubble.sender in own
    named = world.staff.get(bubble.sender) or world.customers.get(bubble.sender)
    choices, card = _choices(bubble), bubble.body if bubble.kind == "template_card" else {}
    return {
        "mine": mine,
        "name": named.name if named and (tab == "group" or not mine) else "",
        "text": "（撤回了一条消息）" if bubble.recalled else _words(bubble, bool(choices)),
        "at": when(bubble.at)[5:],
        "via": bubble.via,
        "msgid": bubble.msgid,
        "waiting": not bubble.finished,
        "choices": choices,
        "buttons": _buttons(card),
        "questions": _questions(card),
    }


def _words(bubble: PhoneMessage, menu: bool) -> str:
    if menu:
        return str(bubble.body.get("head_content", ""))
    kind = KINDS.get(bubble.kind, "")
    return f"{kind} {bubble.text}".strip() if kind else bubble.text


def _choices(bubble: PhoneMessage) -> list[dict[str, str]]:
    """The entries of a menu that can be pressed."""
    if bubble.kind != "msgmenu":
        return []
    items = [item.get("click", {}) for item in bubble.body.get("list", []) if item.get("type") == "click"]
    return [{"id": str(item.get("id", "")), "text": str(item.get("content", ""))} for item in items]


def _buttons(card: dict[str, Any]) -> list[dict[str, str]]:
    """What can be pressed on a card."""
    found = [*(card.get("button_list") or []), *([card["submit_button"]] if card.get("submit_button") else [])]
    found += (card.get("action_menu") or {}).get("action_list") or []
    return [{"key": str(button.get("key", "")), "text": str(button.get("text", ""))} for button in found]


def _questions(card: dict[str, Any]) -> list[dict[str, Any]]:
    """What can be chosen on a card before a button is pressed."""
    found = [card.get("checkbox"), card.get("button_selection"), *(card.get("select_list") or [])]
    return [
        {
            "key": str(one.get("question_key", "")),
            "title": str(one.get("title", "")),
            "many": one.get("mode") == 1,
            "options": [{"id": str(option.get("id", "")), "text": str(option.get("text", ""))} for option in one.get("option_list") or []],
        }
        for one in found
        if one
    ]
