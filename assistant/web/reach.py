"""Moments, daily statistics and forbidden words for the pages and the API alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from assistant import operations
from assistant.base.clock import business_day, day_start
from assistant.base.errors import Invalid
from assistant.domain import contacts, content, insights, outreach, staff
from assistant.store import View
from assistant.web.doors import Call
from assistant.web.shapes import Nothing
from assistant.web.shapes_contacts import CodeLineOut
from assistant.web.shapes_reach import (
    GroupFiguresOut,
    MomentIn,
    MomentOut,
    MomentsOut,
    PublicationOut,
    StaffFiguresOut,
    StatisticsOut,
    WordRuleIn,
    WordRuleOut,
    WordRulesOut,
)

SPANS = (7, 30, 90, 180)
MOMENT_SAYS = {
    "queued": "等着创建",
    "calling": "正在创建",
    "unknown": "不知是否创建",
    "working": "企业微信正在准备",
    "open": "等员工发表",
    "refused": "企业微信没有接受",
    "cancelled": "已撤回",
    "done": "已结束",
}
WORD_SAYS = {"waiting": "正在同步", "unknown": "正在核对", "active": "生效中", "refused": "企业微信没有接受", "leaving": "正在删除"}


async def moments(call: Call) -> MomentsOut:
    """The newest with what became of them."""
    return await call.store.read(_moments)


def _moments(view: View) -> MomentsOut:
    known, found = staff.names(view), outreach.moments(view)
    titles = operations.goals_of(view, {one.cause for one in found if one.cause})
    return MomentsOut(moments=[_moment(one, titles, outreach.publications_of(view, one.id), known) for one in found])


def _moment(one: outreach.Moment, titles: Mapping[str, str], parts: Sequence[outreach.Publication], known: dict[str, str]) -> MomentOut:
    return MomentOut(
        id=one.id,
        plan=one.cause if one.cause in titles else "",
        title=titles.get(one.cause, ""),
        text=one.text,
        state=one.state,
        say=MOMENT_SAYS[one.state],
        reason=one.reason,
        queued_at=one.queued_at,
        asked=len(parts) or len(one.staff),
        published=sum(part.published for part in parts),
        customers=sum(part.customers for part in parts),
        comments=sum(part.comments for part in parts),
        likes=sum(part.likes for part in parts),
        staff=[
            PublicationOut(
                staff=part.staff,
                name=known.get(part.staff, part.staff),
                published=part.published,
                customers=part.customers,
                comments=part.comments,
                likes=part.likes,
            )
            for part in parts
        ],
    )


async def post_moment(call: Call, given: MomentIn) -> str:
    """Has a moment made; returns its id. The same checks as for every text: what the law forbids does not go out."""
    findings = content.check(content.Draft(given.text, limit=8000)) if given.text.strip() else []
    wrong = [one.say for one in findings if one.severity == "block" and one.code != "link_not_allowed"]
    if wrong:
        raise Invalid("文案没有通过检查：" + "；".join(wrong), code="text_blocked")
    attachments: list[dict[str, Any]] = [{"kind": "image", "media": key} for key in given.images]
    attachments += [{"kind": "video", "media": given.video}] if given.video else []
    if given.link is not None:
        attachments.append({"kind": "link", "title": given.link.title, "url": given.link.url, "media": given.link.media})
    request = outreach.PostMoment(call.key, given.text, tuple(attachments), tuple(given.staff), tuple(given.tags), "console")
    done = await call.store.write(outreach.post_moments, [request], call.who, cause="console")
    return str(done[0].moment_id)


async def cancel_moment(call: Call, moment_id: str) -> None:
    """Takes a moment back from who has not published it."""
    await call.store.write(outreach.cancel_moment, moment_id, call.who, cause="console")


async def statistics(call: Call) -> StatisticsOut:
    """The last ``days`` whole days (7, 30, 90 or 180)."""
    given = call.query("days", "30")
    if given not in map(str, SPANS):
        raise Invalid(f"days 只能是 {'、'.join(map(str, SPANS))}", code="bad_days")
    return await call.store.read(_statistics, int(given))


def _statistics(view: View, days: int) -> StatisticsOut:
    last = business_day(view.now) - timedelta(days=1)
    first = last - timedelta(days=days - 1)
    known = staff.names(view)
    people, owners = insights.staff_figures(view, first, last), insights.group_figures(view, first, last)
    queries = {
        "staff": insights.written(insights.staff_statement(first, last), view.dialect),
        "groups": insights.written(insights.group_statement(first, last), view.dialect),
        "left": insights.written(insights.left_statement(first, last), view.dialect),
        "codes": insights.written(insights.code_statement(*_instants(first, last)), view.dialect),
    }
    return StatisticsOut(
        first=first,
        last=last,
        staff=[StaffFiguresOut.model_validate({**fields_of(one), "name": known.get(one.staff, one.staff)}) for one in people],
        groups=[GroupFiguresOut.model_validate({**fields_of(one), "name": known.get(one.owner, one.owner)}) for one in owners],
        codes=_codes(view, *_instants(first, last)),
        queries=queries,
    )


def _instants(first: date, last: date) -> tuple[datetime, datetime]:
    return day_start(first), day_start(last + timedelta(days=1))


def _codes(view: View, since: datetime, until: datetime) -> list[CodeLineOut]:
    lines = insights.codes(view, since, until)
    known = contacts.ways_of_states(view, [one.state for one in lines])
    return [
        CodeLineOut(
            name=known[one.state].name if one.state in known else one.state,
            state=one.state,
            kind=known[one.state].kind if one.state in known else "",
            came=one.came,
            still=one.still,
        )
        for one in lines
    ]


def fields_of(one: Any) -> dict[str, Any]:
    """The fields of a value by name."""
    return {name: getattr(one, name) for name in one.__slots__}


async def words(call: Call) -> WordRulesOut:
    """All rules."""
    return await call.store.read(_words)


def _words(view: View) -> WordRulesOut:
    rules = []
    for one in content.word_rules(view):
        fields = {name: getattr(one, name) for name in WordRuleOut.model_fields if name != "say"}
        rules.append(WordRuleOut(say=WORD_SAYS[one.state], **fields))
    return WordRulesOut(rules=rules, suggested=list(content.FORBIDDEN))


async def save_words(call: Call, given: WordRuleIn) -> WordRulesOut:
    """Writes a rule and has it brought to WeCom."""
    request = content.SaveWords(call.key, given.name, tuple(given.words), given.kind, tuple(given.staff), tuple(given.semantics))
    await call.store.write(content.save_words, [request], call.who, cause="console")
    return await words(call)


async def drop_words(call: Call) -> Nothing:
    """Takes a rule back."""
    await call.store.write(content.drop_words, call.part("id"), call.who, cause="console")
    return Nothing()
