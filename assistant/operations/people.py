"""Whom a Chinese sentence means: phrases about people become rules of the segment language."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from assistant.base.clock import SHANGHAI
from assistant.domain.audience import All, AnyOf, Compare, Not, Rule, compare
from assistant.operations.vocabulary import Vocabulary

NUMBERS = {letter: value for value, letter in enumerate("零一二三四五六七八九")} | {"两": 2, "半": 0}
NUMBER = r"(\d+|[一二两三四五六七八九十百]+)"
SPAN = rf"{NUMBER}\s*(?:个)?(天|日|周|星期|月|年)"
TIER = "tier"
BOUGHT = r"(?:下过单|下单|买过|购买过|消费过|买|购买|消费|复购|回购)"


def number(text: str) -> int:
    """``60``, ``六十``, ``三`` or ``一百二十`` as a whole number."""
    if text.isdigit():
        return int(text)
    total = current = 0
    for letter in text:
        if letter in "十百":
            total += (current or 1) * (10 if letter == "十" else 100)
            current = 0
        else:
            current = NUMBERS[letter]
    return total + current


def days(text: str, unit: str) -> int:
    return number(text) * {"天": 1, "日": 1, "周": 7, "星期": 7, "月": 30, "年": 365}[unit]


@dataclass(slots=True)
class Reading:
    """What has been understood so far; ``left`` is the sentence with understood phrases blanked."""

    left: str
    now: datetime
    words: Vocabulary
    rules: list[Rule] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)
    everybody: bool = False

    def take(self, pattern: str) -> re.Match[str] | None:
        """Finds a phrase and takes it out of the sentence."""
        match = re.search(pattern, self.left)
        if match is not None:
            self.left = f"{self.left[: match.start()]}　{self.left[match.end() :]}"
        return match


def read_people(sentence: str, words: Vocabulary, now: datetime) -> Reading:
    """Rules for every phrase about people in the sentence, in the order of the readers below."""
    reading = Reading(sentence, now, words)
    for reader in READERS:
        reader(reading)
    return reading


def _everybody(reading: Reading) -> None:
    if reading.take(r"(?:全体|所有|全部|每一?位|每个)的?(?:会员|客户|顾客|用户|人)"):
        reading.everybody = True


def _dormant(reading: Reading) -> None:
    reading.left = re.sub(r"半年", "180天", re.sub(r"半个月", "15天", reading.left))
    match = reading.take(rf"(?:超过|已经?|有|近|最近|过去)?\s*{SPAN}(?:以上|之?内|来)?\s*(?:都)?(?:没有?|未|不曾){BOUGHT}(?:过|的)?")
    if match is None:
        if not reading.take(r"沉睡|流失|沉默"):
            return
        reading.assumptions.append("“沉睡”按 60 天没有下单理解")
        span = 60
    else:
        span = days(match[1], match[2])
    reading.rules += [compare("order_count", "gte", 1), compare("order_count", "eq", 0, within_days=span)]


def _categories(reading: Reading) -> str:
    return "|".join(map(re.escape, reading.words.categories))


def _bought_within(reading: Reading) -> None:
    kind = _categories(reading)
    match = reading.take(rf"(?:最近|近|过去)?\s*{SPAN}(?:之?内)?\s*(?:有)?{BOUGHT}(?:过|了)?\s*({kind})?")
    if match is None:
        return
    narrowed = {"within_days": days(match[1], match[2])}
    if match[3]:
        reading.rules.append(compare("order_count", "gte", 1, **narrowed, category=match[3]))
    else:
        reading.rules.append(compare("order_count", "gte", 1, **narrowed))


def _materials(reading: Reading) -> None:
    for word, tag in reading.words.materials.items():
        if reading.take(re.escape(word)):
            reading.rules.append(compare("tag", "eq", tag))
            reading.assumptions.append(f"“{word}”按标签“{tag}”理解")
            return


def _bought(reading: Reading) -> None:
    kind = _categories(reading)
    match = reading.take(rf"(?:没有?|未)(?:买过|购买过|买)\s*({kind})")
    if match is not None:
        reading.rules.append(compare("order_count", "eq", 0, category=match[1]))
    match = reading.take(rf"(?:买过|购买过|买了)\s*({kind})") or reading.take(rf"({kind})的?\s*(?:老客户?|老顾客|顾客|客户|会员|买家)")
    if match is not None:
        reading.rules.append(compare("order_count", "gte", 1, category=match[1]))
        if "老客" in match[0]:
            reading.assumptions.append(f"“{match[1]}老客”按买过{match[1]}理解")


def _order_figures(reading: Reading) -> None:
    match = reading.take(rf"(?:下单|买过?|消费|购买过?)\s*{NUMBER}\s*(?:次|单|笔)(?:以上|及以上)?")
    if match is not None:
        reading.rules.append(compare("order_count", "gte", number(match[1])))
    match = reading.take(r"(?:累计)?(?:消费|花费?|购买)(?:金额)?(?:满|超过|大于|达到?)?了?\s*(\d+)\s*元(?:以上)?")
    if match is not None:
        reading.rules.append(compare("order_amount", "gte", int(match[1]) * 100))


def _shops(reading: Reading) -> None:
    if not reading.words.shops:
        return
    match = reading.take(
        rf"(?:在)?({'|'.join(map(re.escape, reading.words.shops))})(?:店|旗舰店|直播间)?(?:{BOUGHT}过?|的?(?:客户|顾客|会员|老客))"
    )
    if match is not None:
        reading.rules.append(compare("shop", "in", reading.words.shops[match[1]]))


def _newness(reading: Reading) -> None:
    match = reading.take(rf"(?:入会|注册|加入)(?:不到|未满|不足)?\s*{SPAN}(?:以?内)?")
    if match is not None:
        reading.rules.append(compare("joined_at", "within_days", days(match[1], match[2])))
    elif reading.take(r"新(?:会员|客户?|人|用户)"):
        reading.rules.append(compare("joined_at", "within_days", 30))
        reading.assumptions.append("“新会员”按 30 天内入会理解")
    if reading.take(r"(?:还|从|从来)?(?:没有?|未)(?:下过单|下单|买过东西|首单|购买过)"):
        reading.rules.append(compare("order_count", "eq", 0))


def _old_customers(reading: Reading) -> None:
    if reading.take(r"老(?:客户?|顾客|会员|朋友|买家)") and not any(
        isinstance(rule, Compare) and rule.feature == "order_count" for rule in reading.rules
    ):
        reading.rules.append(compare("order_count", "gte", 1))
        reading.assumptions.append("“老客”按至少下过一单理解")
    if reading.take(r"回头客"):
        reading.rules.append(compare("order_count", "gte", 2))


def _cities(reading: Reading) -> None:
    names = "|".join(map(re.escape, reading.words.cities))
    match = reading.take(rf"(?<!不)(?:在)?(?:{names})(?:(?:、|和|，|跟|及|或)(?:{names}))*")
    if match is not None:
        _one_or_in(reading, "city", re.findall(names, match[0]))


def _gender(reading: Reading) -> None:
    match = reading.take(r"([女男])(?:性|士|生|会员|客户|顾客|用户)")
    if match is not None:
        reading.rules.append(compare("gender", "eq", reading.words.genders[match[1]]))


def _tiers(reading: Reading) -> None:
    names = "|".join(map(re.escape, sorted(reading.words.tiers, key=len, reverse=True)))
    match = reading.take(rf"(?:{names})(?:(?:、|和|，|跟|及|或)(?:{names}))*(?:会员|客户|等级)?")
    if match is not None:
        _one_or_in(reading, TIER, [reading.words.tiers[name] for name in re.findall(names, match[0])])


def _one_or_in(reading: Reading, feature: str, found: list[str]) -> None:
    values = tuple(dict.fromkeys(found))
    reading.rules.append(compare(feature, "in", values) if len(values) > 1 else compare(feature, "eq", values[0]))


def _points(reading: Reading) -> None:
    match = reading.take(
        rf"(?:{SPAN}(?:之?内|后))?\s*积分\s*(?:快要?|即将|马上|将)?(?:要)?(?:过期|到期)|有?积分\s*{SPAN}之?内(?:要)?(?:过期|到期)"
    )
    if match is None and (early := reading.take(rf"{SPAN}之?内(?:有)?(?:要|快|即将)?(?:过期|到期)的?积分|(?:快|即将)(?:过期|到期)的?积分")):
        match = early
    if match is not None:
        pairs = [one for one in match.groups() if one]
        span = days(pairs[0], pairs[1]) if pairs else 30
        if not pairs:
            reading.assumptions.append("“快过期”按 30 天内过期理解")
        reading.rules.append(compare("points.expiring", "gte", 1, within_days=span))
    match = reading.take(r"积分(?:余额)?\s*(超过|大于|多于|高于|满|不少于|少于|低于|不足)\s*(\d+)分?")
    if match is not None:
        op = {"超过": "gt", "大于": "gt", "多于": "gt", "高于": "gt", "满": "gte", "不少于": "gte"}.get(match[1], "lt")
        reading.rules.append(
            Compare(feature="points.available", op="gt" if op == "gt" else "gte" if op == "gte" else "lt", value=int(match[2]))
        )


def _cashback(reading: Reading) -> None:
    if reading.take(
        r"(?:还)?(?:没有?|未)(?:领取?|申请|提取?)(?:的)?(?:返现|返利)|(?:返现|返利)(?:还)?(?:没有?|未)(?:领取?|申请|提取?)|有(?:返现|返利)(?:没|未)领"
    ):
        reading.rules.append(compare("cashback.unclaimed", "gte", 1))


def _birthday(reading: Reading) -> None:
    local = reading.now.astimezone(SHANGHAI)
    match = reading.take(r"(1[0-2]|[1-9])\s*月份?(?:过?生日|的寿星)")
    if match is not None:
        reading.rules.append(compare("birthday_month", "eq", int(match[1])))
    elif reading.take(r"下个?月(?:过)?生日"):
        reading.rules.append(compare("birthday_month", "eq", local.month % 12 + 1))
    elif reading.take(r"(?:本月|这个月|当月)(?:过)?(?:生日|寿星)"):
        reading.rules.append(compare("birthday_month", "eq", local.month))
    elif re.search(r"生日", reading.left):
        reading.rules.append(compare("birthday_month", "eq", local.month))
        reading.assumptions.append(f"“生日”按本月（{local.month} 月）过生日理解")


def _tags(reading: Reading) -> None:
    while match := reading.take(r"(?:带有?|有|打了|标签(?:是|为)?|打上)\s*[“\"「]([^”\"」]{1,30})[”\"」](?:这个)?(?:标签)?"):
        reading.rules.append(compare("tag", "eq", match[1]))


def _groups(reading: Reading) -> None:
    match = reading.take(r"(?:在)?[“\"「]([^”\"」]{1,40}群)[”\"」](?:里|中)?的?")
    if match is not None:
        reading.rules.append(compare("group", "eq", reading.words.groups.get(match[1], match[1])))


def _contacts(reading: Reading) -> None:
    match = reading.take(rf"(?:最近|近)?\s*{SPAN}之?内?(?:没有?|未)(?:来过?|互动|说过?话|联系|咨询)过?")
    if match is not None:
        reading.rules.append(Not(rule=compare("last_inbound_at", "within_days", days(match[1], match[2]))))
        return
    match = reading.take(rf"(?:最近|近)?\s*{SPAN}之?内?(?:来过|互动过|说过话|联系过我们|咨询过)")
    if match is not None:
        reading.rules.append(compare("last_inbound_at", "within_days", days(match[1], match[2])))


READERS: tuple[Callable[[Reading], None], ...] = (
    _groups,
    _tags,
    _everybody,
    _contacts,
    _dormant,
    _bought_within,
    _materials,
    _bought,
    _order_figures,
    _shops,
    _newness,
    _old_customers,
    _cities,
    _gender,
    _tiers,
    _points,
    _cashback,
    _birthday,
)


def together(rules: list[Rule]) -> Rule:
    """All of the rules as one."""
    return rules[0] if len(rules) == 1 else All(rules=tuple(rules))


def either(rules: list[Rule]) -> Rule:
    """Any of the rules as one."""
    return rules[0] if len(rules) == 1 else AnyOf(rules=tuple(rules))
