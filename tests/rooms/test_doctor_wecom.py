"""The doctor of WeCom: what is fine, what is not and what to click, against the simulator with each fault; no secret is hammered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from assistant import checkup
from assistant.base.clock import ManualClock, SystemClock
from assistant.base.principal import system
from assistant.channels import holding, quota
from assistant.flows.doctor import Corp, Doctor, Finding
from assistant.settings import Settings
from assistant.store import Store, migrate
from assistant.wecom import Envelope, WeComClient, verify_url
from assistant.wecom.simulator import Simulator
from tests.support.simulated import CONFIG, KEY, SECRETS

ENDPOINTS = {
    "app": Envelope("appToken", KEY, CONFIG.corp_id),
    "kf": Envelope("kfToken", KEY, CONFIG.corp_id),
    "bot": Envelope("botToken", KEY, ""),
}


@dataclass
class Clinic:
    """A simulated corp, our own service, and what the doctor is told of the settings."""

    simulator: Simulator
    clock: ManualClock
    corp: Corp
    session: aiohttp.ClientSession
    secrets: Mapping[str, str]

    async def examine(self) -> list[Finding]:
        async def pause(_seconds: float) -> None:
            pass

        client = WeComClient(self.session, self.corp.api_base, self.corp.corp_id, self.secrets, self.clock, pause=pause)
        return [finding async for finding in Doctor(self.corp, client, self.session, self.clock).examine()]

    async def wrong(self) -> str:
        return "\n".join(str(finding) for finding in await self.examine() if finding.state == "wrong")

    def asked(self, path: str) -> int:
        return sum(call.path == path and bool(call.body.get("corpsecret") or path != "gettoken") for call in self.simulator.calls)


@pytest.fixture
async def clinic() -> AsyncIterator[Clinic]:
    clock = ManualClock(SystemClock().now())
    simulator = Simulator(CONFIG, clock)
    simulator.world.add_staff("wang", "小王")

    async def verify(request: web.Request) -> web.Response:
        return web.Response(body=verify_url(ENDPOINTS[request.match_info["name"]], request.query, clock.now()))

    ours = web.Application()
    ours.router.add_get("/wecom/{name}", verify)
    async with serving(simulator.api_app()) as api, serving(ours) as address, aiohttp.ClientSession() as session:
        corp = Corp(CONFIG.corp_id, api, 1000002, frozenset(SECRETS), ("wkKF",), ENDPOINTS, address)
        yield Clinic(simulator, clock, corp, session, SECRETS)


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    server = TestServer(app)
    await server.start_server()
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        await server.close()


async def test_a_corp_that_is_set_up_well_has_nothing_wrong_and_each_secret_was_asked_once(clinic: Clinic) -> None:
    found = await clinic.examine()
    servicers = [one for one in found if one.state == "wrong" and "没有人在接待" in one.say]
    assert [one for one in found if one.state == "wrong"] == servicers
    said = "\n".join(map(str, found))
    for words in ("企业 ID：ww1a2b", "自建应用的 Secret 有效", "客户联系的权限有效，1 名成员", "客服账号", "https://你的域名/wecom/kf"):
        assert words in said
    assert clinic.asked("gettoken") == 3
    assert not any(secret in said for secret in SECRETS.values())


@pytest.mark.parametrize("app", ["app", "kf", "contact"])
async def test_a_wrong_secret_names_its_page_and_is_tried_once(clinic: Clinic, app: str) -> None:
    clinic.secrets = {**SECRETS, app: "wrong"}
    told = await clinic.wrong()
    assert f"重新复制到 LAOYOU_WECOM_{app.upper()}_SECRET" in told
    assert clinic.asked("gettoken") == 3


async def test_a_wrong_corp_id_and_a_ban_are_told_apart(clinic: Clinic) -> None:
    clinic.corp = replace(clinic.corp, corp_id="ww9", secrets=frozenset({"app"}))
    assert "核对 LAOYOU_WECOM_CORP_ID" in await clinic.wrong()
    clinic.simulator.faults.inject("gettoken", errcode=45009, times=None)
    clinic.corp = replace(clinic.corp, corp_id="xx1", secrets=frozenset({"app"}))
    told = await clinic.wrong()
    assert "被禁一小时" in told
    assert "应以 ww 或 wx 开头" in told


async def test_an_address_that_is_not_trusted_is_named(clinic: Clinic) -> None:
    for name in ("app", "kf", "contact"):
        clinic.simulator.tokens.trust(name, frozenset({"203.0.113.9"}))
    clinic.simulator.advance(61)
    clinic.clock.advance(timedelta(seconds=0))
    told = await clinic.wrong()
    assert "企业可信 IP → 配置，加上 127.0.0.1；一分钟后生效" in told


@pytest.mark.parametrize(
    ("path", "errcode", "words"),
    [
        ("externalcontact/get_follow_user_list", 48002, "客户联系 → API → 可调用接口的应用，选上这个应用"),
        ("kf/account/list", 48007, "微信客服 → 可调用接口的应用，选上这个应用"),
        ("agent/get", 40056, "核对 LAOYOU_WECOM_AGENT_ID"),
        ("agent/get", 60020, "企业可信 IP → 配置"),
        ("agent/get", 45009, "稍后再检查一次"),
        ("kf/account/list", -1, "稍后再检查一次"),
    ],
)
async def test_each_refusal_of_wecom_says_what_to_click(clinic: Clinic, path: str, errcode: int, words: str) -> None:
    clinic.simulator.faults.inject(path, errcode=errcode, times=None)
    assert words in await clinic.wrong()


@pytest.mark.parametrize("mode", ["lost_before", "lost_after", "bad_gateway", "truncated"])
async def test_a_broken_connection_is_a_finding_and_no_crash(clinic: Clinic, mode: Any) -> None:
    clinic.simulator.faults.inject("*", mode, times=None)
    told = await clinic.wrong()
    assert "一直这样时检查服务器的网络" in told


async def test_what_is_missing_in_the_settings_or_at_wecom_is_told(clinic: Clinic) -> None:
    clinic.corp = replace(clinic.corp, kf_accounts=("wkNobody",), secrets=frozenset(SECRETS), endpoints={"app": ENDPOINTS["app"]})
    clinic.simulator.world.apps[0].visible = set()
    found = "\n".join(map(str, await clinic.examine()))
    assert "找不到客服账号 wkNobody" in found
    assert "可见范围是空的" in found
    assert "没有设置微信客服的回调" in found


async def test_our_own_service_is_asked_as_wecom_would(clinic: Clinic) -> None:
    other = Envelope("appToken", KEY[::-1], CONFIG.corp_id)
    clinic.corp = replace(clinic.corp, endpoints={**ENDPOINTS, "app": other}, bot="socket")
    found = "\n".join(map(str, await clinic.examine()))
    assert "自建应用的回调：" in found
    assert "✓ 微信客服的回调在本机应答正确" in found
    assert "长连接，不需要回调地址" in found
    clinic.corp = replace(clinic.corp, address="http://127.0.0.1:1")
    assert "没有应答" in await clinic.wrong()


async def test_a_clock_that_is_off_is_told(clinic: Clinic) -> None:
    clinic.clock.advance(timedelta(minutes=10))
    told = await clinic.wrong()
    assert "服务器的时间比企业微信快" in told


async def test_nothing_listens_where_wecom_should_be(clinic: Clinic, tmp_path: Path) -> None:
    clinic.corp = replace(clinic.corp, api_base="http://127.0.0.1:1")
    told = await clinic.wrong()
    assert "连接不上 http://127.0.0.1:1" in told


async def test_each_limit_that_wecom_closed_is_told_in_words_with_the_time_in_shanghai(
    database: str, clock: ManualClock, tmp_path: Path
) -> None:
    migrate.adopt(database)
    store = Store(database, clock)
    store.do(quota.learn, [quota.Learned(limit, f"whose-{limit}") for limit in quota.LIMITS], system("test"))
    store.close()
    told: list[str] = []
    settings = Settings.load({"LAOYOU_WECOM_API_BASE": "http://127.0.0.1:1", "LAOYOU_DATABASE_URL": database})
    await checkup.wecom(replace(settings, home=tmp_path), clock, told.append)
    closed = [one for one in told if "太多了" in one]
    assert len(closed) == len(quota.LIMITS)
    assert all("11-22 12:01 以后自动恢复" in one for one in closed)
    assert "✗ 企业微信说群机器人的消息太多了（whose-robot）" in [one.split("\n")[0] for one in closed]


@pytest.mark.parametrize(
    ("state", "say", "mark", "words"),
    [
        ("", "", "✗", "没有进程持有机器人的长连接"),
        ("connected", "", "✓", "机器人的长连接已接通，由 box/7 持有（11-22 12:00 起）"),
        ("displaced", "停掉另一处", "✗", "被另一个程序顶掉，由 box/7 持有（11-22 12:00 起）\n    → 停掉另一处"),
        ("refused", "核对 Secret", "✗", "被企业微信拒绝"),
        ("lost", "", "✗", "断了，正在重连"),
    ],
    ids=["free", "connected", "displaced", "refused", "lost"],
)
async def test_the_doctor_tells_who_holds_the_bots_line(
    database: str, clock: ManualClock, tmp_path: Path, state: str, say: str, mark: str, words: str
) -> None:
    bot = {"BOT_ID": "aib1", "BOT_MODE": "socket", "BOT_SECRET": "s", "CORP_ID": "ww1", "API_BASE": "http://127.0.0.1:1"}
    settings = Settings.load({f"LAOYOU_WECOM_{name}": value for name, value in bot.items()} | {"LAOYOU_DATABASE_URL": database})
    migrate.adopt(database)
    store = Store(database, clock)
    hold = holding.Hold("bot:aib1", "hold_1", 3600.0, "box/7")
    if state:
        store.do(lambda work, _: holding.take(work, hold), None, system("test"))
        store.do(lambda work, _: holding.note(work, holding.Noted(hold.name, hold.token, state, say)), None, system("test"))
    store.close()
    told: list[str] = []
    await checkup.wecom(replace(settings, home=tmp_path), clock, told.append)
    (line,) = [one for one in told if "长连接" in one and "不需要回调地址" not in one]
    assert words in line
    assert line.startswith(mark)
