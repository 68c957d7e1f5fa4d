"""The demo brand on this machine: seeded on the first start, forgotten on request, with a word of welcome."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from tqdm import tqdm

from assistant import access
from assistant.base.clock import Clock
from assistant.base.errors import Invalid
from assistant.base.ids import fresh
from assistant.base.principal import Principal
from assistant.domain import activities, audience, journeys, members, orders
from assistant.flows import demo as brand
from assistant.flows import demo_activities, demo_membership
from assistant.flows.importing import import_lines
from assistant.settings import Settings
from assistant.store import Store, Work, cursor, is_sqlite, migrate, upsert
from assistant.triggers import REACTIONS

SEEDER = Principal("operator", "demo", frozenset({"owner"}), via="demo")
LOGIN = ("he", "laoyou-demo")
APPROVER = ("song", "laoyou-demo")
MALL = (
    ("sock", "中筒纯棉袜一双", 300, 200, 5),
    ("bag", "内衣旅行收纳袋", 500, 120, 2),
    ("wash", "内衣专用洗衣液 500ml", 800, 80, 2),
    ("sleep", "真丝眼罩", 1500, 30, 1),
    ("coffee", "楼下咖啡店 20 元券（异业）", 2000, 50, 1),
)


def only_locally(settings: Settings) -> None:
    """The simulation hands out its logins in the open, so it is kept on loopback; raises Invalid otherwise."""
    if settings.host not in ("127.0.0.1", "localhost", "::1"):
        raise Invalid(f"模拟环境只能监听本机地址，不能是 {settings.host}；请去掉 --host 或 LAOYOU_HOST", code="simulate_not_local")


def forget(settings: Settings) -> None:
    """Throws the demo's data away; only its own SQLite home is ever removed."""
    if not is_sqlite(settings.database_url):
        raise Invalid("重置只用于本机的 SQLite 演示数据；PostgreSQL 请自己新建一个空数据库", code="reset_not_sqlite")
    for path in settings.home.glob("laoyou.db*"):
        path.unlink()
    shutil.rmtree(settings.home / "knowledge", ignore_errors=True)


def prepare(settings: Settings, clock: Clock) -> None:
    """Seeds the brand unless it is there already; an interrupted seeding goes on with the same lines."""
    settings.home.mkdir(parents=True, exist_ok=True)
    migrate.upgrade(settings.database_url)
    store = Store(settings.database_url, clock)
    try:
        state = store.look(_state)
        if state.get("done"):
            return
        begun = datetime.fromisoformat(state["begun"]) if state else clock.now()
        store.do(_note, {"begun": begun.isoformat()}, SEEDER)
        _seed(store, begun)
        _open_shop(settings, clock)
        store.do(_note, {"begun": begun.isoformat(), "done": True}, SEEDER)
    finally:
        store.close()


def _seed(store: Store, begun: datetime) -> None:
    lines = [json.dumps(line, ensure_ascii=False).encode() for line in brand.lines(begun)]
    report = import_lines(store, "demo", _shown(lines), SEEDER)
    for bad in report.bad:
        sys.stderr.write(f"{bad}\n")


def _open_shop(settings: Settings, clock: Clock) -> None:
    """What is set up by hand wakes what follows from it, unlike the history before."""
    store = Store(settings.database_url, clock, REACTIONS)
    try:
        store.do(_furnish, None, SEEDER, cause="demo")
    finally:
        store.close()


def _shown(lines: list[bytes]) -> Iterator[bytes]:
    shown: Iterable[bytes] = tqdm(lines, desc="准备演示品牌", unit="行", disable=not sys.stderr.isatty())
    yield from shown


def _furnish(work: Work, _nothing: None) -> None:
    audience.use((*members.FEATURES, *orders.FEATURES))  # all that the descriptions ask for; the app hands over the rest when it opens
    activities.stock_mall(
        work, [activities.StockItem(f"demo:{item}", item, title, cost, stock, most) for item, title, cost, stock, most in MALL]
    )
    journeys.switch(work, [journeys.Switch("demo:birthday", "birthday", True)])
    ids = members.find_all(work, [f"M{number:05d}" for number in range(2, 2 + demo_activities.DRAWN)])
    demo_activities.furnish(work, work.now, fresh("seed"), sorted(ids.values()))
    demo_membership.furnish(work, sorted(ids.values()))
    for (userid, password), roles in ((LOGIN, ("operator",)), (APPROVER, ("owner",))):
        access.add_operators(work, [access.AddOperator(userid, roles, password, userid=userid)])


def _state(view: Any) -> dict[str, Any]:
    return view.scalar(sa.select(cursor.c.value).where(cursor.c.name == "demo")) or {}


def _note(work: Work, value: dict[str, Any]) -> None:
    upsert(work, cursor, [{"name": "demo", "value": value, "at": work.now}], ["name"], ["value", "at"])


def welcome(settings: Settings) -> str:
    """Where to look, how to log in, what to try."""
    return f"""
  老友 Laoyou 已启动（演示品牌「棉语」，企业微信由内置模拟器扮演）

    控制台      http://{settings.host}:{settings.port}
    运营登录    {LOGIN[0]} / {LOGIN[1]}        审批人登录  {APPROVER[0]} / {APPROVER[1]}
    模拟器控制  http://{settings.host}:{settings.control_port}（见 docs/simulator.md）

  可以先试这三件事：
    1. 打开「手机」，以顾客林小满的身份问“我还有多少积分？”，再说“我想换一双袜子”
    2. 打开「目标」，写下“唤醒 60 天没下单的棉质睡衣老客，预算 5000 元，周五前”，看清人和钱再批准
    3. 打开「会话」，接管林小满的对话：助手会立刻安静，直到你放手

  按 Ctrl+C 停止；make reset 重新开始。
"""
