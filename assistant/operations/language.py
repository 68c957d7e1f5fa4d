"""The closed language of plans: what a goal becomes, what a model may propose, and what an approval signs."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError, field_validator, model_validator

from assistant.base.clock import parse_instant
from assistant.base.errors import Invalid
from assistant.base.money import MOST
from assistant.domain import audience, outreach

Text = Annotated[StrictStr, Field(min_length=1, max_length=600)]
Word = Annotated[StrictStr, Field(max_length=60)]
SLOTS = frozenset({"nickname"})
SLOT = re.compile(r"\{([^{}]*)\}")
OPT_OUT = "回复 TD 退订"
AI_NOTE = "（本条由 AI 助手起草）"


class Closed(BaseModel):
    """A value that refuses every field it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PointsBenefit(Closed):
    """Points for each member."""

    kind: Literal["points"] = "points"
    points: Annotated[StrictInt, Field(ge=1, le=100_000)]


class CardBenefit(Closed):
    """A cashback card of a template (its id) for each member."""

    kind: Literal["cashback_card"] = "cashback_card"
    template: Annotated[StrictStr, Field(min_length=1, max_length=64)]


class CouponBenefit(Closed):
    """A coupon of the shop for each member, by its value."""

    kind: Literal["coupon"] = "coupon"
    name: Annotated[StrictStr, Field(min_length=1, max_length=60)]
    value_fen: Annotated[StrictInt, Field(ge=1, le=100_000)]


class ChanceBenefit(Closed):
    """Chances of an activity (draws of a lottery) for each member, by the activity's name."""

    kind: Literal["chance"] = "chance"
    activity: Annotated[StrictStr, Field(min_length=1, max_length=40)]
    chances: Annotated[StrictInt, Field(ge=1, le=100)] = 1


Benefit = Annotated[PointsBenefit | CardBenefit | CouponBenefit | ChanceBenefit, Field(discriminator="kind")]


class Attached(Closed):
    """Something beside the words: a picture, video or file of our media, a link, a page of a mini-program."""

    kind: Literal["image", "video", "file", "link", "miniprogram"]
    media: Annotated[StrictStr, Field(max_length=100)] = ""
    url: Annotated[StrictStr, Field(max_length=2000, pattern=r"^(https?://\S+)?$")] = ""
    title: Word = ""
    description: Annotated[StrictStr, Field(max_length=170)] = ""
    picture: Annotated[StrictStr, Field(max_length=2000)] = ""
    appid: Word = ""
    page: Annotated[StrictStr, Field(max_length=500)] = ""

    @model_validator(mode="after")
    def _whole(self) -> Attached:
        needed = {"link": (self.title, self.url), "miniprogram": (self.title, self.appid, self.page, self.media)}
        if not all(needed.get(self.kind, (self.media,))):
            raise ValueError("incomplete attachment")
        return self


def _plain(value: str, slots: frozenset[str]) -> str:
    """The text if it has no other slots and no letters that cannot be sent."""
    if set(SLOT.findall(value)) - slots or "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ValueError("unknown slot")
    return value


class MessageStep(Closed):
    """One message; the template's slots are ``{nickname}``. A mass task cannot carry a name: there the slot reads 老友."""

    kind: Literal["message"] = "message"
    template: Text
    attachments: Annotated[tuple[Attached, ...], Field(max_length=9)] = ()

    @field_validator("template")
    @classmethod
    def _known_slots(cls, value: str) -> str:
        return _plain(value, SLOTS)


class MomentStep(Closed):
    """One moment (朋友圈) that employees are asked to publish: everybody with customers, or ``staff``. ``tags`` (WeCom's ids) narrow who
    sees it. Its text is the same for everybody, so it has no slots.
    """

    kind: Literal["moment"] = "moment"
    template: Text
    attachments: Annotated[tuple[Attached, ...], Field(max_length=9)] = ()
    staff: Annotated[tuple[Word, ...], Field(max_length=1000)] = ()
    tags: Annotated[tuple[Word, ...], Field(max_length=100)] = ()

    @field_validator("template")
    @classmethod
    def _no_slots(cls, value: str) -> str:
        return _plain(value, frozenset())


class BenefitStep(Closed):
    """One benefit, granted before the message is queued."""

    kind: Literal["benefit"] = "benefit"
    benefit: Benefit


Step = Annotated[MessageStep | MomentStep | BenefitStep, Field(discriminator="kind")]


class Groups(Closed):
    """Which customer groups: all, or those that fit each list that is given. ``names`` are parts of names."""

    chats: Annotated[tuple[Word, ...], Field(max_length=500)] = ()
    owners: Annotated[tuple[Word, ...], Field(max_length=100)] = ()
    names: Annotated[tuple[Word, ...], Field(max_length=20)] = ()
    personas: Annotated[tuple[Word, ...], Field(max_length=20)] = ()


class Schedule(Closed):
    """``send_at``: the first touch not before; ``by``: no touch after. ISO 8601 with zone; None is at once and without end."""

    send_at: Word | None = None
    by: Word | None = None

    @field_validator("send_at", "by")
    @classmethod
    def _instant(cls, value: str | None) -> str | None:
        if value is not None:
            parse_instant(value)
        return value


class Caps(Closed):
    """At most so many people are written to."""

    people: Annotated[StrictInt, Field(ge=1, le=10_000_000)] | None = None


class Experiment(Closed):
    """What is measured against the holdout, over how many days from the first send."""

    metric: Literal["buyers", "net_paid"] = "buyers"
    horizon_days: Annotated[StrictInt, Field(ge=1, le=60)] = 7


class Plan(Closed):
    """A goal in closed form. ``assumptions`` are shown to the approver; with open ``questions`` nothing can be previewed.

    ``budget_fen`` None takes what the preview finds as the worst case. On the channel ``group`` the plan addresses ``groups`` instead of
    people: one message, no benefits, no holdout. A plan has one message, one moment, or one of each; with a moment alone it addresses
    nobody in person: no benefits, no holdout, and its segment says nothing.
    """

    goal: Text
    title: Annotated[StrictStr, Field(min_length=1, max_length=60)]
    kind: Literal["marketing", "care"] = "marketing"
    topic: Word = ""
    segment: audience.Rule
    exclusions: Annotated[tuple[audience.Rule, ...], Field(max_length=10)] = ()
    steps: Annotated[tuple[Step, ...], Field(max_length=4)]
    channel: Literal["auto", "kf", "mass", "group"] = "auto"
    groups: Groups = Groups()
    schedule: Schedule = Schedule()
    caps: Caps = Caps()
    budget_fen: Annotated[StrictInt, Field(ge=0, le=MOST)] | None = 0
    holdout_percent: Annotated[StrictInt, Field(ge=0, le=50)] = 0
    experiment: Experiment = Experiment()
    ai_written: bool = False
    assumptions: Annotated[tuple[Text, ...], Field(max_length=20)] = ()
    questions: Annotated[tuple[Text, ...], Field(max_length=10)] = ()

    @property
    def people(self) -> audience.Rule:
        """The segment without the exclusions."""
        if not self.exclusions:
            return self.segment
        return audience.All(rules=(self.segment, *(audience.Not(rule=rule) for rule in self.exclusions)))

    @property
    def benefits(self) -> list[Benefit]:
        return [step.benefit for step in self.steps if isinstance(step, BenefitStep)]

    @property
    def moment(self) -> MomentStep | None:
        """The moment, where there is one."""
        return next((step for step in self.steps if isinstance(step, MomentStep)), None)

    @property
    def moment_text(self) -> str:
        """The moment as employees publish it; empty where there is none."""
        text = self.moment.template if self.moment else ""
        return text + AI_NOTE if self.ai_written and text and "AI" not in text else text

    @property
    def only_moment(self) -> bool:
        """Whether nobody is written to."""
        return not any(isinstance(step, MessageStep) for step in self.steps)

    @property
    def attachments(self) -> tuple[dict[str, Any], ...]:
        """What goes out beside the words of the message."""
        return tuple(one.model_dump() for step in self.steps if isinstance(step, MessageStep) for one in step.attachments)

    @property
    def message(self) -> str:
        """The text as it goes out, with what the law asks for on it; slots still open."""
        template = next((step.template for step in self.steps if isinstance(step, MessageStep)), "")
        if self.ai_written and template and "AI" not in template:
            template += AI_NOTE
        if self.kind == "marketing" and template and "退订" not in template:
            template += f" {OPT_OUT}"
        return template

    @property
    def to_groups(self) -> bool:
        """Whether customer groups are addressed, not people."""
        return self.channel == "group"

    def text_for(self, nickname: str, route: str) -> str:
        """The message for one member; on the mass route all members of one staff member get the same words."""
        name = nickname.strip()[:20] if route == "kf" else ""
        return self.message.replace("{nickname}", name or ("各位老友" if route == "group" else "老友"))


def plan_from(value: Any) -> Plan:
    """A plan from JSON (a model's proposal, a stored row), checked like one of our own; raises Invalid naming the place."""
    try:
        plan = Plan.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Invalid(f"方案的“{place or '整体'}”写得不对（{first['type']}）", code="bad_plan", field=place) from error
    except RecursionError as error:
        raise Invalid("方案的人群条件嵌套得太深", code="bad_plan") from error
    counts = [sum(isinstance(step, kind) for step in plan.steps) for kind in (MessageStep, MomentStep)]
    if max(counts) != 1:
        raise Invalid("方案要有且只有一条消息，或一条朋友圈，也可以两样各一条", code="bad_plan", field="steps")
    if plan.only_moment and (plan.benefits or plan.holdout_percent or plan.to_groups):
        raise Invalid("只发朋友圈的方案没有权益、对照组和客户群；要送权益请再加一条消息", code="bad_plan", field="steps")
    if plan.moment is not None:
        outreach.check_moment(plan.moment.template, [one.model_dump() for one in plan.moment.attachments])
    if plan.channel == "group" and (plan.benefits or plan.holdout_percent):
        raise Invalid("发到客户群的方案只有一条消息，没有权益和对照组", code="bad_plan", field="channel")
    audience.catalogue().check(plan.people)
    return plan


def plan_json(plan: Plan) -> dict[str, Any]:
    """The plan as plain JSON; ``plan_from`` reads it back to an equal value."""
    return plan.model_dump(mode="json")
