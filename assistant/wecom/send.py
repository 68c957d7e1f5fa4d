"""Sends one outbound message over KF, app or bot and says honestly what became of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from assistant.base.errors import LaoyouError
from assistant.base.ids import derive
from assistant.channels.bot_parts import carried
from assistant.channels.message import EVENT_CODE, Attachment, Delivery, OutboundMessage
from assistant.channels.quota import APP_DAY, APP_MEMBER, Charge
from assistant.wecom import cards
from assistant.wecom.attachments import MediaIds, NoMedia, Part, app_part, check, kf_part
from assistant.wecom.bot import MAX_CONTENT
from assistant.wecom.calls import bot_response_url, kf_send_msg, kf_send_msg_on_event
from assistant.wecom.calls_app import message_send
from assistant.wecom.client import WeComClient
from assistant.wecom.errors import delivery_of
from assistant.wecom.media import is_gone
from assistant.wecom.packing import MAX_PARTS, MAX_TEXT, kf_bodies
from assistant.wecom.text import size, split_text, unseen_mark, with_options

Shaped = tuple[Part, Attachment | None]
"""A part as it goes out, and the attachment it came from."""

Shape = Callable[[Attachment, MediaIds], Awaitable[Part]]


class WeComSender:
    """Sends over the channels kf, app and bot; a message goes out in parts, and the same key makes the same parts."""

    def __init__(self, client: WeComClient, media: MediaIds | None = None) -> None:
        self._client = client
        self._media = media or NoMedia()

    async def send(self, message: OutboundMessage) -> Delivery:
        """One Delivery for the whole message; never raises the six kinds.

        ``sent``: every part was accepted (not: seen). ``unknown``: one part may or may not have gone out and the rest was held back.
        (over kf the same key may still be sent again, WeCom drops the double; over app for four hours; over bot never.)
        ``refused``: a part was refused; with ``retry_at`` the same message may be sent again (parts already out are not doubled).
        """
        routes = {"kf": self._kf, "app": self._app, "bot": self._bot}
        route = routes.get(message.address.channel)
        if route is None:
            return Delivery("refused", code="no_channel", reason=f"企业微信没有“{message.address.channel}”这个渠道。")
        if not message.text.strip() and not message.attachments:
            return Delivery("refused", code="empty", reason="消息没有内容。")
        try:
            check(message.attachments)
            return await route(message)
        except LaoyouError as error:
            # Raised before the first part: by the check, or while media were made ready.
            return delivery_of(error)

    async def _kf(self, message: OutboundMessage) -> Delivery:
        packed = kf_bodies(message)
        code = message.reply_to.get(EVENT_CODE, "")
        if packed is None or (code and len(packed) + len(message.attachments) > 1):
            return _too_long()
        bodies: list[Shaped] = [(body, None) for body in packed]
        # A menu asks for an answer, so it comes last.
        at = len(bodies) - (bodies[-1:] != [] and bodies[-1][0][0] == "msgmenu")
        bodies[at:at] = [(await kf_part(one, self._media), one) for one in message.attachments]
        base = kf_msgid(message.key)
        where, to = message.address.account, message.address.peer

        def part(number: int) -> Callable[[], Awaitable[Any]]:
            msgid = f"{base}-{number + 1}"

            def send(body: Part) -> Awaitable[Any]:
                if code:
                    return kf_send_msg_on_event(self._client, code, *body, msgid=msgid)
                return kf_send_msg(self._client, where, to, *body, msgid=msgid)

            return lambda: self._fresh(bodies[number], kf_part, send)

        return await _in_order([part(number) for number in range(len(bodies))], base)

    async def _app(self, message: OutboundMessage) -> Delivery:
        account, user = message.address.account, message.address.peer
        if not account.isascii() or not account.isdigit():
            return Delivery("refused", code="bad_agent", reason="应用的 AgentId 不是数字，请检查设置。")
        mark = unseen_mark(message.key)
        texts = split_text(with_options(message.text, message.options), MAX_TEXT - size(mark))
        if len(texts) + len(message.attachments) > MAX_PARTS:
            return _too_long()
        parts: list[Shaped] = [(("text", {"content": text + mark}), None) for text in texts]
        parts += [(await app_part(one, self._media), one) for one in message.attachments]
        answers: list[str] = []

        async def part(body: Part) -> None:
            answer = await message_send(self._client, int(account), [user], *body)
            if user.lower() in answer.invalid:
                raise _NotReached
            answers.append(answer.msgid)

        try:
            delivery = await _in_order([partial(self._fresh, body, app_part, part) for body in parts], "")
        except _NotReached:
            return Delivery("refused", code="wecom_no_recipient", reason="这位成员收不到应用消息，可能不在可见范围里。")
        return Delivery(delivery.outcome, (answers or [""])[0], delivery.code, delivery.reason, delivery.retry_at)

    async def _fresh(self, shaped: Shaped, shape: Shape, send: Callable[[Part], Awaitable[Any]]) -> None:
        """Sends a part; where WeCom does not know its media any more they are uploaded anew, once."""
        body, attachment = shaped
        try:
            await send(body)
        except LaoyouError as error:
            if attachment is None or not is_gone(error):
                raise
            await self._media.forget([attachment.media])
            await send(await shape(attachment, self._media))

    async def _bot(self, message: OutboundMessage) -> Delivery:
        url = message.reply_to.get("response_url", "")
        said = carried(message, pictures=False)
        text = with_options(said.text, message.options)
        if not url:
            return Delivery("refused", code="no_response_url", reason="这条机器人消息没有可用的回复地址。")
        if size(text) > MAX_CONTENT:
            return _too_long()
        delivery = await _in_order([lambda: bot_response_url(self._client, url, text)], "")
        return said.delivered("") if delivery.outcome == "sent" else delivery


def app_charges(message: OutboundMessage) -> list[Charge]:
    """What an app message uses of WeCom's limits: above 30 a minute to one employee WeCom drops messages and says that all is well."""
    mark = size(unseen_mark(message.key))
    # Choices that fit on buttons are a card behind the words.
    card = cards.fits(message.options)
    said = message.text if card else with_options(message.text, message.options)
    parts = len(split_text(said, MAX_TEXT - mark)) + len(message.attachments) + card
    agent, user = message.address.account, message.address.peer
    return [Charge(APP_MEMBER, f"{agent}:{user.lower()}", max(1, parts)), Charge(APP_DAY, agent, max(1, parts))]


class _NotReached(Exception):
    """WeCom accepted the call but dropped the one recipient."""


def kf_msgid(key: str) -> str:
    """The part of our KF message ids that belongs to an outbound key; the parts are ``<this>-1``, ``<this>-2`` and so on."""
    return derive("kf", key)


def kf_base(msgid: str) -> str:
    """The ``external_id`` of the Delivery that a part's id (for instance a ``fail_msgid``) belongs to."""
    return msgid.rsplit("-", 1)[0]


async def _in_order(parts: Sequence[Callable[[], Awaitable[Any]]], external_id: str) -> Delivery:
    done = Delivery("sent", external_id)
    for number, part in enumerate(parts, 1):
        try:
            await part()
        except LaoyouError as error:
            answer = delivery_of(error, external_id)
            if answer.outcome == "sent":
                done = answer
                continue
            if number == 1:
                return answer
            reason = f"{answer.reason}（前 {number - 1} 段已发出，共 {len(parts)} 段）"
            return Delivery(answer.outcome, external_id, answer.code, reason, answer.retry_at, answer.waits)
    return done


def _too_long() -> Delivery:
    return Delivery("refused", code="too_long", reason="消息太长，请缩短后再发。")
