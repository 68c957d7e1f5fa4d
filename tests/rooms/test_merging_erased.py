"""Who was merged and parted, and then erased, is named nowhere; the other goes on as before."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from assistant.base.errors import Invalid
from assistant.domain import members
from assistant.domain.members import Bind, Identity
from assistant.flows import erasing
from assistant.store import Store, View, metadata
from tests.rooms.merging_help import BOSS, ME, WECHAT, give, join, left, merge, undo, wrong


def naming(view: View, member_id: str) -> list[str]:
    """Rows in which an id stands."""
    return [
        f"{table.name}: {row}" for table in metadata.sorted_tables for row in view.all(sa.select(table)) if member_id in repr(tuple(row))
    ]


def test_an_erased_member_is_not_named_by_the_one_he_was_merged_with_before(store: Store) -> None:
    chat, shop = join(store, "a", WECHAT), join(store, "b", Identity("card", "c1"))
    store.do(members.bind, [Bind("x", chat, Identity("card", "c1"))], ME)
    give(store, shop, 100)
    give(store, chat, 7)
    undo(store, merge(store, chat, shop))
    store.do(erasing.erase, [erasing.Erase("e", shop, "gone_1")], BOSS)
    assert store.look(naming, shop) == []
    assert left(store, chat) == [7]
    assert store.look(members.find, chat) == chat
    with pytest.raises(Invalid, match="找不到"):
        merge(store, chat, "gone_1", "m2")
    assert wrong(store) == []
