"""Evidence, rings and the score as values and pure rules: weights are data, and every point comes with its reason in words."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from assistant.base.errors import Invalid

KINDS = {"device": "设备", "address": "收货地址", "payee": "收款微信", "referrer": "推荐人"}
"""Kinds of evidence. Of ``referrer`` the value is the member id of who brought the member."""

RING_KINDS = ("device", "payee")
"""What makes people one ring. An address alone does not: families and dormitories share it."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A member was seen with a device, at an address, with a wallet. ``value`` is plain here and only a digest is ever kept."""

    key: str
    member_id: str
    kind: str
    value: str
    source: str = "import"


@dataclass(frozen=True, slots=True)
class Noted:
    """Whether it was not known before."""

    new: bool


@dataclass(frozen=True, slots=True)
class Circle:
    """Who shares what with a member, the member not counted. ``ring``: everybody reached over devices and wallets, however many steps."""

    device: frozenset[str] = frozenset()
    payee: frozenset[str] = frozenset()
    address: frozenset[str] = frozenset()
    ring: frozenset[str] = frozenset()
    referrers: frozenset[str] = frozenset()

    @property
    def close(self) -> frozenset[str]:
        """Those with the same device or wallet."""
        return self.device | self.payee

    @property
    def everybody(self) -> frozenset[str]:
        return self.close | self.address | self.ring | self.referrers


@dataclass(frozen=True, slots=True)
class Signs:
    """What is known about one claim, as numbers; a yes is 1. What is not known is 0 and costs nothing."""

    employee: int = 0
    employee_close: int = 0
    referrer_close: int = 0
    payee_mates: int = 0
    device_mates: int = 0
    address_mates: int = 0
    ring_size: int = 0
    ring_claims: int = 0
    claims_around: int = 0
    refunded_percent: int = 0
    ring_refunded_percent: int = 0
    claimed_at_once: int = 0
    new_account: int = 0
    just_below_limit: int = 0
    household: int = 0


Ladder = Sequence[tuple[int, int]]
WEIGHTS: Mapping[str, tuple[str, Ladder]] = {
    "employee": ("申请人是员工", ((1, 100),)),
    "employee_close": ("和员工用同一台设备或同一个收款微信", ((1, 60),)),
    "referrer_close": ("和推荐人用同一台设备或同一个收款微信", ((1, 60),)),
    "payee_mates": ("另有 {n} 位会员用同一个收款微信", ((1, 20), (2, 60))),
    "device_mates": ("另有 {n} 位会员用同一台设备", ((1, 10), (2, 20), (4, 35), (7, 50))),
    "address_mates": ("另有 {n} 位会员用同一个收货地址", ((3, 5), (6, 20), (12, 35))),
    "ring_size": ("设备和收款微信连成一圈，圈里另有 {n} 人", ((3, 10), (6, 30), (12, 45))),
    "ring_claims": ("这一圈人前后 7 天里申请了 {n} 次返现", ((8, 10), (14, 25))),
    "claims_around": ("前后 7 天里申请了 {n} 次返现", ((5, 15), (7, 40), (9, 60))),
    "refunded_percent": ("近 180 天 {n}% 的订单退过款", ((50, 20), (75, 45))),
    "ring_refunded_percent": ("这一圈人近 180 天 {n}% 的订单退过款", ((40, 20), (65, 35))),
    "claimed_at_once": ("付款后一分钟内就申请", ((1, 10),)),
    "new_account": ("入会不到 3 天就下单申请", ((1, 10),)),
    "just_below_limit": ("前后 7 天里有 {n} 笔金额刚好在需要双人审核的线以下", ((1, 15), (2, 40), (3, 60))),
    "household": ("但这几位都住在同一个收货地址，像一家人", ((1, -25),)),
}
"""Sign → the reason in words, and the rungs of its ladder as (from this number on, points). The last rung reached counts."""


@dataclass(frozen=True, slots=True)
class Score:
    """From 0 to 100, with the reasons that made it, the heaviest first."""

    points: int
    reasons: tuple[str, ...]


def score(signs: Signs, weights: Mapping[str, tuple[str, Ladder]] = WEIGHTS) -> Score:
    """The points of all ladders added up, from 0 to 100."""
    found = []
    for name, (words, ladder) in weights.items():
        number = getattr(signs, name)
        points = next((worth for least, worth in reversed(ladder) if number >= least), 0)
        if points:
            found.append((points, words.format(n=number)))
    found.sort(key=lambda pair: -pair[0])
    return Score(max(0, min(100, sum(points for points, _words in found))), tuple(words for _points, words in found))


def digest(kind: str, value: str) -> str:
    """What is kept of a piece of evidence. Width, case, spaces and punctuation do not matter."""
    if kind not in KINDS:
        raise Invalid(f"线索的种类应是 {'、'.join(KINDS)} 之一", code="bad_evidence")
    plain = value.strip() if kind == "referrer" else re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", value).casefold())
    if not plain or len(value) > 500:
        raise Invalid("线索的内容不能为空，最长 500 字", code="bad_evidence")
    return hashlib.sha256(f"{kind}\x1f{plain}".encode()).hexdigest()


def rings(pairs: Iterable[tuple[str, str]]) -> list[frozenset[str]]:
    """Members joined by what they share, given as (member, digest): union-find, the largest ring first, nobody alone."""
    parent: dict[str, str] = {}

    def top(one: str) -> str:
        parent.setdefault(one, one)
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    first: dict[str, str] = {}
    for member, shared in pairs:
        parent[top(member)] = top(first.setdefault(shared, member))
    found: dict[str, set[str]] = {}
    for member in list(parent):
        found.setdefault(top(member), set()).add(member)
    return sorted((frozenset(ring) for ring in found.values() if len(ring) > 1), key=lambda ring: (-len(ring), min(ring)))
