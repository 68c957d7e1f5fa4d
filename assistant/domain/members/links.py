"""Two members who may be one person, as values, and which evidence is strong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assistant.base.errors import Invalid
from assistant.domain.members.model import Identity

STRONG = frozenset(
    {
        *("unionid", "verified_phone", "wecom_external", "wecom_user", "card", "shop"),
        *("taobao", "tmall", "jd", "douyin_open", "douyin_life", "youzan"),
    }
)
"""Identities that only one person holds: sharing one is proof. ``openid:…`` is another."""

TOLD = ("questionnaire", "profile")
"""Sources that prove nothing: somebody has said so."""

WORDS = {
    "unionid": "同一个微信 unionid",
    "verified_phone": "同一个验证过的手机号",
    "wecom_external": "同一个企业微信外部联系人",
    "wecom_user": "同一个企业微信成员",
    "card": "绑定了同一张卡",
    "shop": "同一个店铺会员号",
    "phone": "资料里是同一个手机号",
    "claimed_order": "报出了对方的订单号",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for two members being one person. ``kind`` is the namespace of the shared identity, or ``claimed_order``.

    ``ref`` is what is shared (kept as a digest), ``source`` where it came from.
    """

    one: str
    other: str
    kind: str
    ref: str
    source: str
    strong: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """A piece of evidence as people read it."""

    kind: str
    say: str
    strong: bool
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Proposal:
    """Two members (``one`` < ``other``), why they may be one person, and what kept the house from merging them by itself.

    ``state``: ``open``, ``merged``, ``declined``.
    """

    one: str
    other: str
    state: str
    hindrance: str
    reasons: tuple[Reason, ...]
    at: datetime
    decided_by: str = ""


@dataclass(frozen=True, slots=True)
class Decline:
    """A person says that the two are not one; new evidence asks again."""

    key: str
    one: str
    other: str


@dataclass(frozen=True, slots=True)
class Merge:
    """``absorbed`` has been merged into ``kept``; ``state`` is ``active`` or ``undone``. ``memory`` is what the rooms need to give back."""

    id: str
    kept: str
    absorbed: str
    state: str
    reasons: tuple[str, ...]
    memory: Mapping[str, Any]
    note: str
    by: str
    at: datetime
    undone_by: str = ""
    undone_at: datetime | None = None


def is_strong(namespace: str, source: str) -> bool:
    """Whether sharing an identity proves that two members are one: the buyer of an order that a member named is, what was told is not."""
    if source in TOLD or namespace == "phone":
        return False
    return source == "claimed_order" or namespace in STRONG or namespace.startswith("openid:")


def told(identity: Identity) -> Identity:
    """Where an account that a member only told of is kept: it matches nothing by itself."""
    return Identity(f"told:{identity.namespace}"[:40], identity.value)


def say(kind: str) -> str:
    """The evidence as people read it."""
    return WORDS.get(kind, f"同一个 {kind} 账号")


def pair(one: str, other: str) -> tuple[str, str]:
    """The two in order; raises Invalid for one and the same."""
    if one == other:
        raise Invalid("这是同一位会员", code="same_member", member=one)
    return (one, other) if one < other else (other, one)
