"""Joins settings and the WeCom doctor for the command line; beside ``app``, which it does not start."""

from __future__ import annotations

from collections.abc import Callable

import aiohttp

from assistant import telemetry
from assistant.base.clock import SHANGHAI, Clock
from assistant.channels import quota
from assistant.flows.bot_line import LineState, line_state
from assistant.flows.doctor import Corp, Doctor, Finding
from assistant.settings import Settings
from assistant.store import Store, migrate
from assistant.wecom import CryptoError, Envelope, WeComClient
from assistant.wecom.token_shelf import TokenShelf


async def wecom(settings: Settings, clock: Clock, tell: Callable[[str], object]) -> list[Finding]:
    """Examines the corp of the settings, tells each finding as it comes, and returns them all."""
    telemetry.register_secret(*settings.secret_values())
    settings.home.mkdir(parents=True, exist_ok=True)
    migrate.upgrade(settings.database_url)
    store = Store(settings.database_url, clock)
    found: list[Finding] = []

    def say(finding: Finding) -> None:
        found.append(finding)
        tell(str(finding))

    try:
        async with aiohttp.ClientSession() as session:
            kept = settings.wecom
            client = WeComClient(session, kept.api_base, kept.corp_id, kept.secrets(), clock, shelf=TokenShelf(store))
            async for finding in Doctor(corp_of(settings), client, session, clock).examine():
                say(finding)
            for name in [name for name, _ in settings.robots]:
                say(Finding("fine", f"群机器人“{name}”已设置，有通知时才会发言"))
            if not settings.robots:
                say(Finding("off", "没有设置群机器人（LAOYOU_ROBOTS），内部通知只在控制台看得到"))
        if kept.bot_id and kept.bot_mode == "socket":
            say(_bot_line(await store.read(line_state, kept.bot_id)))
        for closed in await store.read(quota.closed):
            say(_closed(closed))
    finally:
        store.close()
    wrong = sum(finding.state == "wrong" for finding in found)
    tell(f"发现 {wrong} 个问题" if wrong else "企业微信的设置一切正常")
    return found


LIMITS = {
    quota.MASS: "发给同一位客户的群发",
    quota.MASS_GROUP: "发给同一个客户群的群发",
    quota.REMIND: "对员工确认群发的提醒",
    quota.MOMENTS: "朋友圈任务",
    quota.APP_MEMBER: "发给同一位员工的应用消息",
    quota.APP_DAY: "应用消息",
    quota.BOT: "机器人在同一个会话里的消息",
    quota.ROBOT: "群机器人的消息",
}


def _closed(closed: quota.Closed) -> Finding:
    """A limit that WeCom has closed, and until when."""
    whose = f"（{closed.label}）" if closed.label else ""
    until = f"{closed.until.astimezone(SHANGHAI):%m-%d %H:%M}"
    return Finding("wrong", f"企业微信说{LIMITS[closed.limit]}太多了{whose}", f"不用处理，{until} 以后自动恢复；经常这样时少发一些")


def _bot_line(line: LineState) -> Finding:
    """Who holds the bot's long connection, as the running processes have written it down."""
    when = f"{line.changed_at.astimezone(SHANGHAI):%m-%d %H:%M}" if line.changed_at else ""
    held = f"由 {line.by or '未知进程'} 持有" + (f"（{line.since.astimezone(SHANGHAI):%m-%d %H:%M} 起）" if line.since else "")
    if line.state == "free":
        return Finding("wrong", "没有进程持有机器人的长连接", "启动服务（python main.py serve）后再检查")
    if line.state == "connected":
        return Finding("fine", f"机器人的长连接已接通，{held}，{when} 接通")
    if line.state == "displaced":
        return Finding("wrong", f"机器人的长连接 {when} 被另一个程序顶掉，{held}", line.say)
    what = {"connecting": "正在接通", "lost": "断了，正在重连", "refused": "被企业微信拒绝"}.get(line.state, line.state)
    click = line.say or "过一分钟再检查；一直这样时检查服务器到 LAOYOU_WECOM_BOT_URL 的网络"
    return Finding("wrong", f"机器人的长连接{what}（{when} 起），{held}", click)


def corp_of(settings: Settings) -> Corp:
    """What the doctor needs of the settings; a key that cannot be one is left out and told as missing."""
    kept = settings.wecom
    endpoints = {}
    for name, (token, key, receiver) in kept.endpoints().items():
        try:
            endpoints[name] = Envelope(token, key, receiver)
        except CryptoError:
            continue
    accounts = tuple(filter(None, (one.strip() for one in kept.kf_account.split(","))))
    address = f"http://{settings.host}:{settings.port}"
    bot = "" if not kept.bot_id else kept.bot_mode
    return Corp(kept.corp_id, kept.api_base, kept.agent_id, frozenset(kept.secrets()), accounts, endpoints, address, bot)
