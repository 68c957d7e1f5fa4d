"""SOPs as versioned data: enrolment, due steps, exits. Not for permission to send: that is the gate of outreach.

Due rows: ``journey.enrol`` and ``journey.step``; ``JOBS`` names the command that handles each.
"""

from assistant.domain.journeys.commands import enrol, exit_on, exit_since, install, leave, publish, switch, tick
from assistant.domain.journeys.entering import enter
from assistant.domain.journeys.model import (
    Enrolment,
    GroupEnrolment,
    Journey,
    Publish,
    Published,
    Switch,
    Switched,
    Version,
    journey_from,
    shipped,
)
from assistant.domain.journeys.queries import counts, enrolments, group_enrolments, journeys
from assistant.domain.journeys.steps import run_steps

JOBS = {"journey.enrol": enrol, "journey.step": run_steps}

__all__ = [
    "JOBS",
    "Enrolment",
    "GroupEnrolment",
    "Journey",
    "Publish",
    "Published",
    "Switch",
    "Switched",
    "Version",
    "counts",
    "enrol",
    "enrolments",
    "enter",
    "exit_on",
    "exit_since",
    "group_enrolments",
    "install",
    "journey_from",
    "journeys",
    "leave",
    "publish",
    "run_steps",
    "shipped",
    "switch",
    "tick",
]
