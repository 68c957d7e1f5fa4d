"""What happens without anyone asking: three plain tables, read from top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from assistant import operations
from assistant.base.clock import parse_instant
from assistant.base.errors import Broken
from assistant.base.principal import system
from assistant.channels import app_cards as cards
from assistant.channels import quota, session, streams
from assistant.dialogue import conversation
from assistant.domain import activities, archive, cashback, events, journeys, members, membership, orders, outreach, points, staff
from assistant.flows import (
    app_cards,
    archive_consent,
    behaviour,
    bot_events,
    contact_sync,
    contact_tags,
    contact_ways,
    gifts,
    kf_pull,
    kf_reactions,
    live,
    merging,
    notices,
    robots,
    statistics,
    words,
)
from assistant.flows.deliver import settle_kf
from assistant.flows.settle import settle_orders
from assistant.jobs import Handler, Job, Schedule
from assistant.store import Store, Work, fact

REACTOR = system("reactor")


@dataclass(frozen=True, slots=True)
class Happened:
    """A fact as a reaction reads it."""

    name: str
    subject: str
    member_id: str
    payload: Mapping[str, Any]
    cause: str
    at: datetime


Reaction = Callable[[Work, Happened], object]
Stage = Callable[[str], None]
"""Told of each step before and after its commit (fault tests)."""


def settle_order(work: Work, happened: Happened) -> None:
    """Points, growth and claims follow the order."""
    settle_orders(work, [happened.payload["order_id"]])


def match_orders(work: Work, happened: Happened) -> None:
    """Orders that waited for this person find their owner, and money that waited for a wallet goes out."""
    orders.match(work, [happened.member_id])
    cashback.carry_waiting(work, [happened.member_id])


def match_events(work: Work, happened: Happened) -> None:
    """What a stranger did and said finds the person he turned out to be."""
    events.match(work, [happened.member_id])
    archive.match(work, [happened.member_id])


def merge_same(work: Work, happened: Happened) -> None:
    """Who is proved to be one person becomes one member."""
    merging.merge_strong(work, [happened.payload["one"], happened.payload["other"]])


def leave_journeys(work: Work, happened: Happened) -> None:
    """Who has bought needs no wake-up any more."""
    journeys.exit_on(work, happened.name, happened.member_id)


def enter_journeys(work: Work, happened: Happened) -> None:
    """Journeys that answer this begin for whom it happened to."""
    journeys.enter(work, happened.name, [(happened.member_id, happened.payload)])


def give_gift(work: Work, happened: Happened) -> None:
    """What a tier or a plan brings is given by benefits."""
    gifts.give(work, happened.payload["gift_id"])


def write_tags_back(work: Work, happened: Happened) -> None:
    """WeCom follows our tags."""
    contact_tags.tag_changed(work, happened.member_id, happened.payload)


def came_by_way(work: Work, happened: Happened) -> None:
    """Who came by a way gets its tags and its benefit."""
    contact_ways.came_by(work, happened.member_id, happened.payload)


def agreed_to_archive(work: Work, happened: Happened) -> None:
    """From now on what this customer says in groups may be kept."""
    archive.agree_member(work, happened.member_id)


def task_for_left_behind(work: Work, happened: Happened) -> None:
    """Attachments that a channel cannot carry are somebody's to pass on."""
    bot_events.left_behind(work, happened.payload["outbox"], happened.payload["reason"])


def ask_approvers(work: Work, happened: Happened) -> None:
    """Who may approve a plan of somebody else is asked in the app's chat."""
    app_cards.ask_approvers(work, happened.subject.removeprefix("plan:"))


def withdraw_cards(work: Work, happened: Happened) -> None:
    """What a card would decide has been decided otherwise, or is not what it shows any more."""
    app_cards.withdraw_decided(work, happened.subject.removeprefix("plan:"))


def settle_touch(work: Work, happened: Happened) -> None:
    """What became of a proactive message is what became of its touch."""
    told = happened.payload
    state = {"channel.cancelled": "refused"}.get(happened.name, happened.name.removeprefix("channel."))
    settle_kf(work, told["key"], state, told["reason"], told["external_id"])


def tell_people(work: Work, happened: Happened) -> None:
    """What our people must see is said by a group robot."""
    robots.hear(work, happened.name, happened.subject, happened.payload)


def follow_client(work: Work, happened: Happened) -> None:
    """Who took over in the channel's own client holds the conversation here; somebody who is with the customer has kept the promise."""
    told = happened.payload
    # To learn that nobody in WeCom had the word takes it from nobody who has taken it here.
    if told["state"] in session.HELD or told["before"] in session.HELD:
        # When it was so at WeCom, which may be long before we heard of it.
        at = parse_instant(told["at"]) if told.get("at") else happened.at
        conversation.follow(work, told["conversation"], told["state"], told["servicer"], at)
    if told["state"] == "ended" and told["before"] == "person":
        staff.answered(work, told["conversation"], "", "会话已结束")


def colleague_answered(work: Work, happened: Happened) -> None:
    """A colleague wrote to the customer in the channel's own client."""
    staff.answered(work, happened.payload["conversation"], happened.payload["servicer"], "已在微信客服里回复")


def end_session(work: Work, happened: Happened) -> None:
    """A conversation given back in the console ends in the channel's own client too."""
    kf_reactions.end_session(work, happened.subject.removeprefix("conversation:"), happened.payload.get("by", ""), happened.at)


def task_for_waiting(work: Work, happened: Happened) -> None:
    """What the channel does not take now is somebody's to say, with the text ready."""
    kf_reactions.task_for_waiting(work, happened.payload["outbox"])


def forget_waiting(work: Work, happened: Happened) -> None:
    """What a colleague has said is not said again when the customer writes."""
    kf_reactions.forget_waiting(work, happened.payload["ticket"])


def note_welcomed(work: Work, happened: Happened) -> None:
    """After a welcome that arrived the assistant need not introduce itself again."""
    address = kf_reactions.welcomed(work, happened.payload["outbox"])
    if address is not None:
        conversation.welcomed(work, address)


ON_FACT: dict[str, dict[str, Reaction]] = {
    "orders.paid": {"settle": settle_order, "leave_journeys": leave_journeys},
    "orders.finished": {"settle": settle_order},
    "orders.refunded": {"settle": settle_order},
    "orders.closed": {"settle": settle_order},
    "orders.matched": {"settle": settle_order},
    "orders.changed": {"settle": settle_order},
    "members.registered": {"match_events": match_events, "match_orders": match_orders},
    "members.bound": {"match_events": match_events, "match_orders": match_orders},
    members.NOTED: {"merge": merge_same},
    "cashback.wait_user_confirm": {"enter_journeys": enter_journeys},
    "cashback.paid": {"leave_journeys": leave_journeys},
    "membership.gift_due": {"give": give_gift},
    "membership.plan_bought": {"leave_journeys": leave_journeys},
    "audience.tagged": {"write_back": write_tags_back},
    "audience.untagged": {"write_back": write_tags_back},
    "wecom.contact_added": {"came_by_way": came_by_way},
    "wecom.contact_half_added": {"came_by_way": came_by_way},
    "contacts.came_by_code": {"came_by_way": came_by_way},
    "wecom.contact_archive_agreed": {"agreed": agreed_to_archive},
    session.CHANGED: {"follow_client": follow_client},
    "kf.answered": {"colleague_answered": colleague_answered},
    "conversation.released": {"end_session": end_session},
    "ticket.done": {"forget_waiting": forget_waiting},
    "channel.waiting": {"task": task_for_waiting},
    "channel.failed": {"settle_touch": settle_touch},
    "channel.sent": {"settle_touch": settle_touch, "welcomed": note_welcomed},
    "channel.refused": {"settle_touch": settle_touch, "tell_people": tell_people},
    "channel.unknown": {"settle_touch": settle_touch, "tell_people": tell_people},
    "channel.left_behind": {"task": task_for_left_behind},
    "mass.unknown": {"tell_people": tell_people},
    "moment.unknown": {"tell_people": tell_people},
    "cashback.halted": {"tell_people": tell_people},
    "book.reconciled": {"tell_people": tell_people},
    "plan.awaiting_approval": {"tell_people": tell_people, "withdraw_cards": withdraw_cards, "ask_approvers": ask_approvers},
    **{f"plan.{state}": {"withdraw_cards": withdraw_cards} for state in ("draft", "approved", "rejected", "stopped", "expired")},
    **{name: {"tell_people": tell_people} for name in robots.ALARMS},
    "channel.cancelled": {"settle_touch": settle_touch},
}
"""Fact → what follows, each by its own job keyed (fact, reaction)."""

REACTIONS = {name: tuple(reactions) for name, reactions in ON_FACT.items()}

ON_CLOCK: dict[str, tuple[int, Callable[[Work], object]]] = {
    "streams.forget": (3600, streams.forget),
    "app_cards.forget": (3600, cards.forget),
    "points.mature": (60, points.mature),
    "points.expire": (3600, points.expire),
    "members.catch_up": (300, merging.catch_up),
    "membership.review": (60, membership.review),
    "points.release": (60, points.release_overdue),
    "points.notice": (600, notices.points_expiring),
    gifts.SWEEP: (60, gifts.sweep),
    "cashback.ripen": (300, cashback.ripen),
    events.HEAR: (300, behaviour.hear),
    "activities.close": (300, activities.close),
    "activities.lapse": (3600, activities.lapse),
    "activities.settle_referrals": (600, activities.settle_referrals),
    "cashback.close_cards": (3600, cashback.close_cards),
    "journeys.tick": (600, journeys.tick),
    "kf.sweep": (300, kf_pull.sweep),
    "orders.match_waiting": (300, orders.match_waiting),
    "outreach.expire": (3600, outreach.expire_touches),
    "plans.expire": (3600, operations.expire_plans),
    "quota.sweep": (3600, quota.sweep),
    "archive.sweep": (3600, archive.sweep),
    "notices.look_round": (300, robots.look_round),
}
"""Name → (every so many seconds, what is done). APScheduler only ticks; each run is a row (name, planned instant)."""


def react(store: Store, stage: Stage) -> Handler:
    """The handler of ``reaction`` jobs."""

    async def handle(job: Job) -> None:
        stage("reaction.begins")
        await store.write(_react, job.payload, REACTOR, cause=f"fact:{job.payload['fact']}")
        stage("reaction.committed")

    return handle


def _react(work: Work, payload: Mapping[str, Any]) -> None:
    row = work.one(sa.select(fact).where(fact.c.id == payload["fact"]))
    if row is None:
        raise Broken("要处理的事实不见了", code="fact_gone", fact=payload["fact"])
    ON_FACT[row.name][payload["reaction"]](work, Happened(row.name, row.subject, row.member_id, row.payload, row.cause, row.occurred_at))


def run_clock(store: Store, stage: Stage) -> Handler:
    """The handler of all ON_CLOCK jobs: the kind of the job names the row of the table."""

    async def handle(job: Job) -> None:
        stage("clock.begins")
        await store.write(_run_clock, job.kind, system("schedule"), cause=f"clock:{job.key}")
        stage("clock.committed")

    return handle


def _run_clock(work: Work, name: str) -> None:
    ON_CLOCK[name][1](work)


def journey_steps(store: Store, stage: Stage) -> dict[str, Handler]:
    """The handlers of the due rows that journeys and live reservations make."""

    def handler(command: Callable[[Work, Mapping[str, Any]], object]) -> Handler:
        async def handle(job: Job) -> None:
            stage("journey.begins")
            await store.write(command, job.payload, system("journeys"), cause=f"journey:{job.key}")
            stage("journey.committed")

        return handle

    return {kind: handler(command) for kind, command in {**journeys.JOBS, activities.REMIND: live.remind}.items()}


SCHEDULES = (
    *(Schedule(name, every=seconds) for name, (seconds, _run) in ON_CLOCK.items()),
    Schedule("book.reconcile", cron="30 3 * * *"),
    Schedule(statistics.PULL, cron="40 2 * * *"),
    Schedule(words.CHECK, cron="50 3 * * *"),
    Schedule(archive_consent.ASK, cron="30 4 * * *"),
    Schedule("media.clean", cron="10 4 * * *"),
    Schedule("received.clean", cron="20 4 * * *"),
    Schedule(contact_sync.NIGHTLY, cron="10 4 * * *"),
    Schedule("kf.accounts", every=3600),
)
