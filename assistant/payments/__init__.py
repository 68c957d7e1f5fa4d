"""Money out: payers behind the payout port that ``cashback`` declares. Not for deciding who is paid.

``WeChatPayout`` speaks the merchant transfer of WeChat; ``simulator`` is the other side of it, over the bills of ``SimulatedPayout``.
"""

from assistant.payments.notices import NoticeRefused, Notices
from assistant.payments.signing import Merchant, Platform, private_key, public_key
from assistant.payments.simulated import Answer, Knobs, SimulatedPayout, bills, paid_total
from assistant.payments.wechat import Transfer, WeChatPayout

__all__ = [
    "Answer",
    "Knobs",
    "Merchant",
    "NoticeRefused",
    "Notices",
    "Platform",
    "SimulatedPayout",
    "Transfer",
    "WeChatPayout",
    "bills",
    "paid_total",
    "private_key",
    "public_key",
]
