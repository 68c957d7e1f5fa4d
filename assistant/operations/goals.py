"""From an operator's sentence to a plan draft, by fixed Chinese phrases and without any model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from assistant.base.errors import Invalid
from assistant.base.money import MOST, format_yuan
from assistant.domain import audience
from assistant.operations import moments
from assistant.operations.language import Benefit, BenefitStep, Caps, Groups, MessageStep, MomentStep, Plan, PointsBenefit, Schedule, Step
from assistant.operations.leftovers import not_understood, question
from assistant.operations.parts import Gift, read_budget, read_channel, read_gift, read_groups, read_holdout, read_people_cap, read_words
from assistant.operations.people import Reading, either, read_people, together
from assistant.operations.refusing import refuse_forbidden
from assistant.operations.times import read_deadline, read_send_time, show
from assistant.operations.vocabulary import DEFAULT, Vocabulary

WAKE_UP_POINTS = 100
HOLDOUT = 10
ASKED_WHO = "要发给谁？例如“上海的金卡会员”“60 天没下单的老客”，或者说“全体会员”"
ASSUMED_MOMENT = "朋友圈由员工在企业微信里点发表，客户才看得到；看到的人不算一对一联系"
ASKED_WHAT = "想让会员收到什么？可以说送什么福利，或者给一句文案"
EXCLUDED = r"(?:不要发给|不发给|别发给|不给|除了|排除|不包括|不含|去掉|剔除)\s*([^，,。；;]+?)(?:之外|以外|的人|发|除外)?(?=[，,。；;]|$)"


@dataclass(frozen=True, slots=True)
class Intent:
    """What kind of contact a goal is, with words to begin with."""

    pattern: str
    title: str
    topic: str
    kind: Literal["marketing", "care"]
    words: str


INTENTS = (
    Intent(
        "唤醒|召回|激活|挽回|拉回|沉睡|流失",
        "唤醒老友",
        "唤醒",
        "marketing",
        "{nickname}，好久不见，上次的衣服穿得还舒服吗？{gift}有需要随时找我。",
    ),
    Intent("生日|寿星", "生日祝福", "生日", "care", "{nickname}，生日快乐！{gift}愿这一岁舒服自在。"),
    Intent(
        "积分.{0,12}(?:过期|到期)|(?:过期|到期).{0,4}积分",
        "积分到期提醒",
        "积分提醒",
        "care",
        "{nickname}，您有积分快到期了，记得来会员商城看看。{gift}",
    ),
    Intent(
        "返现.{0,6}(?:领|申请|提)|(?:领|申请|提).{0,6}返现(?!卡)",
        "返现领取提醒",
        "返现提醒",
        "care",
        "{nickname}，您有一笔返现还没有领取，点开会员中心就能办理。{gift}",
    ),
    Intent(
        "洗护|洗涤|穿着反馈|回访|关怀|问候|售后", "穿着回访", "关怀", "care", "{nickname}，衣服穿得还合适吗？洗护有不清楚的随时问我。{gift}"
    ),
    Intent("新品|上新|新款", "新品通知", "新品", "marketing", "{nickname}，新品到了，想先看看您会喜欢哪一款。{gift}"),
    Intent("复购|回购|再次购买", "复购提醒", "复购", "marketing", "{nickname}，上次买的也该换新了，需要的话我帮您挑。{gift}"),
    Intent("感谢|答谢|回馈", "老友回馈", "回馈", "marketing", "{nickname}，谢谢您一直以来的陪伴。{gift}"),
    Intent("欢迎|新会员|新人|新客", "新人礼", "新人", "marketing", "{nickname}，欢迎来到我们家。{gift}有什么想知道的尽管问我。"),
)
PLAIN = Intent("", "会员福利", "福利", "marketing", "{nickname}，{gift}请在会员中心查看。")


def compile_goal(goal: str, now: datetime, words: Vocabulary = DEFAULT) -> Plan:
    """A draft with every assumption said and every open question asked; the same sentence at the same time gives the same plan.

    Raises Refused for what the house does not do, Invalid for an empty or overlong sentence.
    """
    sentence = goal.strip()
    if not 2 <= len(sentence) <= 500:
        raise Invalid("请用一句 2 到 500 个字的话说出目标", code="bad_goal")
    refuse_forbidden(sentence)
    reading = Reading(sentence, now, words)
    said = _said(reading)
    found = read_people(reading.left, words, now)
    intent = intent_of(sentence)
    assumptions, questions = [*reading.assumptions, *found.assumptions], []
    nobody = not found.rules and not found.everybody and said.groups is None
    only_moment = nobody and said.moment is not None and said.gift is None
    if nobody and not only_moment:
        questions.append(ASKED_WHO)
    unclear = question(not_understood(found.left))
    if unclear:
        questions.append(unclear)
    benefit = _benefit(said, intent, assumptions, questions)
    kind: Literal["marketing", "care"] = intent.kind
    steps: list[Step] = [] if benefit is None else [BenefitStep(benefit=benefit)]
    if not only_moment:
        steps.append(MessageStep(template=_message(said, intent, benefit, words, assumptions, questions)))
    if said.moment is not None:
        steps.append(_moment(said, said.moment, only_moment, assumptions, questions))
    budget = _budget(said, benefit, assumptions)
    schedule = _schedule(said, assumptions)
    holdout = 0 if only_moment else _holdout(said, kind, assumptions)
    return Plan(
        goal=sentence,
        title=intent.title,
        kind=kind,
        topic=intent.topic,
        segment=together(found.rules) if found.rules else audience.EVERYBODY,
        exclusions=tuple(said.exclusions),
        steps=tuple(steps),
        channel=said.channel,
        groups=said.groups or Groups(),
        schedule=schedule,
        caps=Caps(people=said.people_cap),
        budget_fen=budget,
        holdout_percent=holdout,
        assumptions=tuple(assumptions),
        questions=tuple(questions),
    )


def _message(said: Said, intent: Intent, benefit: Benefit | None, words: Vocabulary, assumptions: list[str], questions: list[str]) -> str:
    """The operator's own words, or those of the intent, or something to begin with and the question."""
    if said.words:
        return said.words
    if intent is PLAIN and not said.gift:
        questions.append(ASKED_WHAT)
        return "{nickname}，您好。"
    assumptions.append("文案先用内置模板，可以说“文案改成……”")
    return words_of(intent, benefit, words)


def _moment(said: Said, moment: moments.Said, alone: bool, assumptions: list[str], questions: list[str]) -> MomentStep:
    text = moment.words or (said.words if alone else "") or ""
    if not text:
        questions.append(moments.ASKED_MOMENT)
    assumptions.append(ASSUMED_MOMENT)
    if not moment.staff:
        assumptions.append("没有说谁来发朋友圈，按所有有客户的员工准备")
    return MomentStep(template=text or "老友，好久不见。", staff=moment.staff, tags=moment.tags)


@dataclass(slots=True)
class Said:
    """The parts of the sentence that are not people."""

    words: str | None
    exclusions: list[audience.Rule]
    budget: int | None
    holdout: int | None
    people_cap: int | None
    by: str | None
    gift: Gift | None
    send_at: str | None
    channel: Literal["auto", "kf", "mass", "group"]
    groups: Groups | None
    moment: moments.Said | None


def _said(reading: Reading) -> Said:
    """Order matters: quoted words first, so that nothing inside them is understood; times last, since they are the loosest."""
    moment = moments.read_moment(reading)
    text = read_words(reading)
    groups = read_groups(reading)
    exclusions = read_exclusions(reading)
    budget, holdout, cap = read_budget(reading), read_holdout(reading), read_people_cap(reading)
    deadline = read_deadline(reading)
    gift = read_gift(reading)
    send_at = read_send_time(reading)
    channel = "group" if groups is not None else read_channel(reading) or "auto"
    return Said(text, exclusions, budget, holdout, cap, deadline, gift, send_at, channel, groups, moment)  # type: ignore[arg-type]


def read_exclusions(reading: Reading) -> list[audience.Rule]:
    """``不要发给黑金``, ``除了上海的``: each phrase is one exclusion; one that names nobody we know is left alone."""
    found: list[audience.Rule] = []
    while match := reading.take(EXCLUDED):
        if "对照" in match[0]:
            reading.left += match[0]
            break
        inner = read_people(match[1], reading.words, reading.now)
        if inner.rules:
            found.append(either(inner.rules) if "和" in match[1] or "、" in match[1] else together(inner.rules))
            reading.assumptions += inner.assumptions
        elif "员工" not in match[1]:
            raise Invalid(f"没有听懂要排除谁：“{match[1]}”", code="unclear_exclusion")
    return found


def intent_of(sentence: str) -> Intent:
    """The first intent whose words the sentence has."""
    return next((intent for intent in INTENTS if re.search(intent.pattern, sentence)), PLAIN)


def words_of(intent: Intent, benefit: Benefit | None, words: Vocabulary = DEFAULT) -> str:
    """The built-in words of an intent with the benefit named in them."""
    return intent.words.replace("{gift}", gift_words(benefit, words))


def gift_words(benefit: Benefit | None, words: Vocabulary = DEFAULT) -> str:
    if benefit is None:
        return ""
    if isinstance(benefit, PointsBenefit):
        return f"送您 {benefit.points} 积分，已放进账户。"
    if benefit.kind == "coupon":
        return f"送您一张{benefit.name}，已放进卡包。"
    if benefit.kind == "chance":
        return f"送您 {benefit.chances} 次抽奖机会，跟我说“抽奖”就能用。"
    name = next((name for name, template in words.cards.items() if template == benefit.template), "返现卡")
    return f"送您一张{name}，已放进卡包。"


def _benefit(said: Said, intent: Intent, assumptions: list[str], questions: list[str]) -> Benefit | None:
    if said.gift is not None:
        if said.gift.question:
            questions.append(said.gift.question)
        return said.gift.benefit
    if said.budget and intent.topic == "唤醒":
        assumptions.append(f"没有说送什么，按每人 {WAKE_UP_POINTS} 积分准备")
        return PointsBenefit(points=WAKE_UP_POINTS)
    if said.budget:
        questions.append("预算打算用来送什么？可以是积分、返现卡或优惠券")
    return None


def _budget(said: Said, benefit: Benefit | None, assumptions: list[str]) -> int | None:
    """None with a benefit means: as much as the preview's worst case, which the approval then signs."""
    if said.budget is not None:
        if said.budget > MOST:
            raise Invalid(f"预算最多 {format_yuan(MOST)} 元", code="budget_too_large")
        return said.budget
    if benefit is not None:
        assumptions.append("没有说预算，按预览算出的最高花费预留")
        return None
    if said.gift is None:
        assumptions.append("只发消息，不花预算" if said.moment is None else "只发消息和朋友圈，不花预算")
    return 0


def _schedule(said: Said, assumptions: list[str]) -> Schedule:
    if said.send_at is None:
        assumptions.append("批准后马上发，休息时间（21:00–09:00）顺延")
    if said.by is not None:
        assumptions.append(f"截止按 {show(said.by)} 理解，之后不再发")
    return Schedule(send_at=said.send_at, by=said.by)


def _holdout(said: Said, kind: str, assumptions: list[str]) -> int:
    if said.groups is not None:
        assumptions.append("发到客户群：由群主在企业微信里点发送，群里的人不算一对一联系")
        return 0
    if said.holdout is not None:
        if said.holdout > 50:
            raise Invalid("对照组最多 50%", code="holdout_too_large")
        return said.holdout
    if kind == "care":
        return 0
    assumptions.append(f"默认留 {HOLDOUT}% 对照组，用来衡量效果")
    return HOLDOUT
