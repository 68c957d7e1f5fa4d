"""Tagging in sets, and freezing an audience step by step."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from assistant.base import ids
from assistant.base.errors import Conflict, Invalid
from assistant.domain.audience import store, tables
from assistant.domain.audience.catalogue import catalogue
from assistant.domain.audience.compiling import members_of
from assistant.domain.audience.model import Freeze, Snapshot, Tag
from assistant.store import Fact, Work

START = hashlib.sha256(b"audience").hexdigest()


def tag(work: Work, tags: Sequence[Tag]) -> None:
    """Puts tags on members; said again it changes nothing but source, confidence and time. Raises Invalid for an empty tag."""
    for item in tags:
        if not 0 < len(item.tag) <= 60 or not 0 <= item.confidence <= 100:
            raise Invalid(f"标签“{item.tag}”要有 1 到 60 个字，可信度在 0 到 100 之间", code="bad_tag")
    store.put_tags(work, tags)
    work.record(
        *(Fact("audience.tagged", f"member:{item.member_id}", {"tag": item.tag, "source": item.source}, item.member_id) for item in tags)
    )


def untag(work: Work, tags: Sequence[Tag]) -> None:
    """Takes tags off members; one that is not there is no error."""
    store.remove_tags(work, tags)
    work.record(
        *(Fact("audience.untagged", f"member:{item.member_id}", {"tag": item.tag, "source": item.source}, item.member_id) for item in tags)
    )


def freeze(work: Work, request: Freeze) -> Snapshot:
    """Takes the next ``limit`` members into the snapshot of this key; call again until ``frozen``.

    The rule is evaluated at the instant of the first call. The digest does not depend on how many steps were made. Raises Conflict if the
    key belongs to another rule, Invalid for a rule that is not in the language.
    """
    rule = catalogue().parse(request.rule)
    snapshot_id = ids.derive("aud", request.key)
    empty = {"id": snapshot_id, "rule": request.rule, "as_of": work.now, "after": "", "count": 0, "digest": START, "frozen": False}
    work.insert_missing(tables.snapshot, [empty])
    row = store.snapshot_row(work, snapshot_id)
    if ids.digest_of(row.rule) != ids.digest_of(request.rule):
        raise Conflict("同一个人群编号对应了不同的条件", code="key_reused", key=request.key)
    if row.frozen:
        return store.as_snapshot(row)
    found = members_of(rule, catalogue(), row.as_of).subquery()
    column = found.c.member_id
    members = [one[0] for one in work.all(found.select().where(column > row.after).order_by(column).limit(request.limit))]
    work.insert(tables.snapshot_member, [{"snapshot_id": snapshot_id, "member_id": member} for member in members])
    digest = row.digest
    for member in members:
        digest = hashlib.sha256(f"{digest}:{member}".encode()).hexdigest()
    frozen = len(members) < request.limit
    after = members[-1] if members else row.after
    changed = {"after": after, "count": row.count + len(members), "digest": digest, "frozen": frozen}
    work.execute(tables.snapshot.update().where(tables.snapshot.c.id == snapshot_id).values(changed))
    return Snapshot(snapshot_id, row.rule, row.as_of, row.count + len(members), digest, frozen)
