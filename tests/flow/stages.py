"""Every stage at which a service may die, and the chains of deaths that the flow tests put it through."""

from __future__ import annotations

from dataclasses import dataclass

Death = tuple[str, int]
"""A stage, and at which passing of it in the life of one process the process dies."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The deaths of one campaign, one life after another.

    ``lost``: the least and the most employees whose 群发 task may never be made, since nobody can know that it was not. ``pace``: seconds
    by which time steps while a death is waited for; slow for the canary, so that the others do not follow yet.
    """

    deaths: tuple[Death, ...]
    lost: tuple[int, int] = (0, 0)
    pace: float = 0.5


CAMPAIGN = (
    Chain(
        (
            *(("plan.chunk_begins", 1), ("plan.before_decide", 1), ("plan.before_grant", 1), ("plan.after_grant", 1)),
            *(("plan.after_queue", 2), ("plan.before_cursor", 1), ("plan.chunk_ends", 1), ("plan.chunk_committed", 1)),
        ),
        pace=10.0,
    ),
    Chain((("touch.before_claim", 1), ("touch.claimed", 1), ("touch.done", 1), ("deliver.before_claim", 1))),
    Chain((("deliver.after_claim", 1), ("deliver.before_send", 1), ("deliver.after_send", 1), ("deliver.before_settle", 1))),
    Chain((("deliver.after_settle", 1), ("touch.before_task", 1)), lost=(1, 2), pace=10.0),
    Chain((("touch.claimed", 2),), lost=(1, 2), pace=10.0),
    Chain((("touch.task_created", 1),), lost=(0, 1), pace=10.0),
    Chain((("touch.task_settled", 1),), lost=(0, 1), pace=10.0),
)
"""An operator's plan. The canary goes out by 微信客服 and the rest, a minute later, as 群发 tasks, so the first touch is a 客服 one.

Nothing dies more than four times under one job, since a job that fails five times waits for a person: the first chain kills the chunk
of the canary four times and then the chunk of the others.
"""

PAYOUT: tuple[Death, ...] = (("payout.before_begin", 1), ("payout.begun", 1), ("payout.asked", 1), ("payout.recorded", 1))
"""One approved rebate on its way to the payer."""

MEMBER: tuple[Death, ...] = (("turn.before_open", 1), ("turn.opened", 1), ("turn.before_note", 1), ("turn.noted", 1))
"""A member's question, with the notes that its turn takes."""

CHAT: tuple[Death, ...] = (("turn.opened", 1), ("turn.thought", 1), ("turn.closed", 1))
"""A goal in an operator's chat."""

MASS: tuple[Death, ...] = (
    *(("mass.before_look", 1), ("mass.looked", 1), ("mass.before_remind", 1), ("mass.reminded", 1), ("mass.before_cancel", 1)),
    *(("mass.cancelled", 1), ("mass.handed_on", 1), ("mass.page_told", 1)),
)
"""A 群发 task from its creation to its results, the real handlers in one process (``tests/rooms/test_mass``)."""

REACH: tuple[Death, ...] = (
    *(("moment.before_claim", 1), ("moment.claimed", 1), ("moment.posted", 1), ("moment.before_look", 1), ("moment.looked", 1)),
    *(("insights.span_kept", 3), ("insights.day_kept", 1), ("words.before_push", 1), ("words.pushed", 1), ("words.checked", 1)),
)
"""Moments, daily statistics and forbidden words, likewise in one process."""

HANDOVER: tuple[Death, ...] = (("deliver.after_send", 1), ("kf.handover_begins", 1), ("kf.handed", 1), ("kf.handover_done", 1))
"""A customer who asks for a person, on the way to the pool of 微信客服."""

CONTACT: tuple[Death, ...] = (
    *(("welcome.claimed", 1), ("welcome.sent", 1), ("contact.fetched", 1), ("tags.marked", 1), ("way.told", 1)),
    *(("transfer.sent", 1), ("sync.gone", 1)),
)
"""Customer contact, its real jobs in one process (``tests/flow/wecom/test_contacts_killed``)."""

CONSENT = ("archive.asks", "archive.told", "archive.kept")
"""A round of asking who agreed to the archive (``tests/flow/wecom/test_archive_consent``)."""

MARKS: tuple[Death, ...] = (("marks.committed", 1), ("marks.begins", 2), ("tags.marked", 5))
"""A newly mapped tag on its way to everybody (``tests/flow/wecom/test_contact_marking``)."""

ROBOTS: tuple[Death, ...] = (("robot.claimed", 1), ("robot.sent", 1))
"""A notice on its way to a group (``tests/rooms/test_robots``)."""

SCHEDULE = ("clock.begins", "clock.committed", "journey.begins", "journey.committed", "reaction.begins", "reaction.committed")
"""What only a day of the schedule crosses; ``test_schedule`` dies there."""

LISTED = frozenset(
    (
        *(stage for chain in CAMPAIGN for stage, _ in chain.deaths),
        *(stage for stage, _ in (*PAYOUT, *MEMBER, *CHAT, *MASS, *REACH, *HANDOVER, *CONTACT, *MARKS, *ROBOTS)),
        *CONSENT,
        *SCHEDULE,
    )
)
