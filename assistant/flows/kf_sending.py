"""Saying something over 微信客服: is there room in the customer's window, who has the word, and what the answer teaches us."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from assistant.base.clock import parse_instant
from assistant.base.errors import LaoyouError, Transient
from assistant.base.principal import system
from assistant.channels import session
from assistant.channels.delivery import Sender
from assistant.channels.message import EVENT_CODE, EVENT_UNTIL, PARTING, Delivery, OutboundMessage
from assistant.channels.outbox import Stay
from assistant.store import Store, View, Work
from assistant.wecom import WeComClient, calls, kf_parts, kf_state

ME = system("kf")
FORGET = timedelta(hours=48)
"""What we heard of a session's state longer ago than this is asked for again."""

CLOSED_BY: dict[str, session.ClosedBy] = {"wecom_kf_quota": "quota", "wecom_kf_window": "window"}
PERSON_OWNS = ("wecom_kf_person", "wecom_kf_ended")


def room(view: View, message: OutboundMessage) -> int | Stay:
    """How many 客服 messages this one takes now. What has no room is not sent blind: answers of the assistant wait until the customer
    writes again, what nobody asked for and what a colleague wrote is refused where they see it."""
    if message.address.channel != session.CHANNEL:
        return 0
    if EVENT_CODE in message.reply_to:
        late = view.now > parse_instant(message.reply_to[EVENT_UNTIL])
        return Stay("refused", "event_code_expired", "回复这个事件的凭证已经过期，没有再发") if late else 0
    current = session.get(view, message.address.conversation)
    if current is None or not kf_parts(message, session.PER_MESSAGE):
        return 0
    if current.held and PARTING not in message.reply_to:
        if message.by_person:
            return Stay("refused", "kf_in_client", "这个会话正在企业微信客户端里由人工接待，请在那里回复")
        return Stay("cancelled", "kf_person", "会话由人工接待")
    if current.last_said is None:
        return 0
    if current.closed_by_channel == "rejected":
        return _stay(message, "kf_rejected", "客户拒收了客服消息")
    if not current.is_open(view.now):
        return _stay(message, "kf_window_over", "客户已超过 48 小时没有说话")
    parts = kf_parts(message, current.left(view.now))
    return parts or _stay(message, "kf_quota_used", "客户这条消息之后已经发满 5 条")


def _stay(message: OutboundMessage, code: str, reason: str) -> Stay:
    waits = not message.proactive and not message.by_person
    return Stay("waiting" if waits else "refused", code, f"{reason}，等客户再次来信时自动发出" if waits else reason)


class KfSender:
    """Sends over 微信客服 by ``inner``, asking who has the word where nobody knows; what is answered corrects our row at once."""

    def __init__(self, store: Store, client: WeComClient, inner: Sender) -> None:
        self._store = store
        self._client = client
        self._inner = inner

    async def send(self, message: OutboundMessage) -> Delivery:
        """As the sender inside; ``refused`` with the code ``kf_person`` where a person has the word."""
        if EVENT_CODE in message.reply_to:
            return await self._inner.send(message)
        state, known_at = await self._store.read(session.state_of, message.address.conversation)
        unknown = not state or known_at is None or known_at < self._store.clock.now() - FORGET
        turned = await self._asked(message) if unknown else None
        if turned is not None and turned.state in session.HELD:
            await self._write(turned, message)
            return Delivery("refused", code="kf_person", reason="会话由人工接待，系统没有发送")
        begun = self._store.clock.now()
        delivery = await self._noting(turned, message)
        if delivery.code in CLOSED_BY:
            closed = session.Closed(message.address, CLOSED_BY[delivery.code], begun)
            if not await self._store.write(session.note_closed, closed, ME, cause=message.cause):
                raise Transient("客户刚刚又写来了，再发一次", code="kf_wrote_again")
        if delivery.code in PERSON_OWNS and (turned := await self._asked(message)) is not None:
            await self._write(turned, message)
        return delivery

    async def _asked(self, message: OutboundMessage) -> session.Turned | None:
        """The state as WeCom tells it; None where it does not: the message itself will be answered then."""
        address = message.address
        try:
            told = await calls.kf_service_state_get(self._client, address.account, address.peer)
        except LaoyouError:
            return None
        return session.Turned(address, kf_state(told.state), told.servicer_userid, "asked")

    async def _noting(self, turned: session.Turned | None, message: OutboundMessage) -> Delivery:
        """Sends, and writes meanwhile what was told; a note that is lost is asked for again, a message that went out is not."""
        if turned is None:
            return await self._inner.send(message)
        delivery, _noted = await asyncio.gather(self._inner.send(message), self._write(turned, message), return_exceptions=True)
        if isinstance(delivery, BaseException):
            raise delivery
        return delivery

    async def _write(self, turned: session.Turned, message: OutboundMessage) -> None:
        await self._store.write(_note, turned, ME, cause=message.cause)


def _note(work: Work, turned: session.Turned) -> None:
    session.note_state(work, [turned])
