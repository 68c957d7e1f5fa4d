"""WeChat Pay's side of the merchant transfer, for simulations and tests: checks our signatures, signs its answers, misbehaves on wish.

The bills are those of ``SimulatedPayout``, so they outlive this process. Keys are made when it starts.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from assistant.base.errors import Transient
from assistant.payments.simulated import Answer, SimulatedPayout

BASE = "/v3/fund-app/mch-transfer/transfer-bills"
WORDS = {"accepted": "ACCEPTED", "wait_user": "WAIT_USER_CONFIRM", "paid": "SUCCESS", "refused": "FAIL", "closed": "CANCELLED"}
SETTLED = ("paid", "refused", "closed")
_HEADER = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Account:
    """What both sides know of the merchant account; the secrets are of this simulation only."""

    mch_id: str = "1900000001"
    appid: str = "wxdemo0000000001"
    serial: str = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
    platform_id: str = "PUB_KEY_ID_0119000000012026112300000000000001"
    apiv3_key: bytes = field(default_factory=lambda: secrets.token_hex(16).encode(), repr=False)
    merchant_key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048), repr=False)
    platform_key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048), repr=False)


@dataclass(slots=True)
class Faults:
    """``server_errors``: so many calls answer 500 before anything is done. ``empty``: the merchant's balance. ``mute``: no notices.

    Lost replies and requests, refusals and bills that wait for the receiver are the knobs of the simulated payer.
    """

    server_errors: int = 0
    empty: bool = False
    mute: bool = False


class _No(Exception):
    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(code)
        self.status, self.body = status, {"code": code, "message": message or code}


class PaySimulator:
    """``app()`` is the API face. ``complaints`` lists what the service did against the protocol, ``calls`` what it asked for."""

    def __init__(self, payer: SimulatedPayout, account: Account) -> None:
        self.payer, self.account, self.faults = payer, account, Faults()
        self.calls: list[tuple[str, str]] = []
        self.complaints: list[str] = []
        self._nonces: set[str] = set()
        self._notify: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post(BASE, self._answering(self._pay))
        app.router.add_get(BASE + "/out-bill-no/{bill}", self._answering(self._query))
        app.router.add_post(BASE + "/out-bill-no/{bill}/cancel", self._answering(self._cancel))
        return app

    def control(self) -> web.Application:
        """Knobs for people: GET and POST /knobs, POST /confirm {bill_no}."""
        app = web.Application()
        app.router.add_get("/knobs", self._knobs)
        app.router.add_post("/knobs", self._knobs)
        app.router.add_post("/confirm", self._confirmed)
        return app

    async def confirm(self, bill_no: str) -> Answer:
        """The receiver taps "收款"; the merchant is told."""
        answer = await self.payer.confirm(bill_no)
        self._tell(bill_no, answer)
        return answer

    async def close(self) -> None:
        """Waits for notices under way."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _knobs(self, request: web.Request) -> web.Response:
        if request.method == "POST":
            for name, value in (await request.json()).items():
                holder = self.faults if hasattr(self.faults, name) else self.payer.knobs
                if not hasattr(holder, name) or type(getattr(holder, name)) is not type(value):
                    return web.json_response({"error": f"没有旋钮“{name}”，或它的值不对"}, status=400)
                setattr(holder, name, value)
        shown = {name: getattr(holder, name) for holder in (self.faults, self.payer.knobs) for name in holder.__slots__}
        return web.json_response(shown)

    async def _confirmed(self, request: web.Request) -> web.Response:
        answer = await self.confirm(str((await request.json()).get("bill_no", "")))
        return web.json_response({"state": answer.state, "reason": answer.reason})

    def _answering(self, verb: Any) -> Any:
        async def handle(request: web.Request) -> web.StreamResponse:
            body = await request.text()
            self.calls.append((request.method, request.path))
            try:
                self._known(request, body)
                if self.faults.server_errors > 0:
                    self.faults.server_errors -= 1
                    raise _No(500, "SYSTEM_ERROR")
                told = await verb(request, body)
            except _No as no:
                return self._signed(no.status, no.body)
            except Transient:
                if request.transport is not None:
                    request.transport.close()
                return web.Response(status=500)
            return self._signed(200, told)

        return handle

    def _known(self, request: web.Request, body: str) -> None:
        """The caller's signature, checked with nothing of the product."""
        scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
        told = dict(_HEADER.findall(rest))
        names = ("mchid", "nonce_str", "signature", "timestamp", "serial_no")
        if scheme != "WECHATPAY2-SHA256-RSA2048" or any(name not in told for name in names):
            raise self._complain(401, "SIGN_ERROR", "Authorization 不完整")
        if (told["mchid"], told["serial_no"]) != (self.account.mch_id, self.account.serial):
            raise self._complain(401, "SIGN_ERROR", "商户号或证书序列号不对")
        late = abs(self.payer.store.clock.now().timestamp() - int(told["timestamp"])) > 300
        if late or told["nonce_str"] in self._nonces:
            raise self._complain(401, "SIGN_ERROR", "时间戳过期或随机串重复")
        self._nonces.add(told["nonce_str"])
        lines = (request.method, request.path_qs, told["timestamp"], told["nonce_str"], body)
        try:
            signature = base64.b64decode(told["signature"])
            message = "".join(f"{line}\n" for line in lines).encode()
            self.account.merchant_key.public_key().verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            raise self._complain(401, "SIGN_ERROR", "签名不对") from None

    def _complain(self, status: int, code: str, message: str) -> _No:
        self.complaints.append(message)
        return _No(status, code, message)

    async def _pay(self, _request: web.Request, body: str) -> dict[str, Any]:
        told = json.loads(body)
        self._in_order(told)
        if self.faults.empty:
            raise _No(403, "NOT_ENOUGH", "余额不足")
        number = told["out_bill_no"]
        self._notify[number] = told.get("notify_url", "")
        answer = await self.payer.pay(number, told["openid"], told["transfer_amount"])
        if answer.amount_fen is None:
            raise _No(400, "INVALID_REQUEST", answer.reason)
        self._tell(number, answer)
        made = {"out_bill_no": number, "transfer_bill_no": f"133{number}", "create_time": self._now(), "state": WORDS[answer.state]}
        return made | ({"package_info": answer.package_info} if answer.package_info else {})

    def _in_order(self, told: Mapping[str, Any]) -> None:
        amount, name = told.get("transfer_amount"), told.get("user_name")
        wrong = [
            what
            for what, fine in (
                ("appid", told.get("appid") == self.account.appid),
                ("out_bill_no", re.fullmatch(r"[A-Za-z0-9]{1,32}", str(told.get("out_bill_no", "")))),
                ("openid", isinstance(told.get("openid"), str) and 0 < len(told["openid"]) <= 64),
                ("transfer_amount", type(amount) is int and amount >= 10),
                ("transfer_remark", 0 < len(str(told.get("transfer_remark", ""))) <= 32),
                ("transfer_scene_id", told.get("transfer_scene_id")),
                ("transfer_scene_report_infos", told.get("transfer_scene_report_infos")),
                ("user_name", type(amount) is not int or amount < 200_000 or self._opens(name)),
            )
            if not fine
        ]
        if wrong:
            raise self._complain(400, "PARAM_ERROR", f"参数不对：{'、'.join(wrong)}")

    def _opens(self, sealed: Any) -> bool:
        try:
            oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 - the payer's own form
            return bool(self.account.platform_key.decrypt(base64.b64decode(sealed), oaep))
        except (TypeError, ValueError):
            return False

    async def _query(self, request: web.Request, _body: str) -> dict[str, Any]:
        number = request.match_info["bill"]
        answer = await self.payer.query(number)
        if answer.amount_fen is None:
            raise _No(404, "NOT_FOUND", "记录不存在")
        return self._bill(number, answer)

    async def _cancel(self, request: web.Request, _body: str) -> dict[str, Any]:
        number = request.match_info["bill"]
        answer = await self.payer.cancel(number)
        if answer.state != "closed":
            raise _No(400, "INVALID_REQUEST", "单据现在不能撤销")
        self._tell(number, await self.payer.query(number))
        return {"out_bill_no": number, "state": "CANCELING", "update_time": self._now()}

    def _bill(self, number: str, answer: Answer) -> dict[str, Any]:
        known = {"mch_id": self.account.mch_id, "appid": self.account.appid, "out_bill_no": number, "transfer_bill_no": f"133{number}"}
        held = {"state": WORDS[answer.state], "transfer_amount": answer.amount_fen, "openid": answer.payee, "update_time": self._now()}
        return known | held | ({"fail_reason": answer.reason} if answer.reason else {})

    def _now(self) -> str:
        return self.payer.store.clock.now().isoformat(timespec="seconds")

    def _signed(self, status: int, told: Mapping[str, Any]) -> web.Response:
        raw = json.dumps(told, ensure_ascii=False).encode()
        return web.Response(status=status, body=raw, headers=self.signature(raw), content_type="application/json")

    def signature(self, raw: bytes) -> dict[str, str]:
        """The headers that vouch for a body."""
        stamp, nonce = str(int(self.payer.store.clock.now().timestamp())), secrets.token_hex(16)
        signed = self.account.platform_key.sign(f"{stamp}\n{nonce}\n".encode() + raw + b"\n", padding.PKCS1v15(), hashes.SHA256())
        return {
            "Wechatpay-Serial": self.account.platform_id,
            "Wechatpay-Timestamp": stamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": base64.b64encode(signed).decode(),
        }

    def notice(self, number: str, answer: Answer) -> bytes:
        """The body of a notice about a bill."""
        nonce, about = secrets.token_hex(6), "mch_payment"
        inner = json.dumps(self._bill(number, answer), ensure_ascii=False).encode()
        sealed = AESGCM(self.account.apiv3_key).encrypt(nonce.encode(), inner, about.encode())
        resource = {"original_type": about, "algorithm": "AEAD_AES_256_GCM", "associated_data": about, "nonce": nonce}
        resource["ciphertext"] = base64.b64encode(sealed).decode()
        head = {"id": secrets.token_hex(16), "create_time": self._now(), "resource_type": "encrypt-resource"}
        kind = {"event_type": "MCHTRANSFER.BILL.FINISHED", "summary": "商家转账单据终态通知"}
        return json.dumps(head | kind | {"resource": resource}).encode()

    def _tell(self, number: str, answer: Answer) -> None:
        if answer.state in SETTLED and self._notify.get(number) and not self.faults.mute:
            task = asyncio.get_running_loop().create_task(self._post(self._notify[number], self.notice(number, answer)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _post(self, url: str, raw: bytes) -> None:
        headers = self.signature(raw) | {"Content-Type": "application/json"}
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
                session.post(url, data=raw, headers=headers),
            ):
                return
        except (aiohttp.ClientError, TimeoutError, OSError):
            return
