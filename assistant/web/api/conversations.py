"""Conversations over the API: read, take over, speak, give back."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import unquote

from assistant.base.clock import parse_instant
from assistant.base.errors import Invalid
from assistant.dialogue import conversation
from assistant.store import View
from assistant.web.doors import Call
from assistant.web.route import ApiRoute
from assistant.web.shapes import ConversationLinesOut, ConversationOut, ConversationsOut, HeldOut, LineOut, Nothing, Words

PAGE = 50


async def list_all(call: Call) -> ConversationsOut:
    """A page of conversations."""
    before = None
    if given := call.query("before"):
        try:
            before = parse_instant(unquote(given).replace(" ", "+"))
        except ValueError:
            raise Invalid("before 必须是带时区的时间，如 2026-11-22T10:00:00+08:00", code="bad_instant") from None
    found = await call.store.read(_recent, before)
    last = found[-1].last_inbound_at.isoformat() if len(found) == PAGE else ""
    return ConversationsOut(conversations=[shown(one) for one in found], next_before=last)


def _recent(view: View, before: datetime | None) -> list[conversation.Conversation]:
    return conversation.recent(view, PAGE, before)


async def read_one(call: Call) -> ConversationLinesOut:
    """One conversation with its messages."""
    found, lines = await call.store.read(_one, call.part("id"))
    return ConversationLinesOut(
        conversation=shown(found), lines=[LineOut(side=line.side, text=line.text, at=line.at, state=line.state) for line in lines]
    )


def _one(view: View, conversation_id: str) -> tuple[conversation.Conversation, list[conversation.Line]]:
    return conversation.get(view, conversation_id), conversation.lines(view, conversation_id, 100)


async def take(call: Call) -> HeldOut:
    """The caller takes the conversation over."""
    return await _hold(call, call.who.id)


async def release(call: Call) -> HeldOut:
    """The assistant answers again."""
    return await _hold(call, "")


async def say(call: Call) -> HeldOut:
    """The caller, who must hold the conversation, writes to the other side."""
    said = conversation.Say(call.key, call.part("id"), call.body.text, call.who.id)
    held = (await call.store.write(conversation.say, [said], call.who, cause="api"))[0]
    return HeldOut(conversation=held.conversation, holder=held.holder)


async def _hold(call: Call, holder: str) -> HeldOut:
    taken = conversation.Take(call.key, call.part("id"), holder)
    held = (await call.store.write(conversation.hold, [taken], call.who, cause="api"))[0]
    return HeldOut(conversation=held.conversation, holder=held.holder)


def shown(one: conversation.Conversation) -> ConversationOut:
    """A conversation as the API shows it."""
    return ConversationOut(
        id=one.id,
        channel=one.channel,
        title=one.title,
        member_id=one.member_id,
        holder=one.holder,
        held_since=one.held_since,
        last_inbound_at=one.last_inbound_at,
    )


BASE = "/api/v1/conversations"
ROUTES = (
    ApiRoute("GET", BASE, "conversation:read", list_all, "会话，最近说话的在前", ConversationsOut, query=("before",)),
    ApiRoute("GET", f"{BASE}/{{id}}", "conversation:read", read_one, "一个会话和它的消息", ConversationLinesOut),
    ApiRoute("POST", f"{BASE}/{{id}}/take", "conversation:take", take, "由调用者接管，助手立刻安静", HeldOut, Nothing),
    ApiRoute("POST", f"{BASE}/{{id}}/release", "conversation:take", release, "交还助手", HeldOut, Nothing),
    ApiRoute("POST", f"{BASE}/{{id}}/say", "conversation:take", say, "接管者写一句话给对方", HeldOut, Words),
)
