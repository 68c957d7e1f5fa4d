"""Operators in the app chat: a sentence becomes a plan with its preview; plain words approve, pause, stop and report. No model needed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from assistant import access, operations
from assistant.base.errors import Invalid, LaoyouError
from assistant.base.principal import Principal
from assistant.dialogue.closing import Close
from assistant.dialogue.opening import Opened
from assistant.dialogue.plan_text import preview_text, report_text
from assistant.operations import Stored
from assistant.store import Store, View

OPEN = ("draft", "previewed", "awaiting_approval")
GOING = ("approved", "running", "paused")
_APPROVE = re.compile(r"^(批准|同意|approve)[\s：:]*([0-9a-f]{6,64})$", re.IGNORECASE)
_REVISION = re.compile(
    r"^(把)?(预算|只要|只发|不要|不发|别|文案|改|换成|对照|明天|后天|今天|下周|周[一二三四五六日天]|上午|下午|加上|人数|最多|去掉)"
)
_STEER: dict[str, Callable[..., object]] = {
    "暂停": operations.pause,
    "继续": operations.resume,
    "恢复": operations.resume,
    "停止": operations.stop,
    "终止": operations.stop,
}
_BARE = ("批准", "同意", "可以", "好的", "好", "确认", "没问题", "approve", "ok", "OK")
_REPORT = ("报告", "进度", "结果", "效果")
_GREETINGS = ("帮助", "help", "你好", "您好", "在吗")
HELP = "您直接说目标就好，比如“唤醒 60 天没下单的棉质睡衣老客，预算 5000 元，周五前”。我会先给您看人、钱和文案，批准后才会执行。"


class Said(NamedTuple):
    """An answer, and what may be pressed instead of written next."""

    text: str
    options: tuple[str, ...] = ()
    about: str = ""


class Desk:
    """Answers one operator's message. What it may do is checked again by every command of ``operations``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, opened: Opened) -> Close:
        """The close of the turn; errors become the sentence the operator reads."""
        try:
            said = await self._answer(opened)
        except LaoyouError as error:
            said = Said(error.say)
        # Elsewhere a choice would only be a numbered line that cannot be pressed.
        options = said.options if opened.conversation.channel in ("bot", "app") else ()
        return Close(opened, said.text, options, model="desk", about=said.about)

    async def _answer(self, opened: Opened) -> Said:
        sentence = " ".join(opened.said).strip()
        who, key = opened.speaker.principal, opened.turn
        if sentence.lower() in _GREETINGS:
            return Said(HELP)
        approval = _APPROVE.match(sentence)
        if approval is not None:
            return await self._approve(who, key, approval[2].lower())
        if sentence in _BARE:
            return await self._which(who)
        if sentence in _STEER:
            return await self._steer(who, key, sentence)
        if sentence in _REPORT:
            return await self._report(who)
        return await self._plan(who, key, sentence)

    async def _plan(self, who: Principal, key: str, sentence: str) -> Said:
        current = await self._store.read(_newest, who.label, OPEN)
        if current is not None and _REVISION.match(sentence):
            revision = operations.Revise(key, current.id, sentence)
            changed = (await self._store.write(operations.revise, [revision], who, cause=current.id))[0]
        else:
            changed = (await self._store.write(operations.draft, [operations.Draft(key, sentence)], who))[0]
        stored = await self._store.read(operations.plan, changed.plan_id)
        if stored.plan.questions:
            asked = "\n".join(f"· {question}" for question in stored.plan.questions)
            return Said(f"方案「{stored.plan.title}」还差一点信息：\n{asked}\n直接回复就行。")
        await operations.preview_all(self._store, stored.id, who)
        await self._store.write(operations.submit, [operations.Submit(f"{key}:submit", stored.id)], who, cause=stored.id)
        shown = await self._store.read(operations.plan, stored.id)
        if not _may_approve(who, shown):
            return Said(f"{preview_text(shown)}\n这个方案要由另一位有批准权限的同事来批准。")
        return Said(preview_text(shown), (operations.approval(shown),), operations.subject(shown))

    async def _approve(self, who: Principal, key: str, digest: str) -> Said:
        waiting = await self._store.read(operations.plans, ["awaiting_approval"], 200)
        found = [stored for stored in waiting if stored.digest.startswith(digest)]
        if len(found) != 1:
            raise Invalid("没有找到等待批准的这个方案，请核对批准码", code="no_such_digest")
        approval = operations.Approve(key, found[0].id, found[0].digest)
        await self._store.write(operations.approve, [approval], who, cause=found[0].id)
        head = f"已批准「{found[0].plan.title}」，开始执行：先发给一小部分人看看，再发给其余的人。"
        return Said(head + "回复“进度”随时看结果，“暂停”或“停止”随时叫停。", ("进度", "暂停", "停止"))

    async def _which(self, who: Principal) -> Said:
        """A yes without a code: names what waits, because a yes must say to what."""
        waiting = await self._store.read(operations.plans, ["awaiting_approval"], 5)
        if not waiting:
            return Said("现在没有等待批准的方案。" + HELP)
        lines = [f"· 「{stored.plan.title}」：回复“{operations.approval(stored)}”" for stored in waiting]
        mine = [stored for stored in waiting if _may_approve(who, stored)]
        about = operations.subject(mine[0]) if len(mine) == 1 else ""
        return Said("请带上批准码，免得批错：\n" + "\n".join(lines), tuple(map(operations.approval, mine)), about)

    async def _steer(self, who: Principal, key: str, word: str) -> Said:
        current = await self._store.read(_newest, "", GOING)
        if current is None:
            return Said("现在没有正在执行的方案。")
        await self._store.write(_STEER[word], [operations.Steer(key, current.id)], who, cause=current.id)
        return Said(f"好的，方案「{current.plan.title}」已{word}。", ("继续", "停止") if word == "暂停" else ())

    async def _report(self, who: Principal) -> Said:
        current = await self._store.read(_newest, who.label, ()) or await self._store.read(_newest, "", ())
        if current is None:
            return Said("还没有方案。" + HELP)
        return Said(report_text(current, await self._store.read(operations.report, current.id)))


def _may_approve(who: Principal, stored: Stored) -> bool:
    """Whether the button would do anything for this person; the command decides again."""
    alone = stored.preview is None or not stored.preview.second_person or stored.maker != who.label
    return alone and access.allowed(who, "plan:approve")


def _newest(view: View, maker: str, states: tuple[str, ...]) -> Stored | None:
    """The newest plan in these states (all when empty), of this maker (anybody when empty)."""
    return next((stored for stored in operations.plans(view, states) if maker in ("", stored.maker)), None)
