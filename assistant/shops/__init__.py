"""Order formats in: one adapter per shop, signatures, what was said in one form. Not for what an order means."""

from collections.abc import Callable, Mapping
from datetime import datetime

from assistant.shops import doudian, douyin_life, youzan
from assistant.shops.notice import Line, Message, Notice, NoticeRefused, OrderTold, RefundTold

Reader = Callable[[Mapping[str, str], bytes, str, str, datetime], Notice]

READERS: dict[str, Reader] = {"youzan": youzan.read, "doudian": doudian.read, "douyin_life": douyin_life.read}
"""Shop → reader of a call: (headers in lower case, raw body, id of our app, its secret, now)."""

__all__ = ["READERS", "Line", "Message", "Notice", "NoticeRefused", "OrderTold", "Reader", "RefundTold"]
