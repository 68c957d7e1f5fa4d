"""The merchant transfer of WeChat Pay behind the payout port: a signed call, a verified answer, and otherwise nobody knows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
from yarl import URL

from assistant.base.clock import Clock
from assistant.base.errors import Broken, LaoyouError, Transient
from assistant.payments.signing import Merchant, Platform, authorization, genuine, sealed, signed_at_all
from assistant.payments.simulated import Answer, State

BILLS = "/v3/fund-app/mch-transfer/transfer-bills"
TIMEOUT = aiohttp.ClientTimeout(total=15)
NAMED_FROM_FEN = 200_000
"""From here on the payer demands the receiver's real name, which this book does not keep."""
_BILL_NO = re.compile(r"bill[0-9a-f]{24}")
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

REFUSALS = frozenset({"PARAM_ERROR", "INVALID_REQUEST", "ACCOUNT_ERROR"})
"""Codes of a 4xx that say no to a bill. All others (too often, exists already, busy) leave the outcome open."""

OURS_TO_MEND = {
    "SIGN_ERROR": "微信支付说我们的签名不对，请核对商户号、证书序列号和 API 私钥是不是同一套",
    "NO_AUTH": "微信支付说商户没有商家转账的权限，或服务器 IP 不在白名单，请到商户平台核对",
    "MCH_NOT_EXISTS": "微信支付说没有这个商户号，请核对 LAOYOU_WECHAT_PAY_MCH_ID",
    "APPID_MCHID_NOT_MATCH": "商户号没有绑定这个 appid，请到商户平台绑定",
    "NOT_ENOUGH": "商户运营账户余额不足，请充值",
}
"""Codes that say the same to every bill until a person does something."""

DOUBTS = 5
"""So many answers in a row that claim a signature and do not verify are a wrong key or clock of ours. One may be the payer's probe."""

ALIKE = 5
"""So many bills in a row refused in the same words are a fault of the account, not of the bills. A refused address (IP) is told at once."""

UNPROVEN = "微信支付的应答连续没有通过验签，请核对微信支付公钥和它的 ID，以及服务器的时间"
UNKNOWN_TO_THEM = "微信支付拒绝了我们的身份（HTTP {status}），请核对商户号、证书序列号、API 私钥和 IP 白名单"


@dataclass(frozen=True, slots=True)
class Transfer:
    """What every transfer of this brand says: app, scene of the product and what was reported for it, where notices go."""

    appid: str
    scene_id: str
    reports: tuple[tuple[str, str], ...]
    notify_url: str = ""


class WeChatPayout:
    """The payout port of ``cashback``. Transient(code="payer_silent"): ask by the same bill number, never use a new one.

    Broken(code="payer_setup"): no bill will be taken until a person has mended our set-up; of this one nobody knows.
    """

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
        self._doubts = 0
        self._refusals = ("", 0)

    @property
    def app(self) -> str:
        return self._transfer.appid

    def __repr__(self) -> str:
        return f"WeChatPayout({self._base.origin()}, mch_id={self._merchant.mch_id!r})"

    async def pay(self, bill_no: str, openid: str, amount_fen: int, remark: str = "", name: str = "") -> Answer:
        """Asks for a transfer; the same number with the same data again pays nothing more. ``name``: the receiver's real one."""
        if said := _unfit(bill_no, amount_fen, name):
            return Answer("refused", said)
        kept = self._transfer
        body: dict[str, Any] = {
            "appid": kept.appid,
            "out_bill_no": bill_no,
            "transfer_scene_id": kept.scene_id,
            "openid": openid,
            "transfer_amount": amount_fen,
            "transfer_remark": remark[:32] or "返现",
            "transfer_scene_report_infos": [{"info_type": kind, "info_content": text} for kind, text in kept.reports],
        }
        if amount_fen >= NAMED_FROM_FEN:
            body["user_name"] = sealed(self._platform, name)
        if kept.notify_url:
            body["notify_url"] = kept.notify_url
        status, answer = await self._call("POST", BILLS, json.dumps(body, ensure_ascii=False, separators=(",", ":")))
        if 400 <= status < 500 and answer.get("code") in REFUSALS:
            return self._refused(_text(answer, "message") or "微信支付没有受理")
        self._refusals = ("", 0)
        return _answer(status, answer, {"out_bill_no": bill_no})

    def _refused(self, why: str) -> Answer:
        """A no; what is said to one bill after another, or about our address, is ours to mend and not the bills'."""
        before, times = self._refusals
        self._refusals = (why, times + 1 if why == before else 1)
        if "IP" in why or self._refusals[1] >= ALIKE:
            raise Broken(f"微信支付一再拒绝付款：{why}"[:300], code="payer_setup")
        return Answer("refused", why)

    async def query(self, bill_no: str) -> Answer:
        """What has become of a bill."""
        if _BILL_NO.fullmatch(bill_no) is None:
            return Answer("not_found", NOT_A_BILL)
        status, answer = await self._call("GET", f"{BILLS}/out-bill-no/{bill_no}", "")
        if status == 404 and answer.get("code") == "NOT_FOUND":
            return Answer("not_found", "微信支付没有这个单号")
        told = _answer(status, answer, {"out_bill_no": bill_no, "mch_id": self._merchant.mch_id, "appid": self._transfer.appid})
        amount = answer.get("transfer_amount")
        if not isinstance(amount, int) or isinstance(amount, bool):
            raise _silent("微信支付的应答没有说金额")
        return replace(told, amount_fen=amount, payee=_text(answer, "openid"))

    async def cancel(self, bill_no: str) -> Answer:
        """Takes back a bill that nobody has confirmed; what became of it is asked afterwards."""
        if _BILL_NO.fullmatch(bill_no) is None:
            return Answer("not_found", NOT_A_BILL)
        status, answer = await self._call("POST", f"{BILLS}/out-bill-no/{bill_no}/cancel", "")
        if 400 <= status < 500:
            return Answer("accepted", _text(answer, "message"))
        return _answer(status, answer, {"out_bill_no": bill_no})

    async def _call(self, method: str, path: str, body: str) -> tuple[int, Mapping[str, Any]]:
        """Status and JSON of an answer that the payer has signed; Transient for everything else."""
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "laoyou",
            "Wechatpay-Serial": self._platform.serial,
        }

        async def sign(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
            """Anew each time it is sent: aiohttp repeats a question whose connection was cut, and no nonce is used twice."""
            stamp = int(self._clock.now().timestamp())
            request.headers["Authorization"] = authorization(self._merchant, method, path, body, stamp, self._nonce())
            return await send(request)

        url, data = self._base.join(URL(path)), body.encode() or None
        try:
            async with self._session.request(
                method, url, data=data, headers=headers, timeout=self._timeout, allow_redirects=False, middlewares=(sign,)
            ) as reply:
                raw, status, signed = await reply.read(), reply.status, reply.headers
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise _silent("微信支付没有回应") from None
        if not genuine(self._platform, signed, raw, self._clock.now()):
            raise self._unproven(status, signed_at_all(signed))
        self._doubts = 0
        answer = _object(raw)
        if answer is None:
            raise _silent("微信支付的应答读不懂", status=status)
        if 400 <= status < 500 and (mend := OURS_TO_MEND.get(_text(answer, "code"))):
            raise Broken(mend, code="payer_setup", status=status)
        if status == 401:
            raise Broken(UNKNOWN_TO_THEM.format(status=status), code="payer_setup", status=status)
        return status, answer

    def _unproven(self, status: int, signed: bool) -> LaoyouError:
        """What an answer that nobody vouches for means: nothing for the bill, but perhaps that our set-up is wrong."""
        if status in (401, 403):
            return Broken(UNKNOWN_TO_THEM.format(status=status), code="payer_setup", status=status)
        self._doubts += signed
        if self._doubts >= DOUBTS:
            return Broken(UNPROVEN, code="payer_setup", status=status)
        return _silent("微信支付的应答没有通过验签", status=status)


def _object(raw: bytes) -> Mapping[str, Any] | None:
    try:
        answer = json.loads(raw)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _unfit(bill_no: str, amount_fen: int, name: str) -> str:
    if _BILL_NO.fullmatch(bill_no) is None:
        return NOT_A_BILL
    if amount_fen >= NAMED_FROM_FEN and not name:
        return "满 2000 元的转账要核对收款人姓名，请改用人工打款"
    return ""


def _answer(status: int, answer: Mapping[str, Any], expected: Mapping[str, str]) -> Answer:
    state = STATES.get(_text(answer, "state"))
    if status != 200 or state is None:
        raise _silent("微信支付还没有给出结果", status=status, answer=_text(answer, "code"))
    if any(answer.get(name) != value for name, value in expected.items()):
        raise _silent("微信支付的应答说的不是这一笔", status=status)
    return Answer(state, _text(answer, "fail_reason"), _text(answer, "package_info"))


def _text(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name)
    return value if isinstance(value, str) else ""


def _silent(say: str, **detail: Any) -> Transient:
    return Transient(say, code="payer_silent", **detail)
