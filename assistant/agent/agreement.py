"""Yes, no or neither: what a person's own lines decide about an open question."""

from __future__ import annotations

import re
from typing import Literal

_TAIL = "吧呀啊的哦呢了～~!！。.，, "
_WORD_OF_THANKS = rf"(?:(?:谢谢|多谢|感谢|辛苦)[{_TAIL}啦你您]*)"
_YES = re.compile(
    rf"(?:(?:确认|确定|好的?|可以|是的?|要|行|嗯+|对|同意|兑换吧?|申请吧?|换吧?|ok|yes)[{_TAIL}]*)+{_WORD_OF_THANKS}*", re.IGNORECASE
)
_NO = re.compile(rf"(?:(?:取消|不要|算了|不用|不换|先不|不是|no)[{_TAIL}换要]*)+", re.IGNORECASE)
_THANKS = re.compile(f"{_WORD_OF_THANKS}+")


def decided(text: str) -> Literal["yes", "no", ""]:
    """no when any line says no; yes when every line says yes or thanks; a yes with a second thought is neither."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if any(_NO.fullmatch(line) for line in lines):
        return "no"
    yes = [line for line in lines if _YES.fullmatch(line)]
    return "yes" if yes and all(line in yes or _THANKS.fullmatch(line) for line in lines) else ""
