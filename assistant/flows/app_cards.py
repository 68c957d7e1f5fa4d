"""Choices in the employees' app as buttons: sent behind the words, understood when pressed, and changed on the phone afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from assistant import access, operations
from assistant.base.errors import Invalid, LaoyouError, Transient
from assistant.base.money import format_yuan
from assistant.base.principal import system
from assistant.channels import app_cards, confirm, inbox, outbox
from assistant.channels.app_cards import Arrived, Card, Change, Offer, Told
from assistant.channels.delivery import Sender
from assistant.channels.message import Address, Delivery, InboundMessage, OutboundMessage
from assistant.jobs import Handler, Job
from assistant.store import Store, View, Work
from assistant.store import inbox as inbox_rows
from assistant.wecom import Unknown, WeComClient, calls_app, cards

ME = system("app")
EVENT = "template_card_event"
RECALLABLE, CHANGEABLE = timedelta(hours=24), timedelta(hours=72)
"""So long WeCom takes a message back, and a card may be changed by its code, once."""

RETRY = timedelta(seconds=5)
DECIDED = {"approved": "方案已批准", "running": "方案已批准", "done": "方案已完成", "rejected": "方案已否决", "stopped": "方案已停止"}
PLAN = "plan:"
UNSURE = "unsure"
"""State of a card whose change WeCom did not confirm."""


class AppSender:
    """Sends over the app by ``inner``; choices that fit on buttons follow the words as a card."""

    def __init__(self, store: Store, client: WeComClient, inner: Sender) -> None:
        self._store = store
        self._client = client
        self._inner = inner

    async def send(self, message: OutboundMessage) -> Delivery:
        """As the sender inside. The words count: a card that WeCom does not take becomes lines of text, one of which nobody knows whether
        it arrived is noted with its reason."""
        if not cards.fits(message.options):
            return await self._inner.send(message)
        said = await self._inner.send(replace(message, options=()))
        if said.outcome != "sent":
            return said
        number, address = outbox.id_of(message.key), message.address
        await self._store.write(
            app_cards.offer, Offer(number, address.conversation, message.about, message.options), ME, cause=message.cause
        )
        body = cards.choices(number, message.options, _title(message.text))
        try:
            sent = await calls_app.message_send(self._client, int(address.account), [address.peer], "template_card", body)
        except Unknown as error:
            return Delivery("sent", said.external_id, error.code, f"按钮卡片没有确认送达：{error.say}")
        except LaoyouError as error:
            await self._store.write(app_cards.note, Told(number, "failed", error.say), ME, cause=message.cause)
            await self._inner.send(replace(message, key=f"{message.key}:lines", text="可以直接回复：", attachments=()))
            return Delivery("sent", said.external_id, error.code, f"按钮卡片没有发出，已改为文字：{error.say}")
        await self._store.write(app_cards.arrived, Arrived(number, sent.msgid, sent.code), ME, cause=message.cause)
        return said


def pressed(work: Work, message: InboundMessage) -> None:
    """A press becomes what that person said, once, if the card is theirs and what it decides still stands; the card then says so."""
    task, number = cards.pressed({"event_key": message.raw.get("EventKey"), "task_id": message.raw.get("TaskId")})
    found = app_cards.get(work, task) if task else None
    code = message.reply_to.get("response_code", "")
    if found is None or not 0 <= number < len(found.options):
        return
    if found.conversation != message.address.conversation:
        return
    choice = found.options[number]
    if found.state == "offered" and not _stands(work, found):
        app_cards.end(work, Change(task, "close", cards.TOO_LATE, code))
    elif app_cards.choose(work, task, choice):
        row = outbox.get(work, task)
        named = f"{task}.{number + 1}" if row is not None and row.message.asks else ""
        said = replace(message, external_id=f"press:{task}", kind="text", text=choice, event="", choice=named)
        inbox.accept(work, [said], debounce=inbox.AT_ONCE)
        app_cards.show(work, Change(task, "settle", f"已选择：{choice}", code))
    else:
        app_cards.show(work, Change(task, "settle", f"已选择：{found.chosen}" if found.chosen else cards.TOO_LATE, code))


def ask_approvers(work: Work, plan_id: str) -> None:
    """Where somebody else has to approve a plan, those who may and who use the app's chat are asked there, each once for each version."""
    stored = operations.plan(work, plan_id)
    if stored.state != "awaiting_approval" or stored.preview is None:
        return
    able = [one for one in access.operators(work) if not one.disabled and access.allowed(one.principal("wecom"), "plan:approve")]
    others = [one for one in able if one.principal("wecom").label != stored.maker]
    if len(others) < len(able) and not stored.preview.second_person:
        return
    asked = [(one, _chat(work, one.userid)) for one in others if one.userid]
    text = _request(stored)
    key = operations.subject(stored)
    outbox.queue(
        work,
        [
            OutboundMessage(f"ask:{key}:{one.id}", chat, text, stored.id, options=(operations.approval(stored),), about=key)
            for one, chat in asked
            if chat is not None
        ],
    )


def _request(stored: operations.Stored) -> str:
    seen = stored.preview
    assert seen is not None
    return "\n".join(
        [
            f"请批准「{stored.plan.title}」",
            f"目标：{stored.plan.goal}",
            f"圈中 {seen.people} 人，能触达 {seen.reachable} 人，最多花费 {format_yuan(seen.worst_fen)} 元",
            *(f"文案样例：{sample.get('text', '')}" for sample in seen.samples[:1]),
            *(f"注意：{warning}" for warning in seen.warnings),
            f"同意请点下面的按钮，或回复“{operations.approval(stored)}”；要否决或细看请到控制台的“方案”。",
        ]
    )


def _chat(view: View, userid: str) -> Address | None:
    """The app's chat with this employee, if they ever wrote there."""
    theirs = sa.and_(inbox_rows.c.conversation.startswith("app:"), inbox_rows.c.conversation.endswith(f":{userid}", autoescape=True))
    rows = sa.select(inbox_rows.c.conversation).where(theirs).order_by(inbox_rows.c.received_at.desc()).limit(1)
    found = view.scalar(rows)
    return _address(found) if found is not None else None


def withdraw_decided(work: Work, plan_id: str) -> None:
    """Cards that would approve a plan as it is not any more: of an older version they are taken back, of a decided plan they say so."""
    for one in app_cards.open_about(work, f"{PLAN}{plan_id}:"):
        if _stands(work, one):
            continue
        state = _plan(work, one)
        done = DECIDED.get(state.state, "") if state is not None else ""
        app_cards.end(work, Change(one.id, "close", done) if done else Change(one.id, "withdraw", cards.TOO_LATE))


def handlers(store: Store, client: WeComClient) -> dict[str, Handler]:
    """The handler of app.card jobs."""
    return {app_cards.JOB: _Desk(store, client)}


class _Desk:
    """Changes cards on phones. Each call may be made again: done twice it shows the same."""

    def __init__(self, store: Store, client: WeComClient) -> None:
        self._store = store
        self._client = client

    async def __call__(self, job: Job) -> None:
        found = await self._store.read(app_cards.get, job.key)
        if found is None:
            return
        change = Change(job.key, str(job.payload["do"]), str(job.payload["say"]), str(job.payload["code"]))
        try:
            told = await self._changed(found, change)
        except Unknown as error:
            await self._store.write(app_cards.note, Told(found.id, UNSURE, error.say), ME)
            raise Transient(error.say, retry_at=self._store.clock.now() + RETRY, code="card_unknown") from None
        except Transient:
            raise
        except LaoyouError as error:
            # A code that is used up where nobody knew whether it was: it was, and shows what we wanted.
            done = found.state == UNSURE and error.code == "wecom_reply_used"
            told = Told(found.id, _end_of(change), change.say) if done else Told(found.id, "stays", error.say)
        await self._store.write(app_cards.note, told, ME)

    async def _changed(self, found: Card, change: Change) -> Told:
        age = self._store.clock.now() - found.offered_at
        if change.do == "withdraw" and found.msgid and age < RECALLABLE:
            await calls_app.message_recall(self._client, found.msgid)
            return Told(found.id, "withdrawn", change.say)
        code = change.code or found.code
        if not code or (not change.code and age >= CHANGEABLE):
            return Told(found.id, "stays", "卡片已经不能再改，点了也不会有效果")
        row = await self._store.read(outbox.get, found.id)
        title = _title(row.message.text) if row is not None else ""
        where = _address(found.conversation)
        card = cards.settled(found.id, change.say, title)
        await calls_app.update_template_card(self._client, int(where.account), [where.peer], code, card)
        return Told(found.id, _end_of(change), change.say)


def _end_of(change: Change) -> str:
    return "settled" if change.do == "settle" else "closed"


def _stands(view: View, found: Card) -> bool:
    """Whether what the card offers is still to be decided as it was shown."""
    if found.state != "offered":
        return False
    if found.subject.startswith(PLAN):
        stored = _plan(view, found)
        return stored is not None and stored.state == "awaiting_approval" and operations.subject(stored) == found.subject
    asked = confirm.pending(view, found.conversation)
    return asked is None or asked.asked_at <= found.offered_at


def _plan(view: View, found: Card) -> operations.Stored | None:
    try:
        return operations.plan(view, found.subject.removeprefix(PLAN).rpartition(":")[0])
    except Invalid:
        return None


def _address(conversation: str) -> Address:
    channel, account, peer = conversation.split(":", 2)
    return Address(channel, account, peer)


def _title(text: str) -> str:
    return text.strip().split("\n", 1)[0] or "请选择"
