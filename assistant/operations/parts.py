"""The parts of a goal that are not people: money, benefit, holdout, channel, size, words to send."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from assistant.operations.language import Benefit, CardBenefit, ChanceBenefit, CouponBenefit, Groups, PointsBenefit
from assistant.operations.people import NUMBER, Reading, number

MONEY = r"(\d+(?:\.\d{1,2})?)\s*(万|千|百)?\s*(?:元|块钱?|rmb|RMB)?"
MOST_COUPON_YUAN = 10_000
ASKED_CARD = "发哪一张返现卡？"
ASKED_POINTS = "每人发多少积分？"
ASKED_COUPON = "券是多少元的？"
ASKED_LOTTERY = "送哪个抽奖的机会？"


@dataclass(frozen=True, slots=True)
class Gift:
    """What was said about a benefit: understood, or the question that it leaves."""

    benefit: Benefit | None = None
    question: str = ""


def fen(amount: str, unit: str | None) -> int:
    """``1.5`` and ``万`` as fen."""
    return int(Decimal(amount) * {"万": 1_000_000, "千": 100_000, "百": 10_000, None: 100}[unit])


def read_budget(reading: Reading) -> int | None:
    match = reading.take(
        rf"(?:总|活动)?(?:预算|花费|成本)(?:上限|总额|控制)?\s*(?:是|为|改成|改为|改到|调到|调整为|增加到|减到|降到|在|不超过|最多|共)*\s*[:：]?\s*{MONEY}(?:以内)?"
    )
    return None if match is None else fen(match[1], match[2])


def read_holdout(reading: Reading) -> int | None:
    if reading.take(r"(?:不要|不留|不设|去掉|取消)(?:了)?对照组?"):
        return 0
    match = reading.take(
        r"(?:留|保留|设|拿)?出?\s*(\d{1,3})\s*[%％]\s*(?:的人|的会员)?(?:做|作为|当|为|的)?\s*对照组?|对照组?\s*(?:比例)?(?:是|为|改成|改为|改到|留|:|：)?\s*(\d{1,3})\s*[%％]"
    )
    return None if match is None else int(match[1] or match[2])


def read_people_cap(reading: Reading) -> int | None:
    match = reading.take(rf"(?:最多|不超过|上限|只)\s*(?:发送?|触达|给)?\s*(?:给)?\s*{NUMBER}\s*(?:个)?(?:人|位|会员)")
    return None if match is None else number(match[1])


def read_channel(reading: Reading) -> str | None:
    if reading.take(r"(?:只|仅|都)?(?:用|走|通过)\s*(?:微信)?客服(?:渠道|消息)?(?:发送?)?"):
        return "kf"
    if reading.take(r"(?:只|仅|都)?(?:用|走|通过)\s*(?:企业?微信?|企微)?(?:群发|员工|导购)(?:渠道|任务)?(?:发送?)?"):
        return "mass"
    return None


def read_groups(reading: Reading) -> Groups | None:
    """The customer groups that are written to; None where people are meant."""
    names = "|".join(map(re.escape, sorted(reading.words.groups, key=len, reverse=True)))
    named = reading.take(rf"(?:在|往|到|给|向)\s*[“\"「]?({names})[”\"」]?\s*(?:群里|里)?\s*(?:发送?|推送?|通知)") if names else None
    if named is not None:
        return Groups(chats=(reading.words.groups[named[1]],))
    every = r"(?:在|往|到|给|向)\s*(?:所有|全部|各个?|每个)?的?(?:客户群|社群|微信群)(?:们)?(?:里)?(?:都|里面)?\s*(?:发送?|推送?|通知)"
    return Groups() if reading.take(every) or reading.take(r"(?:只|都)?发(?:送)?(?:到|在)(?:所有|全部)?的?(?:客户群|社群|群)里?") else None


def read_words(reading: Reading) -> str | None:
    """The operator's own words for the message, in quotes or after a colon to the end."""
    match = reading.take(r"(?:文案|内容|话术|消息)(?:就?(?:是|用|写|为|改成|改为|换成|写成))?\s*[:：]?\s*[“\"「]([^”\"」]{1,500})[”\"」]")
    match = match or reading.take(r"(?:文案|话术|消息内容)(?:就?(?:是|用|写|改成|改为|换成|写成))?\s*[:：]\s*(.{1,500})$")
    match = match or reading.take(r"(?:文案|话术|消息内容)(?:改成|改为|换成|写成)\s*(.{1,500})$")
    if match is None:
        match = reading.take(r"(?:告诉(?:他们|她们|大家)|说)\s*[:：]?\s*[“\"「]([^”\"」]{1,500})[”\"」]")
    return None if match is None else match[1].strip()


def read_gift(reading: Reading) -> Gift | None:
    """None if no benefit is spoken of."""
    for reader in (_chance, _card, _coupon, _points):
        gift = reader(reading)
        if gift is not None:
            return gift
    return None


def _chance(reading: Reading) -> Gift | None:
    match = reading.take(rf"(?:送|发|发放|给|赠送?)?\s*(?:每人|大家)?\s*(?:{NUMBER}\s*次)?\s*(?:[“\"「](.+?)[”\"」]的?)?抽奖机会")
    if match is None:
        return None
    lotteries = reading.words.lotteries
    named = match[2] or (next(iter(lotteries)) if len(lotteries) == 1 else "")
    if named not in lotteries:
        return Gift(
            question=f"{ASKED_LOTTERY}正在进行的有：{'、'.join(lotteries)}" if lotteries else f"{ASKED_LOTTERY}现在没有正在进行的抽奖"
        )
    if not match[2]:
        reading.assumptions.append(f"抽奖机会按“{named}”准备")
    count = number(match[1]) if match[1] else 1
    if not 1 <= count <= 100:
        return Gift(question="每人抽奖机会要在 1 到 100 次之间，送几次？")
    return Gift(ChanceBenefit(activity=lotteries[named], chances=count))


def _card(reading: Reading) -> Gift | None:
    cards = reading.words.cards
    for name in sorted(cards, key=len, reverse=True):
        if reading.take(rf"(?:送|发|给|用)?(?:每人)?(?:一张|1张)?(?:改成|改为)?[“\"「]?{re.escape(name)}[”\"」]?"):
            return Gift(CardBenefit(template=cards[name]))
    if not reading.take(r"(?:送|发|发放|给)?\s*(?:每人)?(?:一张|1\s*张)?\s*(?:\d+\s*元)?的?返现卡"):
        return None
    if len(cards) == 1:
        name = next(iter(cards))
        reading.assumptions.append(f"返现卡按“{name}”准备")
        return Gift(CardBenefit(template=cards[name]))
    return Gift(question=f"{ASKED_CARD}可选：{'、'.join(cards)}" if cards else f"{ASKED_CARD}目前还没有可用的模板")


def _coupon(reading: Reading) -> Gift | None:
    match = reading.take(r"(?:送|发|发放|给)?\s*(?:每人)?(?:一张|1\s*张)?\s*(\d+)\s*元的?(?:无门槛)?(?:优惠|代金|现金|抵用)?券")
    if match is not None:
        yuan = int(match[1])
        coupon = CouponBenefit(name=f"{yuan} 元券", value_fen=yuan * 100) if 1 <= yuan <= MOST_COUPON_YUAN else None
        return Gift(coupon, question="" if coupon else f"券的面额要在 1 到 {MOST_COUPON_YUAN} 元之间，发多少？")
    return Gift(question=ASKED_COUPON) if reading.take(r"(?:优惠|代金|抵用)券") else None


def _points(reading: Reading) -> Gift | None:
    match = reading.take(rf"(?:送|发放?|给|赠送?|补|奖励)\s*(?:他们|她们|每人|每位|大家)?\s*(?:各)?\s*{NUMBER}\s*(?:个|点)?\s*积分")
    match = match or reading.take(
        rf"(?:每人|每位)\s*{NUMBER}\s*(?:个|点)?\s*积分|(?<![于过满少])\s*(\d+)\s*(?:个|点)?积分(?!以上|以下|的会员|的人)"
    )
    if match is not None:
        amount = number(next(one for one in match.groups() if one))
        return Gift(PointsBenefit(points=amount)) if 1 <= amount <= 100_000 else Gift(question="每人积分要在 1 到 100000 之间，发多少？")
    if reading.take(r"(?:送|发放?|赠送?)\s*(?:点|些|一些)?\s*积分(?!快|即将|要)"):
        return Gift(question=ASKED_POINTS)
    return (
        Gift(question="送什么福利？可以是积分、返现卡或优惠券")
        if reading.take(r"(?:送|发放?)\s*(?:点|些|一些|个)?\s*(?:福利|权益|礼物|小礼)")
        else None
    )
