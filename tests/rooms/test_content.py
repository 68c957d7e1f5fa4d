"""Templates and what a text may not say."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.base.errors import Invalid
from assistant.base.principal import system
from assistant.domain import content
from assistant.domain.content import Draft, SaveTemplate, check, render, slots
from assistant.store import Store

ME = system("test")


def codes(text: str, **fields: object) -> list[str]:
    return [finding.code for finding in check(Draft(text, **fields))]


@pytest.mark.parametrize("text", ["我们是全网最低价", "国家级面料", "品质第一", "这是最好的睡衣", "唯一的选择", "100%有效", "销量第一名"])
def test_absolute_words_are_found(text: str) -> None:
    assert "absolute_word" in codes(text)


@pytest.mark.parametrize("text", ["最好用温水手洗", "第一次来的朋友", "100% 棉，不起球", "第一时间告诉您", "最近天冷了", "第十一届"])
def test_everyday_words_are_not_absolute(text: str) -> None:
    assert codes(text) == []


@pytest.mark.parametrize(
    "text", ["五星好评返现 2 元", "给个好评领红包", "好评截图发我，返5元", "晒图评价送优惠券", "返现 3 元，记得好评哦"]
)
def test_reward_for_a_good_review_is_blocked(text: str) -> None:
    assert "review_for_cash" in codes(text)


@pytest.mark.parametrize("text", ["穿着感受欢迎告诉我们，好的坏的都想听", "您的返现卡还有 3 天到期", "评价功能已开放"])
def test_asking_how_it_was_is_fine(text: str) -> None:
    assert codes(text) == []


def test_copy_written_by_ai_for_many_names_the_ai() -> None:
    assert codes("天冷加衣", ai_written=True) == ["no_ai_label"]
    assert codes("天冷加衣（AI 助手撰写）", ai_written=True) == []
    assert codes("天冷加衣", ai_written=True, mass=False) == []


def test_only_allowed_hosts_may_be_linked() -> None:
    allowed = ("mianyu.example.com",)
    assert codes("看看 https://mianyu.example.com/a 和 m.mianyu.example.com/b", links=allowed) == []
    for text in ("https://evil.com/x", "evil.cn", "https://mianyu.example.com.evil.top/", "https://notmianyu.example.com"):
        assert codes(f"看看 {text}", links=allowed) == ["link_not_allowed"], text


def test_length_counts_bytes_and_levels_of_referral_are_blocked() -> None:
    assert codes("字" * 683) == ["too_long"]
    assert codes("字" * 682) == []
    assert codes("发展下线拿佣金") == ["referral_levels"]
    assert codes("  ") == ["empty"]


def test_a_slot_without_a_value_is_not_sent() -> None:
    assert slots("{nickname}，{points} 分，{nickname}") == ["nickname", "points"]
    for values in ({}, {"nickname": ""}):
        with pytest.raises(Invalid):
            render("{nickname}您好", values)
    with pytest.raises(Invalid):
        render("{Nick}您好", {"Nick": "x"})


@given(st.text(max_size=300))
def test_whatever_a_nickname_holds_it_stays_one_line_of_words(nickname: str) -> None:
    try:
        text = render("{nickname}，您好 {points}", {"nickname": nickname or "您", "points": 5})
    except Invalid:
        return
    assert text.endswith("，您好 5")
    assert "\n" not in text
    assert len(text) < 140


def test_the_same_words_are_one_version_and_others_the_next(store: Store) -> None:
    first = store.do(content.save_template, [SaveTemplate("1", "唤醒", "{nickname}，好久不见")], ME)[0]
    again = store.do(content.save_template, [SaveTemplate("2", "唤醒", "{nickname}，好久不见")], ME)[0]
    other = store.do(content.save_template, [SaveTemplate("3", "唤醒", "{nickname}，想你了")], ME)[0]
    assert (first.version, again, other.version) == (1, first, 2)
    found = store.look(content.template, "唤醒")
    assert found is not None
    assert (found.id, found.body) == (other.template_id, "{nickname}，想你了")
    assert [one.name for one in store.look(content.templates)] == ["唤醒"]
    kept = store.look(content.template_by_id, first.template_id)
    assert kept is not None
    assert kept.body == "{nickname}，好久不见"


def test_versions_saved_at_once_have_their_own_numbers(store: Store) -> None:
    async def together() -> list[list[content.Saved]]:
        return await asyncio.gather(*(store.write(content.save_template, [SaveTemplate(str(n), "唤醒", f"第{n}版")], ME) for n in range(4)))

    assert sorted(saved[0].version for saved in asyncio.run(together())) == [1, 2, 3, 4]
