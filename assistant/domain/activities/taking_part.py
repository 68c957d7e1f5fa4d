"""Taking part by words: a survey answered, a wish said, a live reserved, a post shown, a KOC named, tasks rewarded."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from assistant.base.errors import Invalid, Refused
from assistant.domain import audience, benefits, events, members
from assistant.domain.activities import book, gate
from assistant.domain.activities.gate import Place
from assistant.domain.activities.language import Live, Posts, Question, Recognition, Survey, Task, TaskCentre, Wishes
from assistant.domain.activities.values import Answer, ClaimTasks, Entry, Join, Joined, Recognise
from assistant.store import View, Work, fact, once

LONGEST = 300
SAID = ("wish", "post", "live")


def join(work: Work, requests: Sequence[Join]) -> list[Joined]:
    """A wish, a post or a live reservation. A live is reserved once (``already``); posts and reviewed wishes wait for a person.

    Invalid("no_words") for a wish or a post without words; what the gate says.
    """
    return once(work, "activities.join", requests, Joined, lambda work, fresh: [_join(work, one) for one in fresh])


def _join(work: Work, request: Join) -> Joined:
    one = gate.open_now(work, request.activity, SAID)
    reserved = _reserved(work, request) if isinstance(one.activity, Live) else None
    if reserved is not None:
        return Joined(reserved.id, one.activity.title, reserved.state, already=True)
    text = request.text.strip()
    if isinstance(one.activity, (Wishes, Posts)) and not 1 <= len(text) <= LONGEST:
        raise Invalid(f"想说的话写下来就好，最多 {LONGEST} 个字", code="no_words")
    if isinstance(one.activity, Live) and work.now >= one.activity.at:
        raise Refused("这场直播已经开始啦，直接去看吧", code="over")
    place = gate.admit(work, request.activity, request.member_id, SAID)
    if isinstance(one.activity, Live) and (again := _reserved(work, request)) is not None:
        book.put_back(work, one.name, book.PLACES, 1)
        return Joined(again.id, one.activity.title, again.state, already=True)
    waits = one.activity.review
    state = "pending" if waits else "reserved" if isinstance(one.activity, Live) else "done"
    entry = gate.enter(work, place, state, title=one.activity.title, said=text)
    words = () if waits else _rewards(work, place, entry)
    return Joined(entry.id, one.activity.title, state, 0, words)


def _reserved(work: Work, request: Join) -> Entry | None:
    gate.own(work, request.member_id)
    mine = book.entries_of(work, request.member_id, request.activity)
    return next((entry for entry in mine if entry.state in ("reserved", "reminded")), None)


def _rewards(work: Work, place: Place, entry: Entry) -> tuple[str, ...]:
    gifts = [benefits.from_dict(gift) for gift in place.one.activity.rewards]
    return gate.reward(work, place.one, entry.id, place.member_id, gifts)


def answer(work: Work, requests: Sequence[Answer]) -> list[Joined]:
    """Keeps a member's answers once, puts their tags on, gives the reward.

    Refused("answered") the second time, Invalid("bad_answer") naming the question whose answer is none of its options.
    """
    return once(work, "activities.answer", requests, Joined, lambda work, fresh: [_answer(work, one) for one in fresh])


def _answer(work: Work, request: Answer) -> Joined:
    place = gate.admit(work, request.activity, request.member_id, ("survey",))
    survey = place.one.activity
    assert isinstance(survey, Survey)
    if place.counted():
        raise Refused("这份问卷您已经填过啦，谢谢～", code="answered")
    tags = _tags(survey, request)
    body = {"answers": {question: list(texts) for question, texts in sorted(request.answers.items())}}
    entry = gate.enter(work, place, "done", title=survey.title, body=body)
    source = "questionnaire"
    audience.tag(work, [audience.Tag(f"{entry.id}:{tag}", request.member_id, tag, source, survey.confidence, work.now) for tag in tags])
    _told_accounts(work, survey, request, entry.id)
    return Joined(entry.id, survey.title, "done", 0, _rewards(work, place, entry))


def _tags(survey: Survey, request: Answer) -> list[str]:
    known = {question.id: question for question in survey.questions}
    strange = next((name for name in request.answers if name not in known), None)
    if strange is not None:
        raise Invalid("这个问题不在问卷里", code="bad_answer", question=strange)
    tags = []
    for question in survey.questions:
        chosen = request.answers.get(question.id, ())
        if question.identity:
            _plain_account(question, chosen)
            continue
        options = {option.text: option.tag for option in question.options}
        if not chosen or len(set(chosen)) != len(chosen) or (len(chosen) > 1 and not question.many) or set(chosen) - set(options):
            many = "可以选几个" if question.many else "选一个"
            raise Invalid(f"“{question.text}”请从这里{many}：{'、'.join(options)}", code="bad_answer", question=question.id)
        tags += [options[text] for text in chosen if options[text]]
    return list(dict.fromkeys(tags))


def _plain_account(question: Question, told: Sequence[str]) -> None:
    if len(told) > 1 or any(not 1 < len(one.strip()) <= 100 for one in told):
        raise Invalid(f"“{question.text}”请只写一个账号，不想写可以跳过", code="bad_answer", question=question.id)


def _told_accounts(work: Work, survey: Survey, request: Answer, entry_id: str) -> None:
    """Accounts that the member told of are proposed where another member has them, and bind nothing."""
    told = [(one, text.strip()) for one in survey.questions if one.identity for text in request.answers.get(one.id, ())]
    known = members.find(work, request.member_id) if told else None
    if known:
        bind = [members.Bind(f"{entry_id}:{one.id}", known, members.Identity(one.identity, text), "questionnaire") for one, text in told]
        members.bind(work, bind)


def claim_tasks(work: Work, requests: Sequence[ClaimTasks]) -> list[Joined]:
    """Gives the rewards of every task that is done, each once; Refused("nothing_done") where there is none."""
    return once(work, "activities.claim_tasks", requests, Joined, lambda work, fresh: [_claim(work, one) for one in fresh])


def _claim(work: Work, request: ClaimTasks) -> Joined:
    place = gate.admit(work, request.activity, request.member_id, ("tasks",))
    centre = place.one.activity
    assert isinstance(centre, TaskCentre)
    had = {entry.item for entry in place.entries}
    ready = [task for task in centre.tasks if task.id not in had and progress(work, centre, task, request.member_id) >= task.times]
    if not ready:
        raise Refused("现在还没有做完的任务可以领奖，做完再来找我～", code="nothing_done")
    words: tuple[str, ...] = ()
    for number, task in enumerate(ready):
        here = Place(place.one, place.member_id, place.number + number, place.entries)
        entry = gate.enter(work, here, "done", item=task.id, title=task.title)
        words += gate.reward(work, place.one, entry.id, request.member_id, [benefits.from_dict(gift) for gift in task.rewards])
    return Joined(f"{place.one.name}:{place.number}", "、".join(task.title for task in ready), "done", 0, words)


def progress(view: View, centre: TaskCentre, task: Task, member_id: str) -> int:
    """How often the member has done what the task asks, within the window of the task centre."""
    if task.activity:
        kept = [entry for entry in book.entries_of(view, member_id, task.activity) if entry.state not in gate.GONE]
        return sum(centre.start <= entry.at < centre.end for entry in kept)
    if task.fact.startswith("event:"):
        name = task.fact.removeprefix("event:")
        done = [one for one in events.of_member(view, member_id, 1000) if one.name == name and one.trusted]
        return sum(centre.start <= one.occurred_at < centre.end for one in done)
    statement = sa.select(sa.func.count()).select_from(fact).where(fact.c.member_id == member_id, fact.c.name == task.fact)
    return int(view.scalar(statement.where(fact.c.occurred_at >= centre.start, fact.c.occurred_at < centre.end)) or 0)


def recognise(work: Work, requests: Sequence[Recognise]) -> list[Joined]:
    """An operator names members whom the rule finds: tag and rewards, once each. Refused("not_found") for one it does not find."""
    return once(work, "activities.recognise", requests, Joined, lambda work, fresh: [_recognise(work, one) for one in fresh])


def _recognise(work: Work, request: Recognise) -> Joined:
    if work.principal.kind in ("member", "guest"):
        raise Refused("KOC 由工作人员认证", code="not_staff")
    place = gate.admit(work, request.activity, request.member_id, ("koc",))
    koc = place.one.activity
    assert isinstance(koc, Recognition)
    if place.counted():
        first = place.entries[0]
        return Joined(first.id, koc.title, first.state, already=True)
    entry = gate.enter(work, place, "done", title=koc.tag)
    audience.tag(work, [audience.Tag(entry.id, request.member_id, koc.tag, "koc", 100, work.now)])
    return Joined(entry.id, koc.title, "done", 0, _rewards(work, place, entry))


def candidates(view: View, koc: Recognition, after: str = "", limit: int = 200) -> list[str]:
    """The members whom the rule finds now, a page in order of id."""
    return audience.find(view, audience.catalogue().parse(koc.who), after, limit)


def reserved_for(view: View, name: str, limit: int = 500) -> list[str]:
    """Who reserved a live and was not reminded yet, in order of id."""
    return book.taking_part(view, name, "reserved", limit)


def reminded(work: Work, name: str, ids: Sequence[str]) -> None:
    """Notes that these members' reminders have been decided on."""
    book.turn_all(work, name, ids, "reserved", "reminded")
