"""The words of one brand that a goal may use, and the names of the features they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CITIES_TEXT = """
北京 上海 天津 重庆 广州 深圳 杭州 南京 苏州 无锡 常州 宁波 温州 绍兴 嘉兴 合肥 福州 厦门 泉州 南昌
济南 青岛 烟台 郑州 洛阳 武汉 长沙 佛山 东莞 珠海 惠州 中山 南宁 海口 三亚 成都 绵阳 贵阳 昆明 西安
兰州 西宁 银川 太原 石家庄 唐山 保定 沈阳 大连 长春 哈尔滨 呼和浩特 乌鲁木齐 拉萨 南通 徐州 扬州 金华 台州 香港 澳门
"""
CITIES = tuple(CITIES_TEXT.split())
TIERS = ("黑金", "白金", "铂金", "钻石", "金卡", "银卡", "普卡")
CATEGORIES = ("睡衣", "家居服", "文胸", "内裤", "袜子", "保暖")
MATERIALS: Mapping[str, str] = {
    "棉质": "偏爱棉质",
    "纯棉": "偏爱棉质",
    "凉感丝": "偏爱凉感丝",
    "真丝": "偏爱真丝",
    "桑蚕丝": "偏爱真丝",
    "莫代尔": "偏爱莫代尔",
}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the brand calls things: ``tiers`` maps what is said to what the feature holds, ``shops`` to names of shops, ``cards`` to the
    ids of cashback templates, ``groups`` to chat ids, ``lotteries`` (titles of those that are on) to their names, ``staff`` to userids,
    ``tags`` (WeCom's names and ours) to ids of the corp's tags.
    """

    cities: tuple[str, ...] = CITIES
    tiers: Mapping[str, str] = field(default_factory=lambda: {name: name for name in TIERS})
    categories: tuple[str, ...] = CATEGORIES
    materials: Mapping[str, str] = field(default_factory=lambda: dict(MATERIALS))
    shops: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    cards: Mapping[str, str] = field(default_factory=dict)
    lotteries: Mapping[str, str] = field(default_factory=dict)
    staff: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    genders: Mapping[str, str] = field(default_factory=lambda: {"女": "female", "男": "male"})


DEFAULT = Vocabulary()
