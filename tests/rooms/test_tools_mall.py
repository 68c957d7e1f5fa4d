"""Which item of the mall a member means."""

from __future__ import annotations

import pytest

from assistant.base.errors import Invalid
from assistant.domain.activities import Item
from tools.activities import _find


def items() -> list[Item]:
    titles = {"sock": "中筒纯棉袜一双", "bag": "内衣旅行收纳袋", "wash": "内衣专用洗衣液 500ml", "sleep": "真丝眼罩"}
    return [Item(id=key, title=title, points=300, stock=5, per_member=5, kind="own") for key, title in titles.items()]


@pytest.mark.parametrize(
    ("said", "meant"), [("袜子", "sock"), ("眼罩", "sleep"), ("洗衣液", "wash"), ("收纳袋", "bag"), ("sock", "sock"), ("纯棉袜", "sock")]
)
def test_a_loose_word_finds_the_one_item_it_means(said: str, meant: str) -> None:
    assert _find(items(), said).id == meant


@pytest.mark.parametrize("said", ["内衣", "手机", "的"])
def test_a_word_that_means_several_items_or_none_is_asked_back(said: str) -> None:
    with pytest.raises(Invalid):
        _find(items(), said)
