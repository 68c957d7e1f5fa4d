"""What a page of 微信客服 tells besides words: windows, who has the word, failures, recalls, arrivals. All of it in the page's commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from assistant.channels import accounts, inbox, outbox, session
from assistant.channels.message import Address, InboundMessage
from assistant.domain import members
from assistant.flows import kf_welcome
from assistant.store import Due, Fact, Work
from assistant.wecom import fields, kf_base
from assistant.wecom import kf as words

SOON = timedelta(seconds=2)
FAILED_IN: dict[str, session.ClosedBy] = {"kf_window_over": "window", "kf_quota_used": "quota"}


def take_in(work: Work, messages: Sequence[InboundMessage]) -> None:
    """Draws the conclusions from messages and events that are new, in the order of the page."""
    run: list[InboundMessage] = []
    for message in messages:
        if message.kind not in ("event", "recall") and message.sender_kind == "customer":
            run.append(message)
            continue
        _said(work, run)
        run = []
        _told(work, message)
    _said(work, run)


def _said(work: Work, messages: Sequence[InboundMessage]) -> None:
    """The customers' windows are open again, and what waited for that goes out."""
    if not messages:
        return
    addresses = {message.address.conversation: message.address for message in messages}
    for conversation in session.rejecting(work, addresses):
        _takes_again(work, addresses[conversation], max(one.sent_at for one in messages if one.address.conversation == conversation))
    met = session.note_said(work, [session.Said(message.address, message.sent_at) for message in messages])
    for conversation in dict.fromkeys(message.address.conversation for message in messages):
        outbox.wake_waiting(work, conversation)
    if met:
        _ask_names(work)


def _ask_names(work: Work) -> None:
    """Somebody new: who that is will be asked soon, for all who came meanwhile."""
    work.due(Due("kf.customers", "new", work.now + SOON, {}, order_key="kf.customers", keep=True))


def _told(work: Work, message: InboundMessage) -> None:
    event = message.raw.get("event") if isinstance(message.raw.get("event"), dict) else {}
    if message.sender_kind == "employee" and message.kind not in ("event", "recall"):
        _servicer_said(work, message)
    elif message.event in _EVENTS:
        _EVENTS[message.event](work, message, event or {})


def _servicer_said(work: Work, message: InboundMessage) -> None:
    servicer = fields.text(message.raw, "servicer_userid")
    session.note_state(work, [session.Turned(message.address, "person", servicer, "servicer wrote", message.sent_at)])
    payload = {"conversation": message.address.conversation, "servicer": servicer}
    work.record(Fact("kf.answered", f"conversation:{message.address.conversation}", payload))


def _turned(work: Work, message: InboundMessage, event: dict[str, Any]) -> None:
    state, why = words.CHANGES.get(fields.number(event.get("change_type")), ("", ""))
    if state:
        servicer = fields.text(event, "new_servicer_userid")
        session.note_state(work, [session.Turned(message.address, state, servicer, why, message.sent_at)])


def _failed(work: Work, message: InboundMessage, event: dict[str, Any]) -> None:
    """Accepted and not delivered after all: the row, our count and the member learn it."""
    code, why = words.fail_words(event.get("fail_type"))
    row = outbox.fail_later(work, session.CHANNEL, kf_base(fields.text(event, "fail_msgid")), code, why)
    if code in FAILED_IN:
        # Who has written since we began to send is in a window of their own.
        begun = row.queued_at if row is not None else message.sent_at
        session.note_closed(work, session.Closed(message.address, FAILED_IN[code], begun))
    if code == words.REJECTED:
        _rejected(work, message, row.message.member_id if row else "")
    if code == "kf_ended":
        session.note_state(work, [session.Turned(message.address, "ended", why=why, at=message.sent_at)])
    payload = {"conversation": message.address.conversation, "code": code, "why": why, "known": row is not None}
    work.record(Fact("kf.send_failed", f"conversation:{message.address.conversation}", payload, row.message.member_id if row else ""))


def _rejected(work: Work, message: InboundMessage, member_id: str) -> None:
    """Whoever refuses our messages gets none that nobody asked for, until they write again; whoever has written since does not refuse.

    Somebody who was blocked for another reason stays so.
    """
    current = session.get(work, message.address.conversation)
    if current is not None and current.last_said is not None and current.last_said > message.sent_at:
        return
    profile = members.profiles(work, [member_id]).get(member_id) if member_id else None
    if profile is not None and not profile.blocked:
        members.update(work, [members.Update(f"{message.external_id}:blocked", member_id, {"blocked": True})])
        session.note_closed(work, session.Closed(message.address, "rejected", message.sent_at))


def _takes_again(work: Work, address: Address, at: datetime) -> None:
    """A customer who refused our messages writes: the block that we made of it ends."""
    found = members.resolve(work, [members.Identity("wecom_external", address.peer)])
    member_id = next(iter(found.values()), "")
    current = session.get(work, address.conversation)
    if not member_id or current is None or (current.last_said is not None and at <= current.last_said):
        return
    members.update(work, [members.Update(f"kf:{address.conversation}:{at.isoformat()}:unblocked", member_id, {"blocked": False})])
    payload = {"conversation": address.conversation, "why": "客户拒收后又来信"}
    work.record(Fact("kf.rejection_over", f"conversation:{address.conversation}", payload, member_id))


def _recalled(work: Work, message: InboundMessage, event: dict[str, Any]) -> None:
    """What was taken back and is not answered yet needs no answer; a colleague's words are shown as taken back."""
    recalled = fields.text(event, "recall_msgid")
    inbox.recall(work, message, recalled, "waiting" if message.event == "user_recall_msg" else "handled")
    payload = {"conversation": message.address.conversation, "msgid": recalled, "by": fields.text(event, "servicer_userid")}
    work.record(Fact("kf.recalled", f"conversation:{message.address.conversation}", payload))


def _receives(work: Work, message: InboundMessage, event: dict[str, Any]) -> None:
    servicer, receiving = fields.text(event, "servicer_userid"), fields.number(event.get("status")) == 1
    if servicer:
        accounts.note_receiving(work, [accounts.Receives(message.address.account, servicer, receiving)])
        work.record(Fact("kf.servicer", f"kf:{message.address.account}", {"servicer": servicer, "receiving": receiving}))


def _rejects(work: Work, message: InboundMessage, event: dict[str, Any]) -> None:
    payload = {"servicer": fields.text(event, "servicer_userid"), "rejects": fields.number(event.get("reject_switch")) == 1}
    work.record(Fact("kf.reject_switch", f"kf:{message.address.account}", payload))


def _entered(work: Work, message: InboundMessage, event: dict[str, Any]) -> None:
    payload = {"account": message.address.account, "scene": fields.text(event, "scene"), "scene_param": fields.text(event, "scene_param")}
    work.record(Fact("kf.entered", f"conversation:{message.address.conversation}", payload))
    kf_welcome.greet(work, message, event)


_EVENTS: dict[str, Callable[[Work, InboundMessage, dict[str, Any]], None]] = {
    "enter_session": _entered,
    "msg_send_fail": _failed,
    "session_status_change": _turned,
    "user_recall_msg": _recalled,
    "servicer_recall_msg": _recalled,
    "servicer_status_change": _receives,
    "reject_customer_msg_switch_change": _rejects,
}
