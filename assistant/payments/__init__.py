"""Money out: payers behind the payout port that ``cashback`` declares. Not for deciding who is paid.

The service pays with the simulated payer; ``WeChatPayout`` speaks the merchant transfer of WeChat with the same two methods.
"""

from assistant.payments.signing import Merchant, Platform, private_key, public_key
from assistant.payments.simulated import Answer, Knobs, SimulatedPayout, bills, paid_total
from assistant.payments.wechat import Transfer, WeChatPayout

__all__ = [
    "Answer",
    "Knobs",
    "Merchant",
    "Platform",
    "SimulatedPayout",
    "Transfer",
    "WeChatPayout",
    "bills",
    "paid_total",
    "private_key",
    "public_key",
]
