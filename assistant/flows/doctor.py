"""Checks a brand's WeCom set-up: one harmless question for each thing, and for each a sentence on what is wrong and what to click."""

from __future__ import annotations

import base64
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Literal

import aiohttp

from assistant.base.clock import Clock
from assistant.base.errors import LaoyouError, Transient
from assistant.wecom import Envelope, WeComClient
from assistant.wecom.calls_contact import follow_users
from assistant.wecom.calls_corp import agent_get
from assistant.wecom.calls_kf import account_list, servicer_list

MOST_SKEW = 60
"""Seconds. Callbacks older or newer than five minutes are refused, so a clock that is a minute off is worth a word."""

PATIENCE = aiohttp.ClientTimeout(total=5)
NAMES = {"app": "自建应用", "kf": "微信客服", "contact": "客户联系"}
APP_PAGE = "管理后台 → 应用管理 → 自建应用"
KF_PAGE = "管理后台 → 应用管理 → 微信客服"
CONTACT_PAGE = "管理后台 → 客户与上下游 → 客户联系"


@dataclass(frozen=True, slots=True)
class Corp:
    """What the settings say. ``address``: where our own service listens; ``endpoints``: name → envelope of each callback."""

    corp_id: str
    api_base: str
    agent_id: int
    secrets: frozenset[str]
    kf_accounts: tuple[str, ...]
    endpoints: Mapping[str, Envelope]
    address: str
    bot: Literal["", "callback", "socket"] = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """``state``: fine, wrong, or off (not set up, which may be meant). ``click`` says where to go and what to do."""

    state: Literal["fine", "wrong", "off"]
    say: str
    click: str = ""

    def __str__(self) -> str:
        mark = {"fine": "✓", "wrong": "✗", "off": "–"}[self.state]
        return f"{mark} {self.say}" + (f"\n    → {self.click}" if self.click else "")


@dataclass
class Doctor:
    """Examines one corp. Each secret is asked for once, and not at all while WeCom refuses it; nothing is changed anywhere."""

    corp: Corp
    client: WeComClient
    session: aiohttp.ClientSession
    clock: Clock
    _works: set[str] = field(default_factory=set)

    async def examine(self) -> AsyncIterator[Finding]:
        """Every finding, in the order in which they should be mended."""
        yield self._corp_id()
        yield await self._time()
        for app, name in NAMES.items():
            yield await self._secret(app, name)
        for app, look in (("app", self._app), ("contact", self._contact), ("kf", self._kf)):
            if app in self._works:
                async for finding in self._looked(app, look):
                    yield finding
        own = ("contact",) if "contact" in self.corp.endpoints else ()
        for name in ("app", "kf", *own, "bot"):
            yield await self._callback(name)

    def _corp_id(self) -> Finding:
        known = self.corp.corp_id
        where = "管理后台 → 我的企业 → 企业信息，最下面的“企业 ID”填到 LAOYOU_WECOM_CORP_ID"
        if not known:
            return Finding("wrong", "没有设置企业 ID", where)
        if not known.startswith(("ww", "wx")):
            return Finding("wrong", f"企业 ID“{known}”不像企业 ID，应以 ww 或 wx 开头", where)
        return Finding("fine", f"企业 ID：{known}")

    async def _time(self) -> Finding:
        before = self.clock.now()
        try:
            async with self.session.get(f"{self.corp.api_base}/cgi-bin/gettoken", timeout=PATIENCE, allow_redirects=False) as response:
                said = response.headers.get("Date", "")
        except (aiohttp.ClientError, TimeoutError, OSError):
            return Finding(
                "wrong", f"连接不上 {self.corp.api_base}", "检查服务器的网络、DNS 和防火墙，放行到 qyapi.weixin.qq.com 的 443 端口"
            )
        skew = _skew(said, before)
        if skew is not None and abs(skew) > MOST_SKEW:
            return Finding(
                "wrong",
                f"服务器的时间比企业微信{'慢' if skew > 0 else '快'} {abs(skew)} 秒",
                "打开服务器的时间同步（NTP），相差 5 分钟以上的回调会被拒绝",
            )
        return Finding("fine", "连得上企业微信，服务器的时间准")

    async def _secret(self, app: str, name: str) -> Finding:
        variable = f"LAOYOU_WECOM_{app.upper()}_SECRET"
        if app not in self.corp.secrets:
            return Finding("off", f"没有设置{name}的 Secret（{variable}）")
        try:
            await self.client.check(app)
        except LaoyouError as error:
            return Finding("wrong", f"{name}：{error.say}", _mend_secret(app, variable, error))
        self._works.add(app)
        return Finding("fine", f"{name}的 Secret 有效")

    async def _looked(self, app: str, look: Callable[[], AsyncIterator[Finding]]) -> AsyncIterator[Finding]:
        """The findings of one part; a refusal is a finding of its own."""
        try:
            async for finding in look():
                yield finding
        except LaoyouError as error:
            yield Finding("wrong", f"{NAMES[app]}：{error.say}", _mend_call(app, error))

    async def _app(self) -> AsyncIterator[Finding]:
        seen = await agent_get(self.client, self.corp.agent_id)
        if seen.closed:
            yield Finding("wrong", f"应用“{seen.name}”已停用", f"{APP_PAGE} → {seen.name} → 启用")
        elif not seen.anybody:
            yield Finding(
                "wrong", f"应用“{seen.name}”的可见范围是空的，收不到员工的消息，也发不出去", f"{APP_PAGE} → {seen.name} → 可见范围 → 编辑"
            )
        else:
            yield Finding(
                "fine", f"应用“{seen.name}”可见：{seen.members} 名成员、{seen.departments} 个部门、{seen.tags} 个标签；本机 IP 可信"
            )

    async def _contact(self) -> AsyncIterator[Finding]:
        people = await follow_users(self.client)
        if not people:
            yield Finding(
                "wrong", "没有成员能用客户联系，群发和欢迎语都发不出去", f"{CONTACT_PAGE} → 权限配置 → 使用范围，加上跟进客户的员工"
            )
        else:
            yield Finding("fine", f"客户联系的权限有效，{len(people)} 名成员可以跟进客户")

    async def _kf(self) -> AsyncIterator[Finding]:
        known = {account.id: account for account in await account_list(self.client)}
        if not self.corp.kf_accounts:
            names = "、".join(f"{account.name}={account.id}" for account in known.values()) or "（还没有客服账号）"
            yield Finding("off", "没有设置客服账号（LAOYOU_WECOM_KF_ACCOUNT）", f"可用的账号：{names}")
        for number in self.corp.kf_accounts:
            account = known.get(number)
            if account is None:
                yield Finding(
                    "wrong",
                    f"找不到客服账号 {number}",
                    f"{KF_PAGE} → 可调用接口的应用，把这个账号交给本应用管理；或核对 LAOYOU_WECOM_KF_ACCOUNT",
                )
            elif not account.managed:
                yield Finding(
                    "wrong",
                    f"客服账号“{account.name}”没有交给 API 管理，系统不能收发",
                    f"{KF_PAGE} → API → 通过 API 管理微信客服账号，选上它",
                )
            else:
                receiving = sum(one.receiving for one in await servicer_list(self.client, number))
                yield Finding("fine", f"客服账号“{account.name}”可用，{receiving} 名接待人员在接待")
                if not receiving:
                    yield Finding(
                        "wrong", f"客服账号“{account.name}”没有人在接待，转人工会没人接", f"{KF_PAGE} → {account.name} → 接待人员"
                    )

    async def _callback(self, name: str) -> Finding:
        what = {**NAMES, "bot": "智能机器人"}[name]
        if name == "bot" and self.corp.bot == "socket":
            return Finding("fine", "智能机器人用长连接，不需要回调地址")
        envelope = self.corp.endpoints.get(name)
        if envelope is None:
            return Finding("off", f"没有设置{what}的回调（LAOYOU_WECOM_{name.upper()}_TOKEN 和 _AES_KEY）")
        paste = f"在接收消息的设置里填 https://你的域名/wecom/{name}，以及相同的 Token 和 EncodingAESKey"
        trouble = await self._answers(name, envelope)
        if trouble:
            return Finding("wrong", f"{what}的回调：{trouble}", f"启动服务（python main.py serve）后再检查；{paste}")
        return Finding("fine", f"{what}的回调在本机应答正确", paste)

    async def _answers(self, name: str, envelope: Envelope) -> str:
        """Asks our own service as WeCom would when the address is saved; empty if the answer is right."""
        plain = base64.b64encode(secrets.token_bytes(12)).decode()
        seconds, nonce = str(int(self.clock.now().timestamp())), secrets.token_hex(6)
        sealed = envelope.seal(plain.encode(), seconds, nonce)
        query = {"msg_signature": sealed.signature, "timestamp": seconds, "nonce": nonce, "echostr": sealed.encrypt}
        try:
            async with self.session.get(f"{self.corp.address}/wecom/{name}", params=query, timeout=PATIENCE) as response:
                body = await response.content.read(4096)
                if response.status == 200 and body == plain.encode():
                    return ""
                return (
                    "正在运行的服务用的是另一套 Token 或 EncodingAESKey"
                    if response.status in (400, 401, 403)
                    else f"本机应答了 {response.status}"
                )
        except (aiohttp.ClientError, TimeoutError, OSError):
            return f"本机的服务（{self.corp.address}）没有应答"


def _skew(said: str, now: datetime) -> int | None:
    """Seconds that WeCom is ahead of us; None if it does not tell."""
    try:
        return round((parsedate_to_datetime(said) - now).total_seconds())
    except (TypeError, ValueError):
        return None


def _mend_secret(app: str, variable: str, error: LaoyouError) -> str:
    page = {"app": APP_PAGE, "kf": KF_PAGE, "contact": CONTACT_PAGE}[app]
    errcode = error.detail.get("errcode")
    if errcode == 40013:
        return "企业 ID 不对：管理后台 → 我的企业 → 企业信息，核对 LAOYOU_WECOM_CORP_ID"
    if errcode == 45009:
        return "这台服务器因为 Secret 错得太多被禁一小时，改好 Secret，一小时后再检查；这段时间不要反复重启"
    if error.code == "wecom_credentials":
        return f"{page} → Secret → 查看，重新复制到 {variable}；一小时内系统不会再拿错的去试"
    return _mend_call(app, error)


def _mend_call(app: str, error: LaoyouError) -> str:
    if error.code == "wecom_ip":
        told = error.detail.get("ip") or "这台服务器的出口 IP"
        return f"{APP_PAGE} → 企业可信 IP → 配置，加上 {told}；一分钟后生效"
    if error.code == "wecom_permission":
        return {
            "app": f"{APP_PAGE}，检查应用的接口权限",
            "kf": f"{KF_PAGE} → 可调用接口的应用，选上这个应用",
            "contact": f"{CONTACT_PAGE} → API → 可调用接口的应用，选上这个应用",
        }[app]
    if error.code == "wecom_bad_agent":
        return f"{APP_PAGE}，核对 LAOYOU_WECOM_AGENT_ID，它要和 Secret 属于同一个应用"
    if error.code in ("wecom_unreachable", "wecom_lost"):
        return "稍后再检查一次；一直这样时检查服务器的网络"
    return "稍后再检查一次" if isinstance(error, Transient) else "按上面的提示处理后再检查"
