"""Whole fen and whole points: parsing, showing, and splitting without losing a unit."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.base.errors import Invalid

MOST = 1_000_000_000
"""Largest amount of one movement, in fen or points."""

_YUAN = re.compile(r"(\d{1,8})(?:\.(\d{1,2}))?")


def checked(amount: int, what: str = "数额") -> int:
    """The amount itself if it is a whole number from 1 to MOST; raises Invalid otherwise."""
    if not isinstance(amount, int) or isinstance(amount, bool) or not 0 < amount <= MOST:
        raise Invalid(f"{what}必须是 1 到 {MOST} 之间的整数", code="amount_out_of_range")
    return amount


def parse_yuan(text: str) -> int:
    """Fen of a decimal yuan text such as ``"19.90"``; raises Invalid for anything else."""
    match = _YUAN.fullmatch(text.strip())
    if match is None or not text.isascii():
        raise Invalid(f"“{text}”不是有效的金额，请写成 19.90 这样的格式", code="bad_amount")
    return int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0"))


def format_yuan(fen: int) -> str:
    """``1990`` → ``"19.90"``, with a minus sign where needed."""
    sign, fen = ("-" if fen < 0 else ""), abs(fen)
    return f"{sign}{fen // 100}.{fen % 100:02d}"


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """Splits ``total`` by weights into whole parts that sum to it exactly (largest remainder, ties to the first)."""
    whole = sum(weights)
    if whole <= 0:
        raise ValueError("weights must have a positive sum")
    parts = [total * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in order[: total - sum(parts)]:
        parts[i] += 1
    return parts
