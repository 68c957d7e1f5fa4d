"""Pages by themselves: whatever a stranger wrote is shown as text, in both languages; plans in words; charts as plain markup."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any
from xml.etree import ElementTree

import pytest

from assistant.base.errors import Invalid
from assistant.domain import audience, members, orders
from assistant.operations.language import BenefitStep, MessageStep, Plan, PointsBenefit, Schedule
from assistant.web import (
    chart,
    fields,
    pages,
    plan_form,
    plan_words,
    shapes_archive,
    shapes_contacts,
    shapes_mass,
    shapes_members,
    shapes_membership,
    shapes_plans,
    shapes_reach,
)
from assistant.web.security import local_path
from tests.browser.web_house import HOSTILE

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
FIGURE = shapes_plans.FigureOut(name="x", label=HOSTILE, value=3)
PREVIEW = shapes_plans.PreviewOut(
    people=312,
    holdout=28,
    reachable=252,
    staff=3,
    routes=[FIGURE],
    exclusions=[FIGURE],
    later=[FIGURE],
    expected_fen=100000,
    worst_fen=126000,
    budget_fen=500000,
    samples=[shapes_plans.SampleOut(member_id=HOSTILE, name=HOSTILE, text=HOSTILE)],
    warnings=[HOSTILE],
    second_person=True,
    digest="d" * 64,
    quota=[shapes_plans.AllowanceOut(limit=HOSTILE, takes=1, left=2, later={HOSTILE: 3}, never=0, say=HOSTILE)],
    moment=shapes_plans.MomentPreviewOut(staff=[HOSTILE], customers=3, text=HOSTILE),
)
PLAN = shapes_plans.PlanOut(
    id=HOSTILE,
    goal=HOSTILE,
    state="draft",
    created_at=NOW,
    created_by=HOSTILE,
    segment=HOSTILE,
    assumptions=[HOSTILE],
    questions=[HOSTILE],
    exclusions=[HOSTILE],
    steps=[shapes_plans.StepOut(kind="message", say=HOSTILE, text=HOSTILE)],
    limits={HOSTILE: HOSTILE},
    content={},
    version=1,
    digest="d",
    approved_by=HOSTILE,
    reason=HOSTILE,
    preview=PREVIEW,
    previewing=False,
    progress=[FIGURE],
)
LIFT = shapes_plans.LiftOut(
    touched=180, touched_share=0.117, holdout=28, holdout_share=0.036, lift=0.081, low=-0.01, high=0.16, say=HOSTILE
)
LEAGUE = shapes_mass.StaffLineOut(
    **{"staff": HOSTILE, "name": HOSTILE, "tasks": 2, "confirmed": 1, "rate": 50, "hours": 1.5, "waiting": 1},
    **{"created": 3, "delivered": 2, "refused": 1, "replied": 1, "ordered": 0},
)
PUBLICATION = shapes_reach.PublicationOut(staff=HOSTILE, name=HOSTILE, published=True, customers=1, comments=1, likes=1)
MOMENT = shapes_plans.MomentReportOut(
    state="open", say=HOSTILE, reason=HOSTILE, asked=1, published=1, customers=1, comments=1, likes=1, staff=[PUBLICATION]
)
REPORT = shapes_plans.ReportOut(
    plan_id=HOSTILE, funnel=[FIGURE], skipped=[FIGURE], spent_fen=1, budget_fen=2, net_paid_fen=3, lift=LIFT, notes=[HOSTILE], moment=MOMENT
)
BRIEF: dict[str, Any] = {"id": HOSTILE, "nickname": HOSTILE, "phone": "138****0000", "city": HOSTILE, "joined_at": NOW}
MEMBER = shapes_members.MemberOut(
    **BRIEF,
    shop_key=HOSTILE,
    gender="female",
    birthday="05-20",
    owner_staff=HOSTILE,
    owner_name=HOSTILE,
    groups=[],
    tags=[HOSTILE],
    opted_out=True,
    opted_out_topics=[HOSTILE],
    tier=HOSTILE,
    growth=3,
    next_tier=HOSTILE,
    growth_needed=4,
    household=HOSTILE,
)
BOOK = shapes_members.BookOut(
    member_id=HOSTILE,
    available=1,
    pending=2,
    lots=[shapes_members.LotOut(amount=1, remaining=1, state="available", source=HOSTILE, expires_at=None)],
    entries=[shapes_members.EntryOut(at=NOW, change=-200, reason=HOSTILE, order_no=HOSTILE)],
    orders=[
        shapes_members.OrderOut(order_no=HOSTILE, shop=HOSTILE, status=HOSTILE, created_at=NOW, paid_fen=1, refund_fen=1, points=1),
    ],
    cards=[shapes_members.CardOut(name=HOSTILE, rule=HOSTILE, remaining=1, valid_until=NOW)],
    claims=[shapes_members.ClaimOut(id="c", order_no=HOSTILE, amount_fen=1, state="due", say=HOSTILE)],
    touches=[shapes_members.TouchOut(at=NOW, what=HOSTILE, state="skipped", reason=HOSTILE, cause=HOSTILE, because=HOSTILE)],
)
STANDING = shapes_membership.MembershipOut(
    member_id=HOSTILE,
    tier=HOSTILE,
    own=HOSTILE,
    growth=1,
    next_tier=HOSTILE,
    growth_needed=1,
    since=NOW,
    until=NOW,
    keep_needed=1,
    plan=HOSTILE,
    plan_until=NOW,
    purchases=[
        shapes_membership.PurchaseOut(
            plan=HOSTILE, payment=f"pay:{HOSTILE}", paid_fen=1, starts_at=NOW, ends_at=NOW, stage="running", refund_fen=1
        )
    ],
    gifts=[shapes_membership.GiftOut(name=HOSTILE, due_at=NOW, given_at=None)],
)
STORED = shapes_membership.StoredValueOut(
    member_id=HOSTILE,
    principal_fen=1,
    bonus_fen=1,
    top_ups=[
        shapes_membership.TopUpOut(
            payment=HOSTILE, at=NOW, principal_fen=1, bonus_fen=1, principal_left_fen=1, bonus_left_fen=1, refunded_fen=0
        )
    ],
    lines=[shapes_membership.StoredLineOut(at=NOW, kind="spend", principal_fen=-1, bonus_fen=-1, reference=HOSTILE)],
)
RIGHTS = dict.fromkeys(("paid_plan_sell", "paid_plan_refund", "stored_value_move", "stored_value_refund"), True)
BESIDE: dict[str, Any] = {"standing": STANDING, "stored": STORED, "plans": [(HOSTILE, HOSTILE)], "rights": RIGHTS}
GIFT = {"name": HOSTILE}
TIERS = shapes_membership.VersionOut(
    version=1,
    document={
        "tiers": [{"name": HOSTILE, "growth": 0, "keep": None, "gifts": [GIFT]}],
        "window_days": 365,
        "soft_landing": True,
        "plans": [{"id": HOSTILE, "name": HOSTILE, "months": 1, "tier": HOSTILE, "price_fen": 1}],
    },
)
STEPS = shapes_membership.VersionOut(version=1, document={"steps": [{"pay_fen": 2, "bonus_fen": 1}], "most_fen": 1, "spend": "proportion"})
SOP = shapes_members.SopOut(
    id=HOSTILE,
    name=HOSTILE,
    version=1,
    enabled=True,
    of="groups",
    who=HOSTILE,
    rhythm=HOSTILE,
    steps=[HOSTILE],
    definition={HOSTILE: HOSTILE},
    figures={HOSTILE: 1},
)
CLAIM = shapes_members.DueClaimOut(id="c", member_id=HOSTILE, order_no=HOSTILE, amount_fen=1, state="due", say=HOSTILE)
FIELDS = [
    fields.Field("template", HOSTILE, HOSTILE, "long"),
    fields.Field("channel", HOSTILE, HOSTILE, "choice", choices=((HOSTILE, HOSTILE),)),
    fields.Field("budget", HOSTILE, HOSTILE, "money", empty=HOSTILE),
]
GROUPS = [fields.Group(HOSTILE, tuple(FIELDS), HOSTILE)]
FRIEND = shapes_contacts.FriendOut(
    **dict.fromkeys(("staff", "name", "status", "say", "came_by", "state", "remark"), HOSTILE), since=NOW, tags=[HOSTILE], ended_at=NOW
)
FRIENDS = shapes_contacts.FriendsOut(
    friends=[FRIEND], groups=[shapes_contacts.SeatOut(chatid=HOSTILE, name=HOSTILE, joined_at=NOW, left_at=NOW)]
)
WAY = shapes_contacts.WayOut(
    **dict.fromkeys(("id", "kind", "state", "name", "channel", "greeting", "benefit", "status", "say", "trouble", "qr_code"), HOSTILE),
    **{key: [HOSTILE] for key in ("staff", "groups", "tags", "staff_ids", "group_ids")},
    **dict.fromkeys(("added", "inside", "friends", "first_orders", "points"), 1),
    link={"title": HOSTILE, "url": HOSTILE, "desc": HOSTILE},
    skip_verify=True,
)
CONTACTS = shapes_contacts.ContactsOut(
    staff=[shapes_contacts.StaffOut(userid=HOSTILE, name=HOSTILE, customers=1, left_behind=1)],
    runs=[
        shapes_contacts.RunOut(
            kind="contacts",
            status="running",
            looked=1,
            total=2,
            differences=1,
            counts={HOSTILE: 1},
            trouble=HOSTILE,
            started_at=NOW,
            ended_at=None,
        )
    ],
    ways=[WAY],
    groups=[shapes_contacts.GroupOut(chatid=HOSTILE, name=HOSTILE, owner=HOSTILE, status=HOSTILE, inside=1, created_at=NOW)],
    tags=[shapes_contacts.TagOut(id=HOSTILE, name=HOSTILE, group_name=HOSTILE, ours=HOSTILE)],
    transfers=[
        shapes_contacts.TransferOut(
            **dict.fromkeys(("handover", "takeover", "member_id", "nickname", "state", "say", "reason", "by"), HOSTILE),
            resigned=False,
            at=NOW,
        )
    ],
    welcomes=[
        shapes_contacts.WelcomeOut(**dict.fromkeys(("staff", "member_id", "nickname", "outcome", "say", "reason"), HOSTILE), heard_at=NOW)
    ],
    not_understood=[
        shapes_contacts.NotUnderstoodOut(
            at=NOW, event=HOSTILE, source=HOSTILE, elements=[HOSTILE], missing=[HOSTILE], raw={HOSTILE: HOSTILE}
        )
    ],
)
WORD = shapes_archive.ConsentOut(member_id=HOSTILE, nickname=HOSTILE, at=NOW)
ARCHIVE = shapes_archive.ArchivePageOut(
    on=True,
    agreed=1,
    refused=1,
    friends=2,
    round=shapes_archive.RoundOut(staff=[HOSTILE], stage=HOSTILE, asked=1, fresh=1, started_at=NOW, ended_at=None, trouble=HOSTILE),
    said_yes=[WORD],
    said_no=[WORD],
    groups=[
        shapes_archive.GroupLifeOut(
            **dict.fromkeys(("chatid", "name", "owner"), HOSTILE),
            **dict.fromkeys(("members", "speakers", "rate_percent", "customer_messages", "staff_messages"), 1),
            **dict.fromkeys(("answered", "unanswered", "median_answer_seconds"), 1),
        )
    ],
    days=180,
    messages=1,
    since=NOW,
)
TEMPLATES: dict[str, dict[str, Any]] = {
    "goals.html": {"plans": [PLAN], "states": {}, "tones": {}, "allowed": True, "examples": [HOSTILE], "wanted": HOSTILE},
    "plan.html": {
        "plan": PLAN,
        "names": {},
        "actions": [],
        "waits": HOSTILE,
        "editable": True,
        "states": {},
        "tones": {},
        "fields": FIELDS,
        "reported": True,
    },
    "report.html": {
        "report": REPORT,
        "goal": HOSTILE,
        "funnel": chart.funnel([(HOSTILE, 3)], HOSTILE),
        "interval": chart.interval(-0.01, 0.08, 0.16, HOSTILE),
        "staff": [LEAGUE],
    },
    "people.html": {
        "plan_id": HOSTILE,
        "only": "",
        "words": {},
        "found": shapes_plans.PeopleOut(
            people=[shapes_plans.PersonOut(member_id=HOSTILE, name=HOSTILE, included=False, state=HOSTILE, reason=HOSTILE)],
            next_after=HOSTILE,
        ),
    },
    "members.html": {"wanted": HOSTILE, "found": [shapes_members.MemberBriefOut(**BRIEF)]},
    "member.html": {
        "member": MEMBER,
        "book": BOOK,
        "statuses": {},
        "states": {},
        "may": {"edit": True, "export": True, "erase": True},
        "friends": FRIENDS,
        **BESIDE,
    },
    "contacts.html": {"shown": CONTACTS, "may": {"edit": True, "transfer": True}, "kinds": {"contacts": HOSTILE}, "counted": {}},
    "membership.html": {
        "tiers": TIERS,
        "stored": STEPS,
        "texts": {"tiers": HOSTILE, "stored": HOSTILE},
        "forms": {"tiers": GROUPS, "stored": GROUPS},
        "problem": HOSTILE,
        "may": True,
    },
    "sops.html": {"sops": [SOP], "allowed": True},
    "archive.html": {"shown": ARCHIVE, "days": 30},
    "tickets.html": {
        "tickets": [],
        "claims": [CLAIM],
        "unknowns": [],
        "held": [],
        "late": set(),
        "failed": [],
        "accounts": [],
        "kinds": {},
        "may": {"task": True, "payout": True, "review": True, "job": True},
    },
    "settings.html": {"settings": {HOSTILE: HOSTILE}, "parts": {HOSTILE: HOSTILE}, "roles": {}, "operators": []},
    "error.html": {"message": HOSTILE, "code": HOSTILE, "back": "/"},
}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_what_a_stranger_wrote_is_shown_as_text(template: str, language: str) -> None:
    page = pages.Page(language, "/goals", HOSTILE, "c", HOSTILE, True)
    text = pages._environment().get_template(template).render(page=page, t=partial(pages.say, language), **TEMPLATES[template])
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "'\"><" not in text


def test_a_chart_is_plain_markup_without_styles() -> None:
    for drawn in (chart.funnel([("会触达", 252), (HOSTILE, 21)], "漏斗"), chart.funnel([], ""), chart.interval(0, 0, 0, "提升")):
        root = ElementTree.fromstring(str(drawn))
        assert not [element for element in root.iter() if "style" in element.attrib or element.tag == "script"]


def plan() -> Plan:
    return Plan(
        goal="唤醒老客",
        title="唤醒老友",
        segment=audience.EVERYBODY,
        steps=(BenefitStep(benefit=PointsBenefit(points=50)), MessageStep(template="{nickname}，好久不见")),
        schedule=Schedule(send_at="2026-11-27T20:00:00+08:00"),
        budget_fen=500000,
        holdout_percent=10,
    )


def test_a_plan_is_told_in_words() -> None:
    assert [step.say for step in plan_words.steps(plan())] == ["每人发 50 积分", "发一条消息"]
    limits = plan_words.limits(plan())
    assert (limits["开始"], limits["最晚"], limits["预算"], limits["对照组"]) == ("2026-11-27 20:00", "不限", "¥5000.00", "10%")


def test_a_form_sent_back_as_it_was_changes_nothing() -> None:
    form = {field.name: field.value for field in plan_form.form_fields(plan())}
    assert plan_form.changed(plan(), form) == {}


def test_the_figures_of_a_segment_can_be_changed_in_the_form() -> None:
    audience.use([*members.FEATURES, *orders.FEATURES])
    asked = [audience.compare("last_order_at", "within_days", 60), audience.compare("order_amount", "gte", 50000, within_days=90)]
    before = plan().model_copy(update={"segment": audience.All(rules=(audience.Not(rule=asked[0]), asked[1]))})
    form = {"segment.rules.0.rule.value": "90", "segment.rules.1.value": "300", "segment.rules.1.arguments.within_days": "30"}
    assert set(form) < {field.name for field in plan_form.form_fields(before)}
    after = Plan.model_validate(before.model_dump(mode="json") | plan_form.changed(before, form))
    changed = (audience.compare("last_order_at", "within_days", 90), audience.compare("order_amount", "gte", 30000, within_days=30))
    assert after == before.model_copy(update={"segment": audience.All(rules=(audience.Not(rule=changed[0]), changed[1]))})


def test_an_empty_field_of_the_form_lifts_the_limit() -> None:
    changed = plan_form.changed(plan(), {"budget": "", "send_at": "", "nobody": "1"})
    assert changed == {"budget_fen": None, "schedule": {"send_at": None, "by": None}}


@pytest.mark.parametrize(
    ("name", "value"),
    [("budget", "5千"), ("holdout", "１０"), ("holdout", ""), ("people", "-1"), ("send_at", "明天"), ("channel", "sms"), ("template", " ")],
)
def test_a_bad_field_of_the_form_is_one_clear_sentence(name: str, value: str) -> None:
    with pytest.raises(Invalid):
        plan_form.changed(plan(), {name: value})


@pytest.mark.parametrize(
    ("wanted", "path"), [("/plans/x?a=1", "/plans/x?a=1"), ("//evil", "/"), ("/\\evil", "/"), ("http://evil", "/"), ("", "/")]
)
def test_only_paths_of_this_site_are_followed(wanted: str, path: str) -> None:
    assert local_path(wanted) == path
