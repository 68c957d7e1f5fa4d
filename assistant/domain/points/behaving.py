"""What behaviour earns: each event once, by the live rules, within their caps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from assistant.base.errors import Invalid
from assistant.base.ids import derive
from assistant.domain.points import rulebook, store
from assistant.domain.points.caps import Room, Who, keys_of
from assistant.domain.points.commands import come, lot_of
from assistant.domain.points.model import Behaviour, Lot
from assistant.domain.points.rulebook import Rulebook
from assistant.domain.points.rules import BehaviourRule, Rules
from assistant.store import View, Work, once

AHEAD = timedelta(minutes=5)
"""How far the clock of a sender may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class RuleGave:
    """What one rule gave."""

    rule: str
    title: str
    points: int


@dataclass(frozen=True, slots=True)
class BehaviourEarned:
    """What an event earned, nothing where no rule listens or a cap is reached; ``cut`` names such caps."""

    points: int
    rules: tuple[RuleGave, ...] = ()
    cut: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetHousehold:
    """The member belongs to a household: any key that people of one home share, a hash of the address for one; empty for none."""

    key: str
    member_id: str
    household: str


@dataclass(frozen=True, slots=True)
class InHousehold:
    """Where the member belongs now."""

    household: str


def earn_behaviour(work: Work, behaviours: Sequence[Behaviour]) -> list[BehaviourEarned]:
    """Earns for events by the live rules; an event that no rule listens to earns nothing and is kept by nobody here.

    Raises Invalid for an event without a member or a name, with an instant without zone or one that lies ahead.
    """
    for one in behaviours:
        _check(work, one)
    return once(work, "points.earn_behaviour", behaviours, BehaviourEarned, _earn)


def set_households(work: Work, requests: Sequence[SetHousehold]) -> list[InHousehold]:
    """Says who lives together, for caps that a household shares; what was counted before stays counted where it was."""
    return once(work, "points.set_households", requests, InHousehold, _set_households)


def note_activity(work: Work, seen: Sequence[tuple[str, datetime]]) -> None:
    """Members were active at these instants: lots that end by inactivity end later. Needs no key; nothing else changes."""
    idle = store.idle_members(work, {member_id for member_id, _at in seen})
    if idle:
        sheet = store.open_sheet(work, idle)
        sheet.refresh()
        for member_id, at in seen:
            sheet.stir(member_id, at)
        store.close_sheet(work, sheet)


def heard_events(view: View) -> frozenset[str]:
    """The names of the events that the live rules listen to."""
    return frozenset(one.event for one in Rulebook(view).now.behaviours)


def _set_households(work: Work, requests: list[SetHousehold]) -> list[InHousehold]:
    if any(not one.member_id or len(one.household) > 64 for one in requests):
        raise Invalid("设置家庭缺少会员，或家庭编号超过 64 个字符", code="bad_household")
    rulebook.save_households(work, {one.member_id: one.household for one in requests})
    return [InHousehold(one.household) for one in requests]


def _check(work: Work, one: Behaviour) -> None:
    if not one.key or not one.member_id or not one.name:
        raise Invalid("行为事件缺少编号、会员或名称", code="bad_behaviour", key=one.key)
    if one.at.tzinfo is None:
        raise Invalid("行为事件的时间要带时区", code="bad_behaviour", key=one.key)
    if one.at > work.now + AHEAD:
        raise Invalid("行为事件的时间在将来，请检查发送方的时钟", code="bad_behaviour", key=one.key)


def _earn(work: Work, behaviours: list[Behaviour]) -> list[BehaviourEarned]:
    rules = Rulebook(work).now
    heard = [(one, [rule for rule in rules.behaviours if rule.answers(one.name, one.at, one.properties)]) for one in behaviours]
    note_activity(work, [(one.member_id, one.at) for one in behaviours])
    met = [one for one, answering in heard if answering]
    if not met:
        return [BehaviourEarned(0) for _one in behaviours]
    store.hold_members(work, {one.member_id for one in met})
    whos = _whos(work, rules, met)
    room = rulebook.open_room(work, [key for one in met for key in keys_of(rules, whos[one.member_id], one.at)])
    done: dict[str, BehaviourEarned] = {}
    lots: list[Lot] = []
    for one, answering in sorted(heard, key=lambda pair: (pair[0].at, pair[0].key)):
        done[one.key], made = _of(work, rules, room, whos.get(one.member_id, Who("")), one, answering)
        lots += made
    come(work, lots, [lot.source for lot in lots])
    rulebook.close_room(work, room)
    store.save_behaviours(work, [(derive("behaviour", one.key), one.member_id, one.name, dict(one.properties), one.at) for one in met])
    return [done[one.key] for one in behaviours]


def _whos(work: Work, rules: Rules, met: Sequence[Behaviour]) -> dict[str, Who]:
    ids = {one.member_id for one in met}
    homes = rulebook.households(work, ids) if any(cap.who == "household" for cap in rules.caps) else {}
    return {number: Who(number, homes.get(number, "")) for number in ids}


def _of(
    work: Work, rules: Rules, room: Room, who: Who, one: Behaviour, answering: Sequence[BehaviourRule]
) -> tuple[BehaviourEarned, list[Lot]]:
    drawn = room.draw(rules, {rule.id: rule.points for rule in answering}, who, one.at)
    gave = [(rule, drawn[rule.id]) for rule in answering if drawn[rule.id]]
    lots = [
        lot_of(
            rules,
            f"behaviour:{one.key}:{rule.id}",
            one.member_id,
            amount,
            rule.title,
            one.at,
            max(work.now, one.at) + timedelta(days=rule.wait_days),
        )
        for rule, amount in gave
    ]
    given = tuple(RuleGave(rule.id, rule.title, amount) for rule, amount in gave)
    return BehaviourEarned(sum(drawn.values()), given, tuple(room.cut)), lots
