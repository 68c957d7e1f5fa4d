"""Changing a plan by a sentence, with the same phrases as goals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from assistant.base.errors import Invalid
from assistant.domain.audience import All, Compare, Not, Rule
from assistant.operations import moments
from assistant.operations.goals import ASKED_WHAT, ASKED_WHO, gift_words, intent_of, read_exclusions, words_of
from assistant.operations.language import Benefit, BenefitStep, MessageStep, MomentStep, Plan, Step
from assistant.operations.leftovers import ASKED
from assistant.operations.parts import (
    ASKED_CARD,
    ASKED_COUPON,
    ASKED_LOTTERY,
    ASKED_POINTS,
    read_budget,
    read_channel,
    read_gift,
    read_holdout,
    read_people_cap,
    read_words,
)
from assistant.operations.people import Reading, read_people, together
from assistant.operations.refusing import refuse_forbidden
from assistant.operations.times import read_deadline, read_send_time, show
from assistant.operations.vocabulary import DEFAULT, Vocabulary

HELP = "没有听懂要改什么。可以说“预算改成3000”“只要上海的”“不要发给黑金”“文案改成……”“明天上午10点发”“对照组 20%”“最多发 100 人”"
MONEY_QUESTIONS = (ASKED_CARD, ASKED_POINTS, ASKED_COUPON, ASKED_LOTTERY, "送什么福利", "预算打算", "每人积分", "每人抽奖")


def revise_plan(plan: Plan, sentence: str, now: datetime, words: Vocabulary = DEFAULT) -> Plan:
    """The plan with what the sentence says changed and nothing else. Raises Invalid if nothing in it was understood."""
    text = sentence.strip()
    if not 1 <= len(text) <= 500:
        raise Invalid(HELP, code="unclear_revision")
    refuse_forbidden(text)
    reading = Reading(text, now, words)
    changes: dict[str, Any] = {}
    if reading.take(r"忽略|不用管|没关系"):
        changes["questions"] = tuple(question for question in plan.questions if not question.startswith(ASKED))
    _message(plan, reading, changes)
    _excluded(plan, reading, changes)
    _limits(plan, reading, changes)
    _times(plan, reading, changes)
    _gift(plan, reading, changes, words)
    _people(plan, reading, changes)
    if not changes:
        raise Invalid(HELP, code="unclear_revision")
    assumptions = changes.get("assumptions", plan.assumptions)
    changes["assumptions"] = tuple(dict.fromkeys((*still_true(assumptions, changes), *reading.assumptions)))
    return plan.model_copy(update=changes)


def _message(plan: Plan, reading: Reading, changes: dict[str, Any]) -> None:
    _moment(plan, reading, changes)
    text = read_words(reading)
    if text is None:
        return
    if plan.only_moment and "steps" not in changes:
        _answer(plan, changes, _with(plan.steps, MomentStep, _moment_of(plan).model_copy(update={"template": text})), moments.ASKED_MOMENT)
    else:
        _answer(plan, changes, _with(changes.get("steps", plan.steps), MessageStep, reworded(plan, text)), ASKED_WHAT)


def _moment(plan: Plan, reading: Reading, changes: dict[str, Any]) -> None:
    """``不发朋友圈了``, ``朋友圈文案改成：“……”``, ``再请小林发一条朋友圈：“……”``."""
    if plan.moment is not None and not plan.only_moment and reading.take(r"(?:不|不要|别|取消|去掉)(?:再)?(?:发|更新)?(?:那条)?朋友圈了?"):
        _answer(plan, changes, tuple(step for step in plan.steps if step is not plan.moment), moments.ASKED_MOMENT)
        return
    match = reading.take(rf"朋友圈(?:的)?(?:文案|内容|文字)?\s*(?:改成|改为|换成|就?(?:是|用|写))\s*[:：]?\s*{moments.QUOTED}")
    said = moments.Said(match[1].strip(), (), ()) if match else moments.read_moment(reading)
    if said is None:
        return
    before = plan.moment
    update: dict[str, Any] = {
        name: value for name, value in (("staff", said.staff), ("tags", said.tags), ("template", said.words)) if value
    }
    if before is None and not said.words:
        raise Invalid(moments.ASKED_MOMENT, code="unclear_revision")
    new = MomentStep(template=said.words, staff=said.staff, tags=said.tags) if before is None else before.model_copy(update=update)
    _answer(plan, changes, _with(plan.steps, MomentStep, new), moments.ASKED_MOMENT if said.words else "")


def _answer(plan: Plan, changes: dict[str, Any], steps: tuple[Step, ...], question: str) -> None:
    changes["steps"] = steps
    changes["questions"] = tuple(one for one in changes.get("questions", plan.questions) if one != question)


def _with(steps: tuple[Step, ...], kind: type[Step], new: Step) -> tuple[Step, ...]:
    """The steps with this one in the place of its kind, or at the end."""
    at = next((place for place, step in enumerate(steps) if isinstance(step, kind)), len(steps))
    return (*steps[:at], new, *steps[at + 1 :])


def _moment_of(plan: Plan) -> MomentStep:
    assert plan.moment is not None
    return plan.moment


def _excluded(plan: Plan, reading: Reading, changes: dict[str, Any]) -> None:
    if re.search(r"不(?:要|留|设)对照|不送|不(?:要)?发(?:积分|返现|券)", reading.left):
        return
    added = read_exclusions(reading)
    if added:
        changes["exclusions"] = (*plan.exclusions, *(rule for rule in added if rule not in plan.exclusions))[:10]


def _limits(plan: Plan, reading: Reading, changes: dict[str, Any]) -> None:
    budget = read_budget(reading)
    if budget is not None:
        changes["budget_fen"] = budget
    holdout = read_holdout(reading)
    if holdout is not None:
        if holdout > 50:
            raise Invalid("对照组最多 50%", code="holdout_too_large")
        changes["holdout_percent"] = holdout
    people = read_people_cap(reading)
    if people is not None:
        changes["caps"] = plan.caps.model_copy(update={"people": people})
    channel = read_channel(reading)
    if channel is not None:
        changes["channel"] = channel


def _times(plan: Plan, reading: Reading, changes: dict[str, Any]) -> None:
    by = read_deadline(reading)
    send_at = None if by is not None else read_send_time(reading)
    if by is not None:
        changes["schedule"] = plan.schedule.model_copy(update={"by": by})
        reading.assumptions.append(f"截止按 {show(by)} 理解，之后不再发")
    elif send_at is not None:
        changes["schedule"] = plan.schedule.model_copy(update={"send_at": send_at})


def _gift(plan: Plan, reading: Reading, changes: dict[str, Any], words: Vocabulary) -> None:
    if reading.take(r"(?:不送|不要送|不发|取消|去掉)(?:积分|返现卡|券|福利|权益)了?"):
        _replace_gift(plan, None, changes, words)
        changes["budget_fen"] = 0
        return
    gift = read_gift(reading)
    if gift is None:
        return
    if gift.benefit is None:
        raise Invalid(gift.question, code="unclear_benefit")
    _replace_gift(plan, gift.benefit, changes, words)
    if plan.budget_fen == 0 and "budget_fen" not in changes:
        changes["budget_fen"] = None
        reading.assumptions.append("没有说预算，按预览算出的最高花费预留")


def _replace_gift(plan: Plan, gift: Benefit | None, changes: dict[str, Any], words: Vocabulary) -> None:
    """The built-in words name the benefit, so they follow it; an operator's own words stay."""
    steps = changes.get("steps", plan.steps)
    template = next((step.template for step in steps if isinstance(step, MessageStep)), None)
    if template is None:
        raise Invalid("只发朋友圈的方案没有权益；要送权益请另写一个给会员的方案", code="unclear_revision")
    others = tuple(step for step in steps if not isinstance(step, BenefitStep))
    kept = _with(others, MessageStep, reworded(plan, follow_gift(plan, gift, template, words)))
    changes["steps"] = (*((BenefitStep(benefit=gift),) if gift else ()), *kept)
    questions = changes.get("questions", plan.questions)
    changes["questions"] = tuple(question for question in questions if not question.startswith(MONEY_QUESTIONS))


def follow_gift(plan: Plan, gift: Benefit | None, template: str, words: Vocabulary) -> str:
    """The template with the new gift in it where it is built in; any other template as it is."""
    intent = intent_of(plan.goal)
    old = plan.benefits[0] if plan.benefits else None
    built_in = template == words_of(intent, old, words) or (gift_words(old, words) == "" and template == words_of(intent, None, words))
    return words_of(intent, gift, words) if built_in else template


def reworded(plan: Plan, template: str) -> MessageStep:
    """The plan's message with other words; what goes out beside them stays."""
    return MessageStep(template=template, attachments=next((step.attachments for step in plan.steps if isinstance(step, MessageStep)), ()))


def answered(plan: Plan, changes: Mapping[str, Any]) -> tuple[str, ...]:
    """The questions that stay open after these changes: new people, new words and a new gift answer theirs."""
    gone: tuple[str, ...] = (ASKED_WHO, ASKED) if "segment" in changes else ()
    steps = changes.get("steps", plan.steps)
    if [step for step in steps if isinstance(step, MessageStep)] != [step for step in plan.steps if isinstance(step, MessageStep)]:
        gone += (ASKED_WHAT,)
    if [step for step in steps if isinstance(step, MomentStep)] != [step for step in plan.steps if isinstance(step, MomentStep)]:
        gone += (moments.ASKED_MOMENT,)
    if [step for step in steps if isinstance(step, BenefitStep)] != [step for step in plan.steps if isinstance(step, BenefitStep)]:
        gone += MONEY_QUESTIONS
    return tuple(question for question in plan.questions if not question.startswith(gone))


def _people(plan: Plan, reading: Reading, changes: dict[str, Any]) -> None:
    """``只要上海的`` narrows: a rule about the same feature and narrowing is replaced, others are added."""
    if "steps" in changes and not re.search(r"[只仅]|人群|发给|换成", reading.left):
        return
    found = read_people(reading.left, reading.words, reading.now)
    reading.assumptions += found.assumptions
    if found.everybody and not found.rules:
        changes["segment"] = All()
    elif found.rules:
        kept = [rule for rule in _parts(plan.segment) if _about(rule) not in {_about(new) for new in found.rules}]
        changes["segment"] = together([*kept, *found.rules])
    else:
        return
    questions = changes.get("questions", plan.questions)
    changes["questions"] = tuple(question for question in questions if question != ASKED_WHO and not question.startswith(ASKED))


def _parts(rule: Rule) -> list[Rule]:
    return list(rule.rules) if isinstance(rule, All) else [rule]


def _about(rule: Rule) -> str:
    inner = rule.rule if isinstance(rule, Not) else rule
    if not isinstance(inner, Compare):
        return repr(inner)
    if inner.feature == "tag":
        return repr(inner)
    return f"{inner.feature}:{sorted(inner.arguments)}:{inner.arguments.get('category', '')}"


def still_true(assumptions: tuple[str, ...], changes: Mapping[str, Any]) -> list[str]:
    """Assumptions that the revision has not overtaken."""
    gone = []
    if "budget_fen" in changes:
        gone += ["没有说预算", "只发消息"]
    if "holdout_percent" in changes:
        gone.append("默认留")
    if "schedule" in changes:
        gone += ["批准后马上发", "截止按"] if changes["schedule"].send_at else ["截止按"]
    if "steps" in changes:
        gone += ["文案先用", "没有说送什么"]
    return [assumption for assumption in assumptions if not assumption.startswith(tuple(gone))] if gone else list(assumptions)
