"""Who is speaking, read from the verified envelope alone: 微信客服 → member, the app → operator or staff, a group → member or guest.

A bot may tell us an encrypted userid that we cannot read: whom we do not know there is a guest.
"""

from __future__ import annotations

from dataclasses import dataclass

from assistant import access
from assistant.base.principal import Principal
from assistant.channels.message import Address
from assistant.domain import members, staff
from assistant.store import View, Work


@dataclass(frozen=True, slots=True)
class Speaker:
    """The principal of a turn; ``member_id`` is empty for people who are not members; ``group`` marks a group conversation."""

    principal: Principal
    member_id: str = ""
    title: str = ""
    group: bool = False
    nickname: str = ""


def known(view: View, address: Address) -> Speaker | None:
    """The speaker at this address, or None for a customer whom nobody has met yet."""
    if address.channel == "kf":
        found = members.resolve(view, [members.Identity("wecom_external", address.peer)])
        member_id = next(iter(found.values()), None)
        return _member(view, member_id) if member_id else None
    if address.group:
        found = members.resolve(view, [members.Identity("wecom_user", address.peer)])
        member_id = next(iter(found.values()), "")
        principal = Principal("member", member_id, via="group") if member_id else Principal("guest", address.peer, via="group")
        return Speaker(principal, member_id, members.group_name(view, address.group) or f"群 {address.group}", group=True)
    person = staff.person(view, address.peer)
    name = person.name if person else address.peer
    operator = access.operator_by_userid(view, address.peer)
    if operator is not None:
        return Speaker(operator, title=name)
    if address.channel == "bot" and person is None:
        return Speaker(Principal("guest", address.peer, via="bot"), title=name)
    return Speaker(Principal("staff", address.peer, frozenset({"staff"}), via=address.channel), title=name)


def met(work: Work, address: Address) -> Speaker:
    """The speaker at this address; a customer met for the first time becomes a member with that identity."""
    speaker = known(work, address)
    if speaker is not None:
        return speaker
    identity = members.Identity("wecom_external", address.peer)
    profile = members.Profile(joined_at=work.now)
    request = members.Register(f"met:{address.peer}", shop_key="", identities=(identity,), profile=profile)
    return _member(work, members.register(work, [request])[0].member_id)


def _member(view: View, member_id: str) -> Speaker:
    nickname = members.nicknames(view, [member_id]).get(member_id, "")
    return Speaker(Principal("member", member_id, via="kf"), member_id, nickname or "微信客户", nickname=nickname)
