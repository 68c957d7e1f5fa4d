"""Who wants no messages gets none, whatever he is merged with or parted from, and under whichever name he said so."""

from __future__ import annotations

import pytest

from assistant.base.errors import Forbidden
from assistant.base.principal import Principal
from assistant.domain import members
from assistant.domain.members import Choice, Identity, Update
from assistant.flows import merging
from assistant.store import Store
from tests.rooms.merging_help import ME, WECHAT, join, merge, undo

TAOBAO = Identity("taobao", "t_anna")


def opted_out(store: Store, *ids: str) -> list[bool]:
    found = store.look(members.profiles, ids)
    return [found[number].opted_out for number in ids]


def topics(store: Store, *ids: str) -> list[set[str]]:
    found = store.look(members.profiles, ids)
    return [set(found[number].opted_out_topics) for number in ids]


def test_an_opt_out_said_while_two_were_one_holds_for_both_after_the_undo(store: Store) -> None:
    chat, shop = join(store, "a", WECHAT), join(store, "b", TAOBAO)
    done = merge(store, chat, shop)
    store.do(members.opt_out, [Choice("o1", chat), Choice("o2", chat, "care")], ME)
    undo(store, done)
    assert opted_out(store, chat, shop) == [True, True]
    assert topics(store, chat, shop) == [{"care"}, {"care"}]


def test_an_opt_out_that_came_with_the_other_and_was_said_again_is_not_taken_back(store: Store) -> None:
    chat, shop = join(store, "a", WECHAT), join(store, "b", TAOBAO, opted_out=True)
    done = merge(store, chat, shop)
    assert opted_out(store, chat) == [True]
    store.do(members.opt_out, [Choice("o", chat)], ME)
    undo(store, done)
    assert opted_out(store, chat, shop) == [True, True]


def test_an_opt_out_of_the_kept_member_from_before_does_not_spread_to_the_other(store: Store) -> None:
    chat, shop = join(store, "a", WECHAT, opted_out=True), join(store, "b", TAOBAO)
    store.do(members.opt_out, [Choice("o", chat, "care")], ME)
    undo(store, merge(store, chat, shop))
    assert opted_out(store, chat, shop) == [True, False]
    assert topics(store, chat, shop) == [{"care"}, set()]


def test_what_an_absorbed_member_still_says_under_the_old_name_is_heard(store: Store) -> None:
    chat, shop = join(store, "a", WECHAT), join(store, "b", TAOBAO)
    merge(store, chat, shop)
    himself = Principal("member", shop)
    store.do(members.opt_out, [Choice("o", shop), Choice("o2", shop, "care")], himself)
    store.do(members.update, [Update("u", shop, {"city": "上海"})], himself)
    assert (opted_out(store, chat), topics(store, chat)) == ([True], [{"care"}])
    assert store.look(members.profiles, [chat])[chat].city == "上海"
    store.do(members.opt_in, [Choice("i", shop)], himself)
    assert (opted_out(store, chat), topics(store, chat)) == ([False], [set()])
    with pytest.raises(Forbidden):
        store.do(members.opt_out, [Choice("x", chat)], himself)


def test_an_undo_passes_over_rows_that_the_absorbed_member_has_got_again(store: Store) -> None:
    chat, shop = join(store, "a", WECHAT), join(store, "b", TAOBAO)
    store.do(members.set_groups, [members.Group("g", "chat1", "群", members=(shop,))], ME)
    done = merge(store, chat, shop)
    store.do(members.set_groups, [members.Group("g2", "chat1", "群", members=(shop,))], ME)
    store.do(lambda work, _: merging.catch_up(work), None, ME)
    undo(store, done)
    assert shop in store.look(members.groups)[0].members
