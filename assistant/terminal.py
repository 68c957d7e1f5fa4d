"""The command line's own conversations: a goal to a previewed plan, a chat as one member, a health check."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import aiohttp

from assistant import agent, paying
from assistant.base.clock import Clock
from assistant.base.errors import Invalid
from assistant.base.ids import fresh
from assistant.base.principal import Principal
from assistant.channels import confirm
from assistant.dialogue.plan_text import preview_text
from assistant.domain import cashback, contacts, ledger, members
from assistant.flows import contact_sync, erasing, exporting
from assistant.flows.contact_events import SYNC
from assistant.jobs import EmbeddedRunner, held
from assistant.settings import Settings
from assistant.store import Store, View, migrate
from tools import ToolContext, toolbox_for

LEAST_FREE = 50_000_000
BYE = ("", "退出", "exit", "quit")


def plan_of(settings: Settings, clock: Clock, sentence: str, who: Principal) -> str:
    """The plan of a sentence with its preview, stored and waiting for approval; nothing is sent."""
    from assistant import app, operations  # noqa: PLC0415 - joins every room

    app.know_features()
    migrate.upgrade(settings.database_url)
    store = Store(settings.database_url, clock)
    try:
        key = fresh("goal")
        drafted = store.do(operations.draft, [operations.Draft(key, sentence)], who)[0]
        stored = store.look(operations.plan, drafted.plan_id)
        if stored.plan.questions:
            return "还差一点信息：\n" + "\n".join(f"· {question}" for question in stored.plan.questions)
        asyncio.run(operations.preview_all(store, stored.id, who))
        store.do(operations.submit, [operations.Submit(f"{key}:submit", stored.id)], who)
        return preview_text(store.look(operations.plan, stored.id))
    finally:
        store.close()


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A sentence for each listing that is done, and for each that could not be finished."""

    done: list[str]
    failed: list[str]


LISTINGS = {"tags": "企业标签", "contacts": "好友", "groups": "客户群"}
LOOK_SECONDS = 0.2


async def reconcile(settings: Settings, clock: Clock, who: Principal, show: Callable[[str, int, int, str], None]) -> Reconciled:
    """Holds friends, groups and tags against WeCom, here or in a service that runs beside; ``show`` (listing, looked, total, trouble)."""
    from assistant import app, triggers  # noqa: PLC0415 - joins every room

    settings.home.mkdir(parents=True, exist_ok=True)
    await asyncio.to_thread(migrate.upgrade, settings.database_url)
    store = Store(settings.database_url, clock, triggers.REACTIONS)
    try:
        before = {run.id for run in await store.read(contacts.latest) if run.status == "done"}
        async with aiohttp.ClientSession() as session:
            desk = contact_sync.ContactSync(store, app.wecom_client(settings, settings.wecom, session, store), app.quiet)
            runner = EmbeddedRunner(store, desk.handlers(), lease_seconds=settings.lease_seconds)
            await store.write(contact_sync.ask_by_hand, None, who, cause="cli")
            await runner.start()
            try:
                return await _watched(store, before, show)
            finally:
                await runner.stop()
    finally:
        store.close()


async def _watched(store: Store, before: Collection[str], show: Callable[[str, int, int, str], None]) -> Reconciled:
    while True:
        runs = [run for run in await store.read(contacts.latest) if run.id not in before]
        for run in runs:
            show(LISTINGS[run.kind], run.looked, run.total, run.trouble)
        stuck = {one.key: one.reason for one in await store.read(held) if one.kind == SYNC}
        ended = [run for run in runs if run.status == "done"]
        if len({run.kind for run in ended} | stuck.keys()) == len(contacts.KINDS):
            done = [f"{LISTINGS[run.kind]}：看了 {run.looked} 条，{run.differences} 处不一样" for run in ended]
            return Reconciled(done, [f"{LISTINGS[kind]}：没有对完，{reason}" for kind, reason in stuck.items()])
        await asyncio.sleep(LOOK_SECONDS)


def export(settings: Settings, clock: Clock, ref: str, who: Principal) -> tuple[str, bytes]:
    """(member id, zip) of everything about one person; who took it is kept."""
    store = Store(settings.database_url, clock)
    try:
        copy = store.look(exporting.copy_of, ref, who)
        store.do(exporting.note, copy.member_id, who)
        return copy.member_id, exporting.packed(copy)
    finally:
        store.close()


def erase(settings: Settings, clock: Clock, ref: str, reason: str, who: Principal) -> erasing.Erased:
    """Erases one person for good."""
    store = Store(settings.database_url, clock)
    try:
        request = erasing.Erase(fresh("erase"), ref, fresh(erasing.GONE), reason)
        done: erasing.Erased = store.do(erasing.erase, [request], who)[0]
        return done
    finally:
        store.close()


async def chat(settings: Settings, clock: Clock, ref: str) -> int:
    """Talks as the member until an empty line; the same tools and planner as in a customer's conversation."""
    from assistant.app import Brain  # noqa: PLC0415 - joins every room

    migrate.upgrade(settings.database_url)
    store = Store(settings.database_url, clock)
    brain = Brain(settings)
    try:
        member_id = await store.read(members.find, ref)
        if member_id is None:
            raise Invalid(f"找不到会员 {ref}，请用会员编号、店铺会员号或“命名空间:值”", code="no_member")
        conversation = f"terminal:{member_id}"
        for number in itertools.count():
            said = (await asyncio.to_thread(_read_line)).strip()
            if said in BYE:
                return 0
            print(await _answer(store, brain, member_id, conversation, said, f"{fresh('turn')}:{number}"))  # noqa: T201
        return 0
    finally:
        await brain.close()
        store.close()


def _read_line() -> str:
    try:
        return input("您> ")
    except EOFError:
        return ""


async def _answer(store: Store, brain: Any, member_id: str, conversation: str, said: str, turn: str) -> str:
    who = Principal("member", member_id, via="terminal")
    pending = await store.read(confirm.pending, conversation)
    context = ToolContext(store, who, member_id, conversation, turn, (said,), pending, brain)
    brief = agent.Brief("", said, "single", store.clock.now(), turn, pending=pending.question if pending else "")
    models = await brain.models()
    thought = await agent.think_safely(models, brief, toolbox_for(context, group=False), agent.Limits(), _Nowhere())
    return f"小棉> {thought.text}"


class _Nowhere:
    """A transcript that nobody resumes from."""

    def events(self) -> list[dict[str, Any]]:
        return []

    async def record(self, event: dict[str, Any]) -> None:
        """Nothing is kept."""


def examine(settings: Settings, clock: Clock, free: int) -> list[str]:
    """What is wrong, one sentence each; empty when all is well."""
    problems = []
    if free < LEAST_FREE:
        problems.append(f"磁盘只剩 {free // 1_000_000} MB，请清理后再启动")
    try:
        paying.keys(settings.pay)
    except Invalid as error:
        problems.append(error.say)
    if settings.database_url.startswith("sqlite") and not settings.home.exists():
        return [*problems, f"数据目录 {settings.home} 还不存在，请先运行 migrate 或 simulate"]
    store = Store(settings.database_url, clock)
    try:
        off = {asset: total for asset, total in store.look(ledger.totals).items() if total}
        problems.extend(f"账本不平：资产 {asset} 的分录合计为 {total}，应为 0" for asset, total in off.items())
        stopped = store.look(_held)
        if stopped:
            problems.append(f"有 {stopped} 件任务停下等人处理，请在控制台的“待办”里查看")
        if why := store.look(cashback.halted_why):
            problems.append(f"返现打款已暂停：{why}；处理好之后请在控制台的“返现”里点“继续打款”")
    finally:
        store.close()
    return problems


def _held(view: View) -> int:
    return len(held(view))
