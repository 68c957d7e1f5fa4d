"""Takes decided touches out by WeCom's reality: 客服 inside its window, otherwise a 群发 task that a staff member must confirm."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assistant.base.errors import LaoyouError, Transient
from assistant.base.principal import system
from assistant.channels import outbox, session
from assistant.channels.message import Address, Attachment, OutboundMessage
from assistant.domain import outreach
from assistant.jobs import Handler, Job
from assistant.store import Store, Work
from assistant.wecom import Unknown, WeComClient, calls
from assistant.wecom.attachments import MediaIds
from assistant.wecom.media import with_media

ME = system("deliver")
PREFIX = "touch:"
FULL = "客户本期收到的群发已达上限"
Stage = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Kf:
    """A touch that goes out through 客服 in its window, at the account to which the customer wrote last, else at this one."""

    touch: outreach.Touch
    account: str


def handlers(store: Store, client: WeComClient, kf_account: str, stage: Stage, media: MediaIds) -> dict[str, Handler]:
    """The handler of touch.deliver jobs; what becomes of tasks afterwards is looked after by ``flows.mass``."""
    desk = _Desk(store, client, kf_account, stage, media)
    return {"touch.deliver": desk.deliver}


def queue_kf(work: Work, request: Kf) -> None:
    """Puts the touch into the outbox; the key of the message is the touch, so it can never be queued twice."""
    touch = request.touch
    known = session.latest(work, [touch.peer]).get(touch.peer)
    address = Address("kf", known.account if known is not None else request.account, touch.peer)
    message = OutboundMessage(PREFIX + touch.id, address, touch.text, touch.cause, touch.member_id, proactive=True)
    outbox.queue(work, [replace(message, attachments=_attachments(touch.attachments))])


def settle_kf(work: Work, key: str, state: Any, reason: str, external_id: str) -> None:
    """Carries what became of an outbox row over to its touch; rows that are no touches are left alone."""
    if key.startswith(PREFIX):
        touch_id = key.removeprefix(PREFIX)
        result = outreach.TouchResult(f"{key}:{state}", touch_id, state, reason, external_id)
        outreach.settle_touches(work, [result])


def _attachments(told: Sequence[Mapping[str, Any]]) -> tuple[Attachment, ...]:
    return tuple(Attachment(**one) for one in told)


class _Desk:
    def __init__(self, store: Store, client: WeComClient, kf_account: str, stage: Stage, media: MediaIds) -> None:
        self._media = media
        self._store = store
        self._client = client
        self._kf_account = kf_account
        self._stage = stage

    async def deliver(self, job: Job) -> None:
        """What is queued in one group: a single 客服 message, or one task of one staff member."""
        request = outreach.Claim(str(job.payload["group"]), job.payload.get("chat", "single"))
        self._stage("touch.before_claim")
        claimed: outreach.Claimed = await self._store.write(outreach.claim, request, ME)
        while not claimed.ready:
            claimed = await self._store.write(outreach.claim, request, ME)
        self._stage("touch.claimed")
        if claimed.kf is not None:
            await self._store.write(queue_kf, Kf(claimed.kf, self._kf_account), ME, cause=claimed.kf.cause)
        elif claimed.task is not None:
            await self._create(claimed.task)
        self._stage("touch.done")

    async def _create(self, task: outreach.Task) -> None:
        """One call, whose answer is written down whatever it is; a call that was not answered is never made again."""
        peers = await self._store.read(outreach.peers, task.id)
        single = task.chat == "single"
        peers, full = await self._store.read(outreach.with_room, task.chat, peers)
        if not peers:
            await self._store.write(outreach.refused, (task.id, FULL), ME, cause=task.cause)
            return
        try:
            self._stage("touch.before_task")
            made = await with_media(
                _attachments(task.attachments),
                self._media,
                lambda listed: calls.add_msg_template(
                    self._client,
                    text=task.text,
                    chat_type=task.chat,
                    external_userids=peers if single else (),
                    chat_ids=() if single else peers,
                    sender=task.staff,
                    attachments=listed,
                ),
            )
            self._stage("touch.task_created")
            await self._store.write(outreach.opened, outreach.Opened(task.id, made.msgid, (*made.failed, *full)), ME, cause=task.cause)
        except Unknown as error:
            await self._store.write(outreach.lose, (task.id, error.say), ME, cause=task.cause)
        except Transient:
            await self._store.write(outreach.put_back, task.id, ME, cause=task.cause)
            raise
        except LaoyouError as error:
            await self._store.write(outreach.refused, (task.id, error.say), ME, cause=task.cause)
        self._stage("touch.task_settled")
