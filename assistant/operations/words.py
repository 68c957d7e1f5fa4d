"""The brand's own words for goals, read from the rooms: nobody keeps a second list of shops, tiers or groups."""

from __future__ import annotations

from assistant.base.errors import Invalid
from assistant.domain import activities, audience, cashback, contacts, members, staff
from assistant.operations.people import TIER
from assistant.operations.vocabulary import CATEGORIES, CITIES, DEFAULT, TIERS, Vocabulary
from assistant.store import View

PLATFORMS = ("淘宝", "天猫", "抖音", "京东", "有赞", "拼多多", "小红书", "快手", "视频号", "商城", "直播间")


def vocabulary(view: View) -> Vocabulary:
    """Cities, tiers, categories, shops, groups, cards, lotteries, employees and corp tags as this brand names them."""
    shops = _values(view, "shop")
    said: dict[str, tuple[str, ...]] = {name: (name,) for name in shops}
    for platform in PLATFORMS:
        named = tuple(shop for shop in shops if platform in shop)
        if named:
            said[platform] = named
    return Vocabulary(
        cities=tuple(sorted({*CITIES, *_values(view, "city")}, key=lambda name: (-len(name), name))),
        tiers={name: name for name in [*_values(view, TIER), *TIERS]},
        categories=tuple(sorted({*CATEGORIES, *_values(view, "category")}, key=lambda name: (-len(name), name))),
        materials=DEFAULT.materials,
        shops=dict(sorted(said.items(), key=lambda pair: -len(pair[0]))),
        groups={group.name: group.chatid for group in members.groups(view)},
        cards=_cards(view),
        staff={one.name: one.userid for one in staff.people(view) if one.name},
        tags={name: tag.id for tag in contacts.library(view) for name in (tag.name, tag.ours) if name},
        lotteries={one.activity.title: one.name for one in activities.open_to(view) if one.kind == "lottery"},
    )


def _values(view: View, feature: str) -> list[str]:
    try:
        return audience.values(view, feature)
    except Invalid:
        return []


def _cards(view: View) -> dict[str, str]:
    return {template.name: template.id for template in cashback.templates(view)}
