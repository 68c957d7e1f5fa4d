"""Plans that ask employees for a moment (朋友圈): read from a sentence, foreseen, posted once, reported."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from assistant.base import ids
from assistant.domain import contacts, members, outreach
from assistant.operations.language import MomentStep, Plan
from assistant.operations.people import Reading
from assistant.operations.values import Stored
from assistant.store import View, Work

NOBODY = "没有可以发表的员工：请先和企业微信对账好友，或写明谁来发"
NO_WAY_BACK = "朋友圈发表之后收不回来，停止方案只能撤回还没发表的员工"
ASKED_MOMENT = "朋友圈发什么文字？例如：朋友圈文案：“周三上新，欢迎来看”"
QUOTED = r"[“\"「]([^”\"」]{1,500})[”\"」]"
WORDS = rf"(?:的)?\s*[,，]?\s*(?:文案|内容|文字)?(?:就?(?:是|用|写|为))?\s*[:：]?\s*{QUOTED}"
OPENING, CLOSING = "“「", "”」"
LISTED = r"\s*[、,，和与及跟]\s*"
SECOND_PERSON_SHARE = 20


@dataclass(frozen=True, slots=True)
class Said:
    """What a sentence says of a moment; ``words`` empty where it says none of its own, ``staff`` empty for whoever has customers."""

    words: str
    staff: tuple[str, ...]
    tags: tuple[str, ...]


def read_moment(reading: Reading) -> Said | None:
    """``请所有导购发一条朋友圈：“……”``, ``让小林和小何发朋友圈，只给“偏爱棉质”的客户看``; None where no moment is asked for."""
    names = "|".join(map(re.escape, sorted(reading.words.staff, key=len, reverse=True))) or "(?!)"
    anybody = r"(?:所有|全部|全体|各位|每位)?的?(?:员工|导购|店员|同事)们?"
    who = rf"(?:并且?|再|还|同时|然后|也)*\s*(?:请|让|叫|安排)?\s*(?:((?:{names})(?:{LISTED}(?:{names}))*)|{anybody})?\s*(?:都|各自|也)*"
    verb = r"(?:发表?|发布|更新|推)"
    one = rf"{verb}\s*[一1]?\s*[条个则篇]?新?的?(?:客户)?朋友圈|在(?:各自的?|自己的?)?朋友圈里?{verb}(?:[一1][条个则篇])?"
    match = _outside_quotes(reading, rf"{who}\s*(?:{one})(?:{WORDS})?")
    if match is None:
        return None
    named = _outside_quotes(reading, rf"朋友圈{WORDS}")
    said = match[2] or (named[1] if named else "") or ""
    wanted = re.split(LISTED, match[1]) if match[1] else []
    return Said(said.strip(), tuple(dict.fromkeys(reading.words.staff[name] for name in wanted)), _seen_by(reading))


def _outside_quotes(reading: Reading, pattern: str) -> re.Match[str] | None:
    """As ``take``, but not inside somebody's words."""
    for match in re.finditer(pattern, reading.left):
        before = reading.left[: match.start()]
        if sum(map(before.count, OPENING)) == sum(map(before.count, CLOSING)):
            reading.left = f"{before}　{reading.left[match.end() :]}"
            return match
    return None


def _seen_by(reading: Reading) -> tuple[str, ...]:
    """The corp tags of those who shall see it."""
    names = "|".join(map(re.escape, sorted(reading.words.tags, key=len, reverse=True))) or "(?!)"
    seen = r"(?:标签)?的?(?:客户|会员|人|老友)?(?:能|可以)?(?:看得?到?|可见)"
    match = _outside_quotes(reading, rf"[,，]?\s*(?:只|仅)(?:给|让|对)\s*(?:打了|打|有|带)?\s*[“\"「]?({names})[”\"」]?\s*{seen}")
    return (reading.words.tags[match[1]],) if match is not None else ()


def publishers(view: View, step: MomentStep) -> list[str]:
    """The employees who are asked: those named, or everybody who has customers now."""
    return sorted(set(step.staff)) if step.staff else [userid for userid, count in contacts.counts(view).items() if count]


def foreseen(view: View, plan: Plan) -> dict[str, Any]:
    """What a preview shows of the moment: who is asked, how many customers could see it, its words. Empty where there is none."""
    if plan.moment is None:
        return {}
    staff = publishers(view, plan.moment)
    customers = contacts.audience_of(view, staff, plan.moment.tags) if staff else 0
    return {"staff": staff, "customers": customers, "text": plan.moment_text}


def tally(plan: Plan, moment: dict[str, Any]) -> dict[str, Any]:
    """The progress of a preview of a plan that is nothing but a moment: those who could see it in the place of people."""
    customers = moment["customers"]
    sample = {"member_id": "", "nickname": "朋友圈", "route": "moments", "text": moment["text"]}
    return {
        "after": "",
        "people": customers,
        "holdout": 0,
        "routes": {"moments": customers} if customers else {},
        "skipped": {},
        "deferred": {},
        "staff": moment["staff"],
        "samples": [sample],
        "quota": {},
    }


def warnings(moment: dict[str, Any]) -> list[str]:
    """What the approver must know of it."""
    if not moment:
        return []
    return [NO_WAY_BACK] if moment["staff"] else [NOBODY]


def second_person(view: View, moment: dict[str, Any]) -> bool:
    """Whether so many customers could see it that the maker may not approve alone."""
    return bool(moment) and moment["customers"] * SECOND_PERSON_SHARE > members.count(view)


def described(step: MomentStep) -> str:
    """Who publishes, in words."""
    who = f" {len(step.staff)} 位指定的员工" if step.staff else "所有有客户的员工"
    return f"请{who}发一条朋友圈" + (f"，只给 {len(step.tags)} 个标签的客户看" if step.tags else "")


def post(work: Work, stored: Stored) -> None:
    """Asks the employees whom the approver has seen; once for a plan, however often it is told."""
    step, shown = stored.plan.moment, stored.preview
    if step is None or shown is None or not shown.moment.get("staff"):
        return
    attachments = tuple(one.model_dump() for one in step.attachments)
    request = outreach.PostMoment(
        key=f"{stored.id}:moment",
        text=stored.plan.moment_text,
        attachments=attachments,
        staff=tuple(shown.moment["staff"]),
        tags=step.tags,
        cause=stored.cause,
    )
    outreach.post_moments(work, [request])


@dataclass(frozen=True, slots=True)
class MomentReport:
    """What became of a plan's moment: employees asked and published, customers who can see it, comments and likes."""

    state: str
    reason: str
    asked: int
    published: int
    customers: int
    comments: int
    likes: int
    staff: tuple[outreach.Publication, ...]


def report(view: View, stored: Stored) -> MomentReport | None:
    """None where the plan has posted none."""
    found = next(iter(outreach.moments_of(view, stored.cause)), None)
    if found is None:
        return None
    known = {one.staff: one for one in outreach.publications_of(view, found.id)}
    staff = tuple(known.get(userid) or outreach.Publication(userid, published=False) for userid in sorted({*found.staff, *known}))
    return MomentReport(
        state=found.state,
        reason=found.reason,
        asked=len(staff),
        published=sum(one.published for one in staff),
        customers=sum(one.customers for one in staff),
        comments=sum(one.comments for one in staff),
        likes=sum(one.likes for one in staff),
        staff=staff,
    )


def digest(moment: dict[str, Any]) -> str:
    """What an approval signs of a plan that addresses nobody in person."""
    return ids.digest_of(moment)
