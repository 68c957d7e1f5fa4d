"""What people do with a bot beside writing: coming into the chat, pressing a button of a card, saying what an answer was worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from assistant.channels import confirm, inbox, outbox, streams
from assistant.channels.message import InboundMessage
from assistant.domain import members, outreach, staff
from assistant.store import Fact, Work
from assistant.wecom import cards, fields

WELCOME = "您好，我是 AI 助手小棉。想问什么直接说就好，也可以随时回复“人工”找同事。"
UNKNOWN = "这张卡片已经失效"
VERDICTS = {1: "accurate", 2: "inaccurate", 3: "cancelled"}
REASONS = {1: "答非所问", 2: "不完整", 3: "内容有误", 4: "分析有误"}

Body = dict[str, Any]


def hear(work: Work, message: InboundMessage) -> Body | None:
    """Keeps the event and does what follows from it, once; answers the body of the direct reply, None where there is none."""
    (accepted,) = inbox.accept(work, [message], wants_turn=lambda _message: False)
    event = message.raw.get("event")
    told: Mapping[str, Any] = event if isinstance(event, dict) else {}
    if message.event == "enter_chat":
        return {"msgtype": "text", "text": {"content": WELCOME}}
    if message.event == "template_card_event":
        return _pressed(work, message, fields.part(told, "template_card_event"))
    if message.event == "feedback_event" and accepted.fresh:
        _feedback(work, message, fields.part(told, "feedback_event"))
    return None


def left_behind(work: Work, row_id: str, reason: str) -> None:
    """A task for what a bot's answer could not carry."""
    row = outbox.get(work, row_id)
    if row is None:
        return
    ticket = staff.OpenTicket(
        f"left:{row_id}",
        kind="task",
        member_id=row.message.member_id,
        conversation=row.message.address.conversation,
        title="机器人的回答有附件没发出去，请另外发给对方",
        summary=f"{reason}。",
        ready_text=row.message.text,
    )
    staff.open_ticket(work, [ticket])


def _pressed(work: Work, message: InboundMessage, event: Mapping[str, Any]) -> Body | None:
    """The press becomes what the person said, once; the card then shows what was chosen. Only who was asked can answer."""
    task, number = cards.pressed(event)
    card = streams.get(work, task) if task else None
    if card is None or not 0 <= number < len(card.options):
        return cards.update(cards.settled(task, UNKNOWN)) if task and number >= 0 else None
    if card.conversation != message.address.conversation:
        return None
    if not card.chosen:
        if _outdated(work, card):
            return cards.update(cards.settled(task, cards.TOO_LATE))
        choice = card.options[number]
        if streams.choose(work, task, choice):
            said = replace(message, external_id=f"press:{task}", kind="text", text=choice, event="")
            inbox.accept(work, [said], debounce=inbox.AT_ONCE)
        card = streams.get(work, task) or card
    return cards.update(cards.settled(task, f"已选择：{card.chosen}"))


def _outdated(work: Work, card: streams.Stream) -> bool:
    """Whether something else has been asked in this conversation since the card was shown."""
    asked = confirm.pending(work, card.conversation)
    return streams.newer_choice(work, card) or (asked is not None and card.offered_at is not None and asked.asked_at > card.offered_at)


def _feedback(work: Work, message: InboundMessage, event: Mapping[str, Any]) -> None:
    """A fact; where the answer was bad also a task for a person, and rest from marketing for a member."""
    verdict = VERDICTS.get(event.get("type", 0) if isinstance(event.get("type"), int) else 0, "unknown")
    number = event.get("id") if isinstance(event.get("id"), str) else ""
    answer = streams.get(work, str(number))
    conversation = answer.conversation if answer else message.address.conversation
    found = members.resolve(work, [members.Identity("wecom_user", message.address.peer)])
    member_id = next(iter(found.values()), "")
    listed = event.get("inaccurate_reason_list")
    reasons = [REASONS[code] for code in listed if isinstance(code, int) and code in REASONS] if isinstance(listed, list) else []
    payload = {"answer": number, "verdict": verdict, "reasons": reasons, "by": message.address.peer}
    work.record(Fact("dialogue.feedback", f"conversation:{conversation}", payload, member_id))
    if verdict != "inaccurate":
        return
    if member_id:
        key = f"feedback:{message.external_id}"
        outreach.note_feedback(work, [outreach.Feedback(key, member_id, message.sent_at, "、".join(reasons))])
    said = event.get("content")
    lines = [
        f"原因：{'、'.join(reasons) or '没有选'}",
        f"补充：{said}" if isinstance(said, str) and said else "",
        f"回答：{_text(work, answer)}",
    ]
    ticket = staff.OpenTicket(
        f"feedback:{message.external_id}",
        kind="task",
        member_id=member_id,
        conversation=conversation,
        title="一条 AI 回答被点了“不准确”",
        summary="\n".join(line for line in lines if line)[: staff.LONGEST_SUMMARY],
    )
    staff.open_ticket(work, [ticket])


def _text(work: Work, answer: streams.Stream | None) -> str:
    sent = outbox.get(work, answer.outbox) if answer and answer.outbox else None
    if sent is not None:
        return sent.message.text
    return answer.text if answer else "（找不到了）"
