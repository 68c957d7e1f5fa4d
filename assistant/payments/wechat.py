"""The merchant transfer of WeChat Pay behind the payout port: a signed call, a verified answer, and otherwise nobody knows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from yarl import URL

from assistant.base.clock import Clock
from assistant.base.errors import Transient
from assistant.payments.signing import Merchant, Platform, authorization, genuine
from assistant.payments.simulated import Answer, State

BILLS = "/v3/fund-app/mch-transfer/transfer-bills"
TIMEOUT = aiohttp.ClientTimeout(total=15)
NAMED_FROM_FEN = 200_000
"""From here on the payer demands the receiver's real name, which this book does not keep."""
_BILL_NO = re.compile(r"bill_[0-9a-f]{24}")
NOT_A_BILL = "这不是返现的付款单号，没有发给微信支付"

STATES: dict[str, State] = {
    "ACCEPTED": "accepted",
    "PROCESSING": "accepted",
    "WAIT_USER_CONFIRM": "wait_user",
    "TRANSFERING": "accepted",
    "CANCELING": "accepted",
    "SUCCESS": "paid",
    "FAIL": "refused",
    "CANCELLED": "closed",
}
"""The payer's word for a bill → ours. A word that is not here means that nobody knows."""

REFUSALS = frozenset({"PARAM_ERROR", "INVALID_REQUEST", "NO_AUTH", "NOT_ENOUGH", "ACCOUNT_ERROR"})
"""Codes of a 4xx that say no to a bill. All others (too often, exists already, busy) leave the outcome open."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """What every transfer of this brand says: app, scene of the product and what was reported for it, where notices go."""

    appid: str
    scene_id: str
    reports: tuple[tuple[str, str], ...]
    notify_url: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """A verified answer; ``package_info`` opens the page on which the receiver confirms and comes only with a new bill."""

    state: State
    reason: str = ""
    package_info: str = ""


class WeChatPayout:
    """The payout port of ``cashback``. Transient(code="payer_silent"): ask by the same bill number, never use a new one."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        merchant: Merchant,
        platform: Platform,
        transfer: Transfer,
        clock: Clock,
        nonce: Callable[[], str],
        timeout: aiohttp.ClientTimeout = TIMEOUT,
    ) -> None:
        self._session, self._base, self._timeout = session, URL(base_url), timeout
        self._merchant, self._platform, self._transfer = merchant, platform, transfer
        self._clock, self._nonce = clock, nonce

    def __repr__(self) -> str:
        return f"WeChatPayout({self._base.origin()}, mch_id={self._merchant.mch_id!r})"

    async def pay(self, bill_no: str, openid: str, amount_fen: int, remark: str = "") -> Told | Answer:
        """Asks for a transfer; the same number with the same data again pays nothing more."""
        number, said = _spelt(bill_no), _unfit(bill_no, amount_fen)
        if said:
            return Answer("refused", said)
        kept = self._transfer
        body: dict[str, Any] = {
            "appid": kept.appid,
            "out_bill_no": number,
            "transfer_scene_id": kept.scene_id,
            "openid": openid,
            "transfer_amount": amount_fen,
            "transfer_remark": remark[:32] or "返现",
            "transfer_scene_report_infos": [{"info_type": kind, "info_content": text} for kind, text in kept.reports],
        }
        if kept.notify_url:
            body["notify_url"] = kept.notify_url
        status, answer = await self._call("POST", BILLS, json.dumps(body, ensure_ascii=False, separators=(",", ":")))
        if 400 <= status < 500 and answer.get("code") in REFUSALS:
            return Told("refused", _text(answer, "message") or "微信支付没有受理")
        return _told(status, answer, {"out_bill_no": number})

    async def query(self, bill_no: str) -> Told | Answer:
        """What has become of a bill."""
        if _BILL_NO.fullmatch(bill_no) is None:
            return Answer("not_found", NOT_A_BILL)
        number = _spelt(bill_no)
        status, answer = await self._call("GET", f"{BILLS}/out-bill-no/{number}", "")
        if status == 404 and answer.get("code") == "NOT_FOUND":
            return Told("not_found", "微信支付没有这个单号")
        expected = {"out_bill_no": number, "mch_id": self._merchant.mch_id, "appid": self._transfer.appid}
        return _told(status, answer, expected)

    async def _call(self, method: str, path: str, body: str) -> tuple[int, Mapping[str, Any]]:
        """Status and JSON of an answer that the payer has signed; Transient for everything else."""
        stamp, nonce = int(self._clock.now().timestamp()), self._nonce()
        headers = {
            "Authorization": authorization(self._merchant, method, path, body, stamp, nonce),
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "laoyou",
            "Wechatpay-Serial": self._platform.serial,
        }
        url, data = self._base.join(URL(path)), body.encode() or None
        try:
            async with self._session.request(
                method, url, data=data, headers=headers, timeout=self._timeout, allow_redirects=False
            ) as reply:
                raw, status, signed = await reply.read(), reply.status, reply.headers
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise _silent("微信支付没有回应") from None
        if not genuine(self._platform, signed, raw, self._clock.now()):
            raise _silent("微信支付的应答没有通过验签", status=status)
        try:
            answer = json.loads(raw)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise _silent("微信支付的应答读不懂", status=status)
        return status, answer


def _spelt(bill_no: str) -> str:
    """The payer takes only letters and digits; no two numbers of the book are spelt alike."""
    return bill_no.replace("_", "")


def _unfit(bill_no: str, amount_fen: int) -> str:
    if _BILL_NO.fullmatch(bill_no) is None:
        return NOT_A_BILL
    if amount_fen >= NAMED_FROM_FEN:
        return "满 2000 元的转账要核对收款人姓名，请改用人工打款"
    return ""


def _told(status: int, answer: Mapping[str, Any], expected: Mapping[str, str]) -> Told:
    state = STATES.get(_text(answer, "state"))
    if status != 200 or state is None:
        raise _silent("微信支付还没有给出结果", status=status, answer=_text(answer, "code"))
    if any(answer.get(name) != value for name, value in expected.items()):
        raise _silent("微信支付的应答说的不是这一笔", status=status)
    return Told(state, _text(answer, "fail_reason"), _text(answer, "package_info"))


def _text(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name)
    return value if isinstance(value, str) else ""


def _silent(say: str, **detail: Any) -> Transient:
    return Transient(say, code="payer_silent", **detail)
