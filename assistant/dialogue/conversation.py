"""Conversations as people see them: who holds the word, takeover and release, the messages of both sides."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from assistant import access
from assistant.base.errors import Conflict, Invalid, Refused
from assistant.channels import outbox, received, session, streams
from assistant.channels.message import EVENT_CODE, PARTING, PERSON, Address, OutboundMessage
from assistant.dialogue.tables import conversation
from assistant.dialogue.who import Speaker, met
from assistant.domain import staff
from assistant.store import Fact, View, Work, once, upsert
from assistant.store import inbox as inbox_rows
from assistant.store import outbox as outbox_rows
from assistant.store.work import locked

CLIENT, POOL = "kf:", "pool"
"""A holder who answers in the channel's own client: this and the userid, or this and ``pool`` while nobody has come yet."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One place of talk. ``holder`` is the id of the person who has taken it over, empty while the assistant answers."""

    id: str
    channel: str
    address: Address
    member_id: str
    title: str
    holder: str
    held_since: datetime | None
    greeted: bool
    last_inbound_at: datetime
    fresh_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One message as shown to a person. ``side`` is in, out, person or event; ``state`` of the inbox or outbox row; ``at`` UTC.

    ``files`` are the ids of what came with it and is kept; ``foreign``: the words are not the speaker's own, but passed on.
    """

    side: str
    text: str
    at: datetime
    state: str
    cause: str = ""
    files: tuple[str, ...] = ()
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Take:
    """Takes over (``holder`` set) or releases (``holder`` empty) a conversation."""

    key: str
    conversation: str
    holder: str


@dataclass(frozen=True, slots=True)
class Say:
    """What the person who holds a conversation writes to the other side."""

    key: str
    conversation: str
    text: str
    by: str


@dataclass(frozen=True, slots=True)
class Held:
    """Who holds the conversation now."""

    conversation: str
    holder: str


def touch(work: Work, address: Address, speaker: Speaker) -> Conversation:
    """Notes that somebody wrote here now, and returns the conversation, locked for this transaction."""
    row = {
        "id": address.conversation,
        "channel": address.channel,
        "address": asdict(address),
        "member_id": "" if speaker.group else speaker.member_id,
        "principal": "group" if speaker.group else speaker.principal.label,
        "title": speaker.title[:100],
        "holder": "",
        "held_since": None,
        "greeted": False,
        "fresh_from": None,
        "last_inbound_at": work.now,
        "created_at": work.now,
    }
    upsert(work, conversation, [row], ["id"], ["last_inbound_at", "address", "title"])
    return get(work, address.conversation)


def get(view: View, conversation_id: str) -> Conversation:
    """Raises Invalid for an unknown conversation."""
    row = view.one(_one(view.dialect if isinstance(view, Work) else ""), {"mine": conversation_id})
    if row is None:
        raise Invalid("没有这个会话", code="no_conversation", conversation=conversation_id)
    return _value(row)


def recent(view: View, limit: int = 50, before: datetime | None = None) -> list[Conversation]:
    """The conversations with the latest words first."""
    statement = sa.select(conversation).order_by(conversation.c.last_inbound_at.desc()).limit(min(limit, 200))
    if before is not None:
        statement = statement.where(conversation.c.last_inbound_at < before)
    return [_value(row) for row in view.all(statement)]


def lines(view: View, conversation_id: str, limit: int = 50, since: datetime | None = None) -> list[Line]:
    """The latest messages of both sides, oldest first; ``since`` leaves out what came before."""
    told = {"mine": conversation_id, "since": since or _EVER, "most": limit}
    said = view.all(_latest_said(), told)
    answered = view.all(_latest_answered(), told)
    kept = received.of_messages(view, [row.id for row in said]) if conversation_id.startswith("bot:") else {}
    mixed = [_heard(row, kept.get(row.id, [])) for row in said]
    for row in answered:
        side = "person" if row.cause.startswith(PERSON) else "out"
        mixed.append(Line(side, row.message["text"], row.queued_at, row.state, row.cause))
    return sorted(mixed, key=lambda line: line.at)[-limit:]


def hold(work: Work, requests: list[Take]) -> list[Held]:
    """Takes over or releases. From the commit on the assistant is silent there; what it had not sent yet is cancelled."""

    def run(work: Work, fresh: list[Take]) -> list[Held]:
        return [_hold(work, request) for request in fresh]

    return once(work, "conversation.hold", requests, Held, run)


def follow(work: Work, conversation_id: str, state: str, servicer: str, at: datetime | None = None) -> None:
    """Who has the word in the channel's own client has it here too; where nobody has it any more the assistant begins afresh.

    ``at``: when that was so; who has taken over here since keeps the word.
    """
    row = work.one(work.locked(sa.select(conversation).where(conversation.c.id == conversation_id)))
    if row is None:
        return
    if state in session.HELD:
        operator = access.operator_by_userid(work, servicer) if servicer else None
        holder = operator.id if operator is not None else f"{CLIENT}{servicer or POOL}"[:64]
    else:
        holder = ""
    since = row.held_since if row.holder and not row.holder.startswith(CLIENT) else None
    if holder == row.holder or (at is not None and since is not None and since > at):
        return
    _set_holder(work, row, holder, {"by": "client"})


def welcomed(work: Work, address: Address) -> None:
    """The first words have reached somebody: the conversation begins, and who we are has been said."""
    touch(work, address, met(work, address))
    greeted(work, address.conversation)


def say(work: Work, requests: list[Say]) -> list[Held]:
    """Queues what a person writes; Refused unless that person holds the conversation."""

    def run(work: Work, fresh: list[Say]) -> list[Held]:
        return [_say(work, request) for request in fresh]

    return once(work, "conversation.say", requests, Held, run)


def hold_back(view: View, message: OutboundMessage) -> str | None:
    """Why this message must not leave now: the conversation is held by a person and the message is not theirs."""
    if message.by_person or EVENT_CODE in message.reply_to or PARTING in message.reply_to:
        return None
    holder = view.scalar(_holder(), {"mine": message.address.conversation})
    return "会话已由人工接管" if holder else None


def greeted(work: Work, conversation_id: str) -> None:
    """Notes that the assistant has introduced itself as an AI here."""
    work.execute(conversation.update().where(conversation.c.id == conversation_id).values(greeted=True))


_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@cache
def _one(locking: str) -> sa.Select[Any]:
    """``locking``: the dialect of a unit that may change it; empty for a look."""
    mine = sa.select(conversation).where(conversation.c.id == sa.bindparam("mine"))
    return locked(mine, locking) if locking else mine


@cache
def _holder() -> sa.Select[Any]:
    return sa.select(conversation.c.holder).where(conversation.c.id == sa.bindparam("mine"))


@cache
def _latest_said() -> sa.Select[Any]:
    mine = sa.and_(inbox_rows.c.conversation == sa.bindparam("mine"), inbox_rows.c.received_at > sa.bindparam("since"))
    return sa.select(inbox_rows).where(mine).order_by(inbox_rows.c.received_at.desc()).limit(sa.bindparam("most", type_=sa.Integer))


@cache
def _latest_answered() -> sa.Select[Any]:
    mine = sa.and_(outbox_rows.c.conversation == sa.bindparam("mine"), outbox_rows.c.queued_at > sa.bindparam("since"))
    return sa.select(outbox_rows).where(mine).order_by(outbox_rows.c.queued_at.desc()).limit(sa.bindparam("most", type_=sa.Integer))


def _hold(work: Work, request: Take) -> Held:
    current = get(work, request.conversation)
    if request.holder and current.holder not in ("", request.holder):
        raise Conflict("这个会话已由另一位同事接管", code="already_held", holder=current.holder)
    _set_holder(work, current, request.holder, {})
    return Held(current.id, request.holder)


def _set_holder(work: Work, current: Any, holder: str, how: dict[str, str]) -> None:
    values: dict[str, Any] = {"holder": holder, "held_since": work.now if holder else None}
    if not holder:
        values["fresh_from"] = work.now
    work.execute(conversation.update().where(conversation.c.id == current.id).values(values))
    if holder and holder != current.holder:
        outbox.cancel_unsent(work, current.id)
        streams.point_all(work, current.id, streams.HELD)
    name = "conversation.taken" if holder else "conversation.released"
    work.record(Fact(name, f"conversation:{current.id}", {"holder": holder or current.holder} | how, current.member_id))


def _say(work: Work, request: Say) -> Held:
    current = get(work, request.conversation)
    text = request.text.strip()
    if not text:
        raise Invalid("请先写下要说的话", code="empty_text")
    if current.holder != request.by:
        raise Refused("请先接管这个会话再回复", code="not_holder")
    staff.answered(work, current.id, request.by)
    outbox.queue(work, [OutboundMessage(f"person:{request.key}", current.address, text, f"{PERSON}{request.by}", current.member_id)])
    return Held(current.id, current.holder)


def _heard(row: Any, came: list[received.Received]) -> Line:
    """What somebody said, and what became of the pictures and files that came with it."""
    notes = [f"（{received.SAID[one.state]}）" for one in came]
    files = tuple(one.id for one in came if one.state == "kept")
    foreign = bool(row.message.get("quoted")) and not row.message.get("text")
    return Line(_side(row.message), "".join([_said(row.message), *notes]), row.received_at, row.state, files=files, foreign=foreign)


def _side(message: dict[str, Any]) -> str:
    """A colleague who answers in the client of the channel is a person like one who answers here."""
    if message["kind"] in ("event", "recall"):
        return "event"
    colleague = message["address"]["channel"] == session.CHANNEL and message["sender_kind"] == "employee"
    return "person" if colleague else "in"


def _said(message: dict[str, Any]) -> str:
    shown = {"image": "[图片]", "voice": "[语音]", "video": "[视频]", "file": "[文件]", "event": "[事件]", "recall": "[撤回]"}
    # Words of others are shown as such, or a quote of them would look like the speaker's own.
    passed_on = f"[转来的话] {message['quoted']}" if message.get("quoted") else ""
    return message.get("text") or passed_on or shown.get(message.get("kind", ""), "[暂不支持的消息]")


def _value(row: Any) -> Conversation:
    return Conversation(
        row.id,
        row.channel,
        Address(**row.address),
        row.member_id,
        row.title,
        row.holder,
        row.held_since,
        row.greeted,
        row.last_inbound_at,
        row.fresh_from,
    )
