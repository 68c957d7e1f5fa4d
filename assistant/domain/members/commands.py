"""The writes about people, on sets. A shop's own key is an identity of namespace ``shop``."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from assistant.base.errors import Forbidden, Invalid
from assistant.base.ids import derive
from assistant.domain.members import facts, linking, store
from assistant.domain.members.links import TOLD, Evidence, is_strong, told
from assistant.domain.members.model import (
    CHANGES,
    PREFERENCES,
    Bind,
    Bound,
    Choice,
    Done,
    Group,
    Identity,
    Profile,
    Register,
    Registered,
    Update,
    checked_changes,
)
from assistant.store import Work, once

SELF_FIELDS = frozenset({"nickname", "gender", "city", "birthday", "preferred_hour", "size"})
"""What a member may change about himself; the rest is the brand's judgement."""

FLAGS = ("opted_out", "blocked", "is_employee", "open_complaint")


Asked = TypeVar("Asked", Update, Choice)


def register(work: Work, requests: Sequence[Register]) -> list[Registered]:
    """Makes members, or meets those whom the shop key or an identity already names and adds what is newly known.

    Where identities of one request point at different members, that is evidence that they are one; the first named is met.
    """
    return once(work, "members.register", requests, Registered, _register)


def bind(work: Work, requests: Sequence[Bind]) -> list[Bound]:
    """Adds identities; one that is another member's stays there and is evidence that the two are one."""
    return once(work, "members.bind", requests, Bound, _bind)


def update(work: Work, requests: Sequence[Update]) -> list[Done]:
    """Changes checked fields; raises Invalid for a bad value, Forbidden where a member writes about another."""
    return once(work, "members.update", requests, Done, _update)


def opt_out(work: Work, choices: Sequence[Choice]) -> list[Done]:
    """Stops messages at once: of one topic, or all that are not replies."""
    return once(work, "members.opt_out", choices, Done, _opt_out)


def opt_in(work: Work, choices: Sequence[Choice]) -> list[Done]:
    """Takes an opt-out back; without a topic all of them."""
    return once(work, "members.opt_in", choices, Done, _opt_in)


def set_groups(work: Work, groups: Sequence[Group]) -> list[Done]:
    """Makes or renames customer groups and puts the named members in; of groups that WeCom tells about only the persona is taken."""
    return once(work, "members.set_groups", groups, Done, _set_groups)


@dataclass(slots=True)
class _Meeting:
    """One request on its way to the member it means."""

    request: Register
    member_id: str
    created: bool


def _register(work: Work, requests: Sequence[Register]) -> list[Registered]:
    wanted = {item for request in requests for item in (*_strong(request), *map(told, request.identities), *_weak(request))}
    known = store.owners(work, wanted)
    fresh: dict[Identity, str] = {}
    offered: dict[Identity, str] = {}
    shared: list[Evidence] = []
    meetings = []
    for request in requests:
        owners = list(dict.fromkeys(known[item] for item in _strong(request) if item in known))
        member_id = owners[0] if owners else derive("member", request.key)
        shared += _shared(request, member_id, ChainMap(known, offered))
        meetings.append(_Meeting(request, member_id, not owners))
        new = {item: member_id for item in _strong(request) if item not in known}
        fresh.update(new)
        known.update(new)
        offered.update({item: member_id for item in _weak(request) if item not in known and item not in offered})
    _save(work, meetings)
    store.save_identities(work, fresh, work.now)
    store.offer_identities(work, {item: owner for item, owner in offered.items() if item not in fresh}, work.now)
    store.join_groups(work, ((chatid, one.member_id) for one in meetings for chatid in one.request.profile.groups))
    work.record(*(facts.registered(one.member_id, len(one.request.identities)) for one in meetings if one.created))
    linking.note(work, shared)
    return [Registered(one.member_id, one.created) for one in meetings]


def _shared(request: Register, member_id: str, known: Mapping[Identity, str]) -> list[Evidence]:
    """What of the request is another member's already."""
    proofs = [(item, item, "import") for item in _strong(request)]
    proofs += [(item, told(item), "questionnaire") for item in request.identities]
    proofs += [(item, item, "profile") for item in _weak(request)]
    return [
        Evidence(member_id, known[place], item.namespace, item.value, source, is_strong(item.namespace, source))
        for item, place, source in proofs
        if known.get(place, member_id) != member_id
    ]


def _strong(request: Register) -> tuple[Identity, ...]:
    shop = (Identity("shop", request.shop_key),) if request.shop_key else ()
    found = (*shop, *request.identities)
    if any(not item.namespace or not item.value for item in found):
        raise Invalid("身份缺少类型或值", code="bad_identity", key=request.key)
    return found


def _weak(request: Register) -> tuple[Identity, ...]:
    """A phone in a profile finds its member unless it is another's already: people share and change phones."""
    return (Identity("phone", request.profile.phone),) if request.profile.phone else ()


def _save(work: Work, meetings: Sequence[_Meeting]) -> None:
    rows = store.locked_rows(work, {one.member_id for one in meetings})
    for one in meetings:
        row = rows.setdefault(one.member_id, _blank(one.member_id, work.now))
        row.update(_known(one.request.profile, row, one.created))
        row["shop_key"] = row["shop_key"] or one.request.shop_key
    store.save_rows(work, list(rows.values()))


def _blank(member_id: str, now: datetime) -> dict[str, Any]:
    row = dict.fromkeys(("nickname", "phone", "city", "birthday", "owner_staff", "shop_key"), "")
    flags = dict.fromkeys(FLAGS, False)
    return {
        **row,
        **flags,
        "id": member_id,
        "gender": "unknown",
        "joined_at": now,
        "preferred_hour": None,
        "preferences": {},
        "created_at": now,
    }


def _known(profile: Profile, row: dict[str, Any], created: bool) -> dict[str, Any]:
    """What the profile says beyond its defaults: silence never erases what is known."""
    default = Profile()
    names = [name for name in CHANGES if getattr(profile, name) != getattr(default, name)]
    changes = checked_changes({name: getattr(profile, name) for name in names})
    changes["opted_out"] = profile.opted_out or row["opted_out"]
    if profile.joined_at is not None:
        changes["joined_at"] = profile.joined_at if created else min(profile.joined_at, row["joined_at"])
    return changes


def _bind(work: Work, requests: Sequence[Bind]) -> list[Bound]:
    current = store.standing_for(work, [request.member_id for request in requests])
    known = store.owners(work, {item for request in requests for item in (request.identity, told(request.identity))})
    fresh: dict[Identity, str] = {}
    shared: list[Evidence] = []
    done = []
    for request in requests:
        name, value = request.identity.namespace, request.identity.value
        if not name or not value:
            raise Invalid("身份缺少类型或值", code="bad_identity", key=request.key)
        if request.member_id not in current:
            raise Invalid(f"找不到会员 {request.member_id}", code="no_member")
        member_id = current[request.member_id]
        kept = told(request.identity) if request.source in TOLD else request.identity
        for item in (request.identity, told(request.identity)):
            if known.get(item, member_id) != member_id:
                strong = item.namespace == name and is_strong(name, request.source)
                shared.append(Evidence(member_id, known[item], name, value, request.source, strong))
        new = kept not in known
        if new:
            fresh[kept] = known[kept] = member_id
            work.record(facts.bound(member_id, kept.namespace))
        done.append(Bound(member_id, new))
    store.save_identities(work, fresh, work.now)
    linking.note(work, shared)
    return done


def _update(work: Work, requests: Sequence[Update]) -> list[Done]:
    requests, rows = _meant(work, requests)
    done = []
    for request in requests:
        row, changes = rows[request.member_id], checked_changes(request.changes)
        if work.principal.kind == "member" and not changes.keys() <= SELF_FIELDS:
            raise Forbidden("这一项需要由工作人员修改", code="not_own")
        before = {**row, **row["preferences"]}
        changed = sorted(name for name, value in changes.items() if before.get(name) != value)
        row.update({name: changes[name] for name in changed if name in CHANGES})
        row["preferences"] = {**row["preferences"], **{name: changes[name] for name in changed if name in PREFERENCES}}
        if changed:
            work.record(facts.updated(request.member_id, changed))
        done.append(Done(request.member_id, bool(changed)))
    store.save_rows(work, list(rows.values()))
    return done


def _opt_out(work: Work, choices: Sequence[Choice]) -> list[Done]:
    choices, rows = _meant(work, choices)
    known = store.topics(work, set(rows))
    done = []
    for choice in choices:
        topic, row = _topic(choice), rows[choice.member_id]
        changed = topic not in known.setdefault(choice.member_id, set()) if topic else not row["opted_out"]
        if topic:
            known[choice.member_id].add(topic)
        else:
            row["opted_out"] = True
        if changed:
            work.record(facts.chose(choice.member_id, True, topic))
        done.append(Done(choice.member_id, changed))
    store.add_topics(work, ((choice.member_id, _topic(choice)) for choice in choices if choice.topic))
    store.save_rows(work, list(rows.values()))
    return done


def _opt_in(work: Work, choices: Sequence[Choice]) -> list[Done]:
    choices, rows = _meant(work, choices)
    known = store.topics(work, set(rows))
    done = []
    for choice in choices:
        topic, row, topics = _topic(choice), rows[choice.member_id], known.get(choice.member_id, set())
        changed = topic in topics if topic else bool(row["opted_out"] or topics)
        if topic:
            topics.discard(topic)
        else:
            topics.clear()
            row["opted_out"] = False
        if changed:
            work.record(facts.chose(choice.member_id, False, topic))
        done.append(Done(choice.member_id, changed))
    store.drop_topics(work, ((choice.member_id, _topic(choice)) for choice in choices))
    store.save_rows(work, list(rows.values()))
    return done


def _topic(choice: Choice) -> str:
    topic = choice.topic.strip()
    if len(topic) > 60:
        raise Invalid("主题最多 60 个字", code="bad_topic")
    return topic


def _set_groups(work: Work, groups: Sequence[Group]) -> list[Done]:
    _present(work, [number for group in groups for number in group.members])
    store.save_groups(work, groups)
    store.join_groups(work, ((group.chatid, number) for group in groups for number in group.members))
    return [Done("", True) for _group in groups]


def _meant(work: Work, requests: Sequence[Asked]) -> tuple[list[Asked], dict[str, dict[str, Any]]]:
    """The requests, of those merged by now in the name of who they are, with the rows, locked; a member may touch his own only."""
    ids = {request.member_id for request in requests}
    if work.principal.kind == "member" and ids - {work.principal.id}:
        raise Forbidden("只能修改自己的资料", code="not_own")
    current = store.standing_for(work, ids)
    rows = store.locked_rows(work, set(current.values()))
    if any(row["merged_into"] for row in rows.values()):
        # Merged while the lock was waited for.
        current = store.standing_for(work, ids)
        rows = store.locked_rows(work, set(current.values()))
    for number in sorted(ids - current.keys()):
        raise Invalid(f"找不到会员 {number}", code="no_member")
    return [replace(request, member_id=current[request.member_id]) for request in requests], rows


def _present(work: Work, ids: Sequence[str]) -> None:
    found = store.standing_for(work, ids)
    for number in ids:
        if number not in found:
            raise Invalid(f"找不到会员 {number}", code="no_member")
