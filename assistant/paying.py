"""Which payer the service pays with: the merchant account of the settings, the simulated one, or none; opened by ``app``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import aiohttp

from assistant.base.clock import Clock
from assistant.base.errors import Invalid
from assistant.base.ids import fresh
from assistant.payments import Merchant, Notices, Platform, Transfer, WeChatPayout, private_key, public_key
from assistant.payments.simulator import Account
from assistant.settings import WeChatPaySettings

NOTIFY = "/pay/wechat/notify"

UNSET = "还没有设置微信支付（LAOYOU_WECHAT_PAY_…，见 docs/payout.md）"
"""Why nothing is paid where no merchant account is set up."""


@dataclass(frozen=True, slots=True)
class Paying:
    """The port to pay through, and the reader of notices; both None where no merchant account is set up.

    ``pages`` is where we are reached from outside, by the address of the notices.
    """

    port: WeChatPayout | None = None
    notices: Notices | None = None
    appid: str = ""
    pages: str = ""


def keys(told: WeChatPaySettings) -> tuple[Merchant, Platform] | None:
    """Who we are and whom we believe, None where nothing is set up; raises Invalid where a file is not the right one."""
    if not told.mch_id:
        return None
    merchant = Merchant(told.mch_id, told.serial, private_key(_file("KEY_FILE", told.key_file)))
    return merchant, Platform(told.public_id, public_key(_file("PUBLIC_FILE", told.public_file)))


def of_settings(session: aiohttp.ClientSession, told: WeChatPaySettings, clock: Clock) -> Paying:
    """The brand's own merchant account; raises Invalid naming the variable whose file is not the right one."""
    found = keys(told)
    if found is None:
        return Paying()
    merchant, platform = found
    transfer = Transfer(told.appid, told.scene_id, told.reports, told.notify_url)
    return _opened(session, told.api_base, merchant, platform, transfer, told.apiv3_key.get_secret_value().encode(), clock)


def of_simulation(session: aiohttp.ClientSession, base: str, account: Account, notify_url: str, clock: Clock) -> Paying:
    """The simulated merchant account, over HTTP like the real one."""
    merchant = Merchant(account.mch_id, account.serial, account.merchant_key)
    platform = Platform(account.platform_id, account.platform_key.public_key())
    transfer = Transfer(account.appid, "1000", (("活动名称", "返现"), ("奖励说明", "订单返现")), notify_url)
    return _opened(session, base, merchant, platform, transfer, account.apiv3_key, clock)


def _opened(
    session: aiohttp.ClientSession, base: str, merchant: Merchant, platform: Platform, transfer: Transfer, key: bytes, clock: Clock
) -> Paying:
    port = WeChatPayout(session, base, merchant, platform, transfer, clock, lambda: fresh("n").removeprefix("n_"))
    return Paying(port, Notices(platform, key, merchant.mch_id), transfer.appid, transfer.notify_url.removesuffix(NOTIFY))


def _file(name: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise Invalid(f"环境变量 LAOYOU_WECHAT_PAY_{name} 指的文件“{path}”读不出来", code="bad_setting", variable=name) from None
