"""Customers of WeCom as members: who is new is registered, who looks after whom follows the friendships."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from assistant.base.ids import derive
from assistant.domain import contacts, members
from assistant.store import Work
from assistant.wecom.calls_contact import Card

NAMESPACE = "wecom_external"


def members_of(work: Work, cards: Collection[Card]) -> dict[str, str]:
    """External id → member. Strangers are registered; a unionid that another member holds makes the stranger that member.

    What WeCom tells of somebody known fills what is empty: the name, the gender, the unionid.
    """
    by_id = {card.external: card for card in cards}
    known = members.resolve(work, [members.Identity(NAMESPACE, external) for external in by_id])
    found = {one.value: member_id for one, member_id in known.items()}
    strangers = [card for external, card in by_id.items() if external not in found]
    registered = members.register(work, [_register(work, card) for card in strangers])
    _complete(work, [card for external, card in by_id.items() if external in found], found)
    return found | {card.external: one.member_id for card, one in zip(strangers, registered, strict=True)}


def _register(work: Work, card: Card) -> members.Register:
    union = (members.Identity("unionid", card.unionid),) if card.unionid else ()
    profile = members.Profile(nickname=card.name[:60], gender=_gender(card))
    # Somebody who was erased may come again, and is another member then.
    key = f"wecom:{card.external}:{work.now.isoformat()}"
    return members.Register(key, "", (members.Identity(NAMESPACE, card.external), *union), profile)


def _complete(work: Work, cards: Sequence[Card], found: Mapping[str, str]) -> None:
    told = [card for card in cards if card.name or card.unionid]
    profiles = members.profiles(work, [found[card.external] for card in told])
    held = members.resolve(work, [members.Identity("unionid", card.unionid) for card in told if card.unionid])
    updates, binds = [], []
    for card in told:
        member_id, union = found[card.external], members.Identity("unionid", card.unionid)
        changes: dict[str, Any] = {}
        profile = profiles.get(member_id)
        if profile is not None and card.name and not profile.nickname:
            changes["nickname"] = card.name[:60]
        if profile is not None and profile.gender == "unknown" and _gender(card) != "unknown":
            changes["gender"] = _gender(card)
        if changes:
            updates.append(members.Update(derive("card", member_id, changes, work.now), member_id, changes))
        if card.unionid and held.get(union) != member_id:
            binds.append(members.Bind(derive("union", member_id, card.unionid, work.now), member_id, union, "wecom"))
    members.update(work, updates)
    members.bind(work, binds)


def _gender(card: Card) -> members.Gender:
    return "male" if card.gender == 1 else "female" if card.gender == 2 else "unknown"


def tell_phones(work: Work, mobiles: Mapping[str, Collection[str]]) -> None:
    """Numbers that staff wrote into a remark: weak evidence, they match nothing by themselves."""
    binds = [
        members.Bind(derive("remark", member_id, phone), member_id, members.Identity("phone", phone), "profile")
        for member_id, phones in sorted(mobiles.items())
        for phone in sorted(set(phones))
        if members.is_phone(phone)
    ]
    members.bind(work, binds)


def look_after(work: Work, pairs: Collection[tuple[str, str]]) -> None:
    """(member, staff) of new friendships: who is nobody's yet is looked after by this one."""
    wanted = dict(sorted(pairs, reverse=True))
    profiles = members.profiles(work, wanted)
    _own(work, {number: staff for number, staff in wanted.items() if number in profiles and not profiles[number].owner_staff})


def pass_on(work: Work, pairs: Collection[tuple[str, str]], heir: str = "") -> None:
    """(member, staff) of friendships that ended: the heir, or the member's oldest friend that is left, looks after them from now on."""
    lost: dict[str, set[str]] = {}
    for number, staff in pairs:
        lost.setdefault(number, set()).add(staff)
    profiles, friends = members.profiles(work, lost), contacts.friends(work, lost)
    owners = {}
    for number, profile in profiles.items():
        left = friends[number].staff if number in friends else ()
        new = heir or next(iter(left), "")
        if profile.owner_staff in lost[number] and profile.owner_staff not in left and new:
            owners[number] = new
    _own(work, owners)


def _own(work: Work, owners: Mapping[str, str]) -> None:
    members.update(
        work,
        [
            members.Update(derive("owner", number, staff, work.now), number, {"owner_staff": staff})
            for number, staff in sorted(owners.items())
        ],
    )
