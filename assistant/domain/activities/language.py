"""The description language: an activity is data of a closed, versioned form, checked with a sentence that names the place."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, TypeAdapter, ValidationError

from assistant.base.clock import parse_instant
from assistant.base.errors import Invalid

MILLION = 1_000_000
"""Odds are parts of a million, so that they add up exactly."""

Slug = Annotated[StrictStr, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
Title = Annotated[StrictStr, Field(min_length=1, max_length=60)]
Words = Annotated[StrictStr, Field(max_length=400)]
Count = Annotated[StrictInt, Field(ge=0, le=1_000_000)]
Some = Annotated[StrictInt, Field(ge=1, le=1_000_000)]
Fen = Annotated[StrictInt, Field(ge=0, le=1_000_000_000)]
Gift = dict[str, Any]
Gifts = Annotated[tuple[Gift, ...], Field(max_length=10)]


class Closed(BaseModel):
    """A value that refuses every field it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Limits(Closed):
    """How often: by one member in all, by one member on one business day, by everybody together. 0 is no limit."""

    member: Count = 0
    day: Count = 0
    total: Count = 0


class Described(Closed):
    """What every activity says. ``who`` is a segment, ``points`` the price of taking part, ``budget_fen`` the most its rewards may cost."""

    format: Literal[1] = 1
    name: Slug
    title: Title
    words: Words = ""
    starts_at: StrictStr
    ends_at: StrictStr
    who: dict[str, Any] | None = None
    tiers: Annotated[tuple[Title, ...], Field(max_length=20)] = ()
    employees: StrictBool = False
    limits: Limits = Limits()
    points: Count = 0
    rewards: Gifts = ()
    budget_fen: Fen = 0
    review: StrictBool = False

    @property
    def start(self) -> datetime:
        return parse_instant(self.starts_at)

    @property
    def end(self) -> datetime:
        return parse_instant(self.ends_at)


class CheckInGame(Described):
    """Daily check-in. A day missed can be made up for ``makeup_points``, or for a chance of this activity, a few times a month."""

    kind: Literal["check_in"]
    daily_points: Some = 5
    streak_days: Annotated[StrictInt, Field(ge=2, le=365)] = 7
    streak_bonus: Count = 20
    makeups_a_month: Annotated[StrictInt, Field(ge=0, le=31)] = 3
    makeup_points: Some = 10
    makeup_days: Annotated[StrictInt, Field(ge=1, le=31)] = 7


class Prize(Closed):
    """One prize: ``odds`` in parts of a million, ``stock`` None without limit, ``benefit`` None for goods sent by hand or for nothing."""

    id: Slug
    title: Title
    odds: Annotated[StrictInt, Field(ge=0, le=MILLION)]
    stock: Count | None = None
    benefit: Gift | None = None
    goods: StrictBool = False


class Lottery(Described):
    """A draw with published odds. ``free`` chances for everybody, ``free_a_day`` more each day; what is out falls to ``fallback``."""

    kind: Literal["lottery"]
    prizes: Annotated[tuple[Prize, ...], Field(min_length=2, max_length=30)]
    fallback: Slug
    free: Count = 0
    free_a_day: Count = 0


class Sale(Described):
    """Something for points within the window: ``rewards`` are given at once, without them the goods are sent by hand."""

    kind: Literal["exchange", "flash_sale"]
    stock: Some


class Task(Closed):
    """Something to do ``times`` times: a fact about the member, or taking part in another activity."""

    id: Slug
    title: Title
    fact: Annotated[StrictStr, Field(max_length=80)] = ""
    activity: Annotated[StrictStr, Field(max_length=40)] = ""
    times: Annotated[StrictInt, Field(ge=1, le=1000)] = 1
    rewards: Annotated[tuple[Gift, ...], Field(min_length=1, max_length=10)]


class TaskCentre(Described):
    """Tasks, each rewarded once."""

    kind: Literal["tasks"]
    tasks: Annotated[tuple[Task, ...], Field(min_length=1, max_length=30)]


class Referral(Described):
    """Members bring new members, one level: ``welcome`` at once, ``rewards`` for the inviter when the first order is so many days old."""

    kind: Literal["referral"]
    welcome: Gifts = ()
    new_days: Annotated[StrictInt, Field(ge=1, le=365)] = 30
    window_days: Annotated[StrictInt, Field(ge=1, le=90)] = 7
    patience_days: Annotated[StrictInt, Field(ge=1, le=365)] = 90


class Option(Closed):
    """One answer and the tag it puts on who gives it."""

    text: Title
    tag: Annotated[StrictStr, Field(max_length=60)] = ""


class Question(Closed):
    """One question of a survey; ``many`` allows more than one answer.

    With ``identity`` (``taobao``) it has no options and asks for an account: what is told may be left out and proves nothing.
    """

    id: Slug
    text: Title
    options: Annotated[tuple[Option, ...], Field(max_length=12)] = ()
    many: StrictBool = False
    identity: Annotated[StrictStr, Field(pattern=r"^([a-z][a-z0-9_]{0,29})?$")] = ""


class Survey(Described):
    """Questions once per member; the answers become tags with this confidence."""

    kind: Literal["survey"]
    questions: Annotated[tuple[Question, ...], Field(min_length=1, max_length=20)]
    confidence: Annotated[StrictInt, Field(ge=1, le=100)] = 90


class Wishes(Described):
    """Members say what they wish for; a person grants or declines."""

    kind: Literal["wish"]


class Live(Described):
    """A live broadcast to be reminded of; ``reminder`` is what is sent ``remind_minutes`` before, with ``{title}``."""

    kind: Literal["live"]
    live_at: StrictStr
    remind_minutes: Annotated[StrictInt, Field(ge=1, le=1440)] = 30
    reminder: Annotated[StrictStr, Field(min_length=1, max_length=300)] = "您预约的「{title}」马上开始啦，来看看吧～"

    @property
    def at(self) -> datetime:
        return parse_instant(self.live_at)


class Posts(Described):
    """Members show what they made or wear; a person reviews, and what is rewarded is the post, never praise."""

    kind: Literal["post"]


class Recognition(Described):
    """Members whom ``who`` finds and an operator chooses carry ``tag`` and get the rewards."""

    kind: Literal["koc"]
    tag: Annotated[StrictStr, Field(min_length=1, max_length=60)] = "KOC"


Activity = CheckInGame | Lottery | Sale | TaskCentre | Referral | Survey | Wishes | Live | Posts | Recognition
KINDS: dict[str, str] = {
    "check_in": "签到",
    "lottery": "抽奖",
    "exchange": "限时兑换",
    "flash_sale": "秒杀",
    "tasks": "任务中心",
    "referral": "邀请好友",
    "survey": "问卷",
    "wish": "心愿单",
    "live": "直播预约",
    "post": "晒单",
    "koc": "KOC 认证",
}
_UNION: TypeAdapter[Activity] = TypeAdapter(Annotated[Activity, Field(discriminator="kind")])
_WRONG = {
    "missing": "缺少这一项",
    "extra_forbidden": "不认识这一项",
    "union_tag_invalid": f"没有这种活动，可用的有：{'、'.join(KINDS)}",
    "union_tag_not_found": f"缺少 kind，可用的有：{'、'.join(KINDS)}",
    "string_pattern_mismatch": "要用小写字母开头，只含小写字母、数字和下划线，2 到 40 个字符",
    "int_type": "要写整数",
    "string_type": "要写文字",
    "bool_type": "要写 true 或 false",
    "tuple_type": "要写成列表",
    "dict_type": "要写成对象",
    "model_type": "要写成对象",
    "too_short": "至少要有 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "string_too_long": "最多 {max_length} 个字",
    "string_too_short": "不能为空",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
    "literal_error": "只能是 {expected}",
}


def activity_from(value: Any) -> Activity:
    """An activity from plain data; Invalid says which place is wrong and what belongs there."""
    try:
        return _UNION.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        # Where the kind was understood, its name stands first.
        loc = first["loc"][1:] if first["loc"] and first["loc"][0] in KINDS else first["loc"]
        place = ".".join(map(str, loc)) or "整体"
        wrong = _WRONG.get(first["type"], "值的类型或范围不对").format_map(_Bounds(first.get("ctx", {})))
        raise Invalid(f"活动描述的“{place}”写得不对：{wrong}", code="bad_activity", field=place) from None
    except RecursionError:
        raise Invalid("活动描述嵌套得太深", code="bad_activity") from None


class _Bounds(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "要求的值"


def plain(activity: Activity) -> dict[str, Any]:
    """Plain data that ``activity_from`` reads back."""
    return activity.model_dump(mode="json")


def gifts(activity: Activity) -> list[tuple[str, Mapping[str, Any]]]:
    """Every reward written in the activity with its place."""
    found: list[tuple[str, Mapping[str, Any]]] = [(f"rewards.{number}", gift) for number, gift in enumerate(activity.rewards)]
    match activity:
        case Lottery():
            found += [(f"prizes.{number}.benefit", prize.benefit) for number, prize in enumerate(activity.prizes) if prize.benefit]
        case TaskCentre():
            for place, task in enumerate(activity.tasks):
                found += [(f"tasks.{place}.rewards.{number}", gift) for number, gift in enumerate(task.rewards)]
        case Referral():
            found += [(f"welcome.{number}", gift) for number, gift in enumerate(activity.welcome)]
        case _:
            pass
    return found


DEFAULT_CHECK_IN = CheckInGame(
    kind="check_in", name="check_in", title="每日签到", starts_at="2000-01-01T00:00:00+08:00", ends_at="9999-01-01T00:00:00+08:00"
)
"""The check-in that holds while no other is published."""
