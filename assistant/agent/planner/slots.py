"""Parsers for what the planner needs out of a sentence: amounts, dates, quantities, order numbers, topics, preferences."""

from __future__ import annotations

import re
import unicodedata

from assistant.agent.numerals import chinese_number

_NUMBER = r"(\d+|[零〇一二两三四五六七八九十百千]+)"
_ORDER = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]{0,3}\d{6,30})(?![A-Za-z0-9])")
_QUANTITY = re.compile(r"(?<![\d.])([-−]?\d+(?:\.\d+)?|[零〇一二两三四五六七八九十百千]+)" + r"\s*(?:双|个|件|条|份|瓶|套|张|只|包)")
_BIRTHDAY = re.compile(r"(?:(\d{4})年)?" + _NUMBER + r"\s*月\s*" + _NUMBER + r"\s*[日号]?")
_SIZE = re.compile(r"(?<![A-Za-z0-9])(\d{2}[A-Ga-g]|X{0,3}[SLM]|XXL|[SML])(?![A-Za-z0-9])", re.IGNORECASE)
_HOUR = re.compile(r"(上午|下午|晚上|中午|早上)?\s*" + _NUMBER + r"\s*点")
_NAME = re.compile(r"(?:叫我|称呼我|昵称(?:改成|是)?)\s*([\w一-鿿]{1,12}?)(?:就好|就行|吧|$|[，。！])")
TOPICS = ("上新", "直播", "活动", "促销", "优惠", "生日", "群发", "积分", "返现")


def plain(text: str) -> str:
    """Full-width letters and digits as half-width, outer space removed."""
    return unicodedata.normalize("NFKC", text).strip()


def _whole(text: str) -> int:
    return int(text) if text.isdigit() else (chinese_number(text) or 0)


def order_number(text: str) -> str:
    """The first thing that looks like an order number, empty if there is none."""
    match = _ORDER.search(plain(text))
    return match[1] if match else ""


def quantity(text: str) -> int:
    """How many are wanted, 1 if it is not said; 0 for what is no count (halves, less than nothing), so that it is asked again."""
    match = _QUANTITY.search(plain(text))
    return _whole(match[1]) if match else 1


def topic(text: str) -> str:
    """The topic that an opt-out names, empty for everything."""
    return next((word for word in TOPICS if word in text and word not in ("活动", "群发", "促销", "优惠")), "")


def preference(text: str) -> dict[str, str] | None:
    """``{"name", "value"}`` of a preference said in the sentence, or None."""
    said = plain(text)
    birthday = _BIRTHDAY.search(said)
    if birthday and "生日" in said:
        day = f"{_whole(birthday[2]):02d}-{_whole(birthday[3]):02d}"
        return {"name": "birthday", "value": f"{birthday[1]}-{day}" if birthday[1] else day}
    name = _NAME.search(said)
    if name:
        return {"name": "nickname", "value": name[1]}
    hour = _HOUR.search(said)
    if hour and ("联系" in said or "方便" in said):
        value = _whole(hour[2])
        return {"name": "preferred_hour", "value": str(value + 12 if hour[1] in ("下午", "晚上") and value < 12 else value)}
    size = _SIZE.search(said)
    if size and ("码" in said or "穿" in said):
        return {"name": "size", "value": size[1].upper()}
    return None


_COUNTED = _NUMBER + r"\s*(?:双|个|件|条|份|瓶|套|张|只|包)"
_ITEM = re.compile(
    r"(?:(?:兑换|换成|换购|换|兑)(?:一下)?\s*(?:" + _COUNTED + r")?|(?:来|要|拿)\s*" + _COUNTED + r")\s*(?P<item>[\w一-鿿（）()]{2,20})"
)


def item(text: str) -> str:
    """What the member wants to exchange points for, empty if it is not said."""
    match = _ITEM.search(plain(text))
    if not match:
        return ""
    return re.sub(r"(吧|呀|呢|吗|可以吗|行吗|谢谢)+$", "", match["item"])


_WISH = re.compile(
    r"(?:许(?:个|一个)?愿(?:望)?|心愿(?:单)?(?:是)?|希望(?:你们)?(?:能)?(?:出|上|做)|想要你们(?:出|做))[：:，,\s]*(?P<wish>.{2,300})",
    re.DOTALL,
)
_CODE = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z2-7]*[A-Za-z])[A-Za-z2-7]{8}(?![A-Za-z0-9])")
_CHOICES = re.compile(r"(?:问卷|我选|我的答案)[：:，,\s]*(?:我选|答案)?[：:，,\s]*(?P<choices>.+)", re.DOTALL)


def wish(text: str) -> str:
    """What is wished for, empty if it is not said."""
    match = _WISH.search(plain(text))
    return match["wish"].strip(" ，,。！!") if match else ""


def invite_code(text: str) -> str:
    """An invite code in the sentence, empty if there is none."""
    match = _CODE.search(plain(text))
    return match[0].upper() if match else ""


def choices(text: str) -> list[str]:
    """Options named after 我选 or 问卷, parted by 、 or commas."""
    match = _CHOICES.search(plain(text))
    named = re.split(r"[、,，;；\s]+", match["choices"]) if match else []
    return [one for one in named if one and one not in ("填", "填写", "在哪", "怎么填", "吧")]
