"""What each WeCom errcode means for us: the one table that turns codes into error kinds and deliveries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from assistant.base.errors import Broken, Invalid, LaoyouError, Refused, Transient
from assistant.channels.message import Delivery

Action = Literal["refresh", "retry", "rate", "refused", "invalid", "broken", "sent", "unknown"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """``action`` is what the caller does; ``delay`` is when a retry makes sense; ``slug`` names it for metrics; ``say`` for a person."""

    action: Action
    slug: str
    say: str
    delay: timedelta | None = None


class Unknown(Broken):
    """The request may or may not have taken effect (time-out, lost connection, garbled answer): look it up, never repeat it blindly."""


def _seconds(count: int) -> timedelta:
    return timedelta(seconds=count)


UNTIL_THEY_WRITE = ("wecom_kf_quota", "wecom_kf_window")
"""Refusals that end when the customer writes again."""

_TABLE: dict[int, Verdict] = {}


def _row(codes: Iterable[int], action: Action, slug: str, say: str, delay: timedelta | None = None) -> None:
    for code in codes:
        _TABLE[code] = Verdict(action, slug, say, delay)


_row([-1, 6000], "retry", "busy", "企业微信暂时繁忙，请稍后再试。", _seconds(5))
_row([40014, 42001], "refresh", "token", "企业微信的访问凭证已失效，系统换取新凭证后仍被拒绝，请检查应用密钥。", _seconds(60))
_row([41001], "broken", "token_missing", "调用企业微信时没有带上访问凭证，请联系开发人员。")
_row([40001, 40013, 40091, 45031], "broken", "credentials", "企业微信的企业 ID 或应用密钥不正确，请在设置里核对。")
_row([45009], "rate", "rate", "企业微信的调用次数已到上限，请稍后再试。", _seconds(60))
_row([45033, 45035], "retry", "concurrency", "企业微信同一时刻的请求过多，请稍后再试。", _seconds(2))
_row([45036], "rate", "abnormal_traffic", "企业微信认为流量异常，已放慢速度，请检查发送计划。", _seconds(600))
_row([48001, 48002, 48004, 48006, 48007, 48011], "broken", "permission", "应用没有这个接口的权限，请在企业微信后台开通。")
_row([60020], "broken", "ip", "服务器的 IP 不在企业可信 IP 里，请在企业微信后台添加。")
_row([701008], "broken", "licence", "企业缺少互通许可，请在企业微信后台购买或分配。")
_row([60011, 60021, 60030, 60111, 40031, 92000], "refused", "not_visible", "这位成员不在应用的可见范围里，或已经不存在。")
_row([81013], "refused", "no_recipient", "接收人全部无效，消息没有发出。")
_row([84061, 40096, 84084], "refused", "not_a_customer", "对方已经不是这位成员的客户。")
_row([40003, 40008, 40035, 40058, 40063, 45002], "invalid", "bad_request", "企业微信不接受请求的内容，请联系开发人员。")
_row([40007, 40145], "refused", "media_gone", "素材已过期，请重新上传。")
_row([40201, 40204], "refused", "blocked", "内容被企业微信的反垃圾规则拦下，请人工检查。")
_row([60140], "refused", "reply_used", "这个回复地址或卡片回执已经用过或已过期。")
_row([41063, 41079], "retry", "dispatching", "群发任务还在下发，请稍后再试。", _seconds(60))
_row([41094], "refused", "reminded_too_often", "提醒成员的次数已到上限。")
_row([41046, 41047, 41048, 41093], "refused", "mass_task", "群发任务不存在、已取消或没有可发送的对象。")
_row([41096], "retry", "welcome_busy", "另一个应用正在发送欢迎语，请立即再试。", _seconds(1))
_row([41050, 41051, 41064, 41065], "refused", "welcome_over", "欢迎语已经不能再发送。")
_row([41053], "refused", "welcome_no_consent", "客户还没有同意会话存档，欢迎语发不出去；客户同意之后会再试。")
_row([50100, 60268], "invalid", "cursor", "翻页的位置已失效，请从头读取。")
_row([95001], "refused", "kf_quota", "客户这条消息之后已经发满 5 条，要等客户再说话。")
_row([95002, 95031], "refused", "kf_window", "客户已超过 48 小时没有说话，要等客户再来。")
_row([95013], "refused", "kf_ended", "这次客服会话已经结束。")
_row([95018], "refused", "kf_person", "客服会话由人工接待，系统不能发送。")
_row([95014, 95016, 95019, 60253], "refused", "kf_state", "客服会话不能这样变更，接待人员可能未接待或不存在。")
_row([95000, 95003, 95004, 95011, 95012, 95017, 60252], "broken", "kf_account", "客服账号不可用，请在企业微信后台检查微信客服的设置。")
_row([95007], "refused", "kf_token", "客服消息的拉取凭证已过期。")
_row([95008, 95009, 95030], "invalid", "kf_message", "客服消息的格式不被接受，请联系开发人员。")
_row([40004, 40005, 40006, 40009, 45001], "invalid", "media_form", "企业微信不接受这个素材的格式或大小，请换一个文件。")
_row([40056, 301002], "broken", "bad_agent", "应用的 AgentId 不对，或不属于这个 Secret 的应用，请在设置里核对。")
_row([41072], "broken", "media_purpose", "素材是从另一个上传接口来的，请联系开发人员。")
_row([42052], "refused", "recall_over", "消息发出超过 24 小时，不能撤回了。")
_row(range(42014, 42052), "invalid", "card", "卡片的内容不合企业微信的规定，请联系开发人员。")
_row([93000], "broken", "robot_gone", "群机器人的 Webhook 密钥不对，或它已被移出群聊，请在群里重新添加并更新设置。")
_row([93001], "broken", "robot_forbidden", "这个群不允许机器人发言，请群主在群设置里允许，或把机器人换到别的群。")
_row([93004], "broken", "robot_off", "群机器人已停用，请在群里重新启用它。")
_row([93008], "broken", "robot_outside", "群机器人不在它要发言的群里，请在群里重新添加，并把新的密钥填进设置。")
_row([93017, 44004], "invalid", "empty", "消息没有内容。")
_row([301042], "broken", "ip", "服务器的 IP 不在会话存档的可信 IP 里，请在企业微信后台添加。")
_row([301048, 301058], "refused", "archive_file", "会话存档里的这个文件不存在或太大，取不到。")
_row([301052, 301053], "broken", "archive_over", "会话存档已过期或没有开通，请在企业微信后台检查。")
_row([846601], "broken", "bot_mode", "机器人还没有切换到长连接模式，请在管理后台的机器人设置里切换。")
_row([853000], "broken", "bot_credentials", "机器人的 ID 或长连接 Secret 不正确，请在设置里核对。")
_row([846604, 846605, 846606, 846608], "refused", "reply_over", "这条机器人消息已经不能再直接回复。")
_row([846607], "rate", "bot_rate", "机器人在这个会话里的发送次数已到上限，或对方还没有和机器人说过话。", _seconds(60))
_row([846609], "retry", "bot_offline", "机器人的长连接还没有订阅，稍后再发。", _seconds(2))
_row([846610, 846611, 846612, 846613, 846616, 846625, 846697], "invalid", "bot_request", "企业微信不接受机器人的这条内容，请联系开发人员。")
_row([40068, 40071], "refused", "tag_gone", "企业微信里没有这个标签，可能已被删除，请重新同步标签。")
_row([40126], "refused", "tags_full", "企业标签已满，请在企业微信后台清理后再加。")
_row([81011], "refused", "not_ours", "这不是本应用创建的标签或规则，只能在企业微信后台修改。")
_row([40128], "refused", "transferred_twice", "这位客户 90 天内已经转接过两次，暂时不能再转接。")
_row([40100, 40129], "refused", "transferring", "这位客户正在转接中，请等结果出来。")
_row([40097], "refused", "not_resigned", "原跟进员工还没有离职，请用在职转接。")
_row([40098, 40099, 40130, 40131, 40205], "refused", "taker", "接替的员工不能接收客户：没有实名、客户已满或太久没有登录，请换一位。")
_row(range(90500, 90512), "refused", "group_transfer", "这个客户群不能这样处理，请检查群主和接替的员工。")
_row([41041, 41054, 41091], "refused", "way_people", "“联系我”里的成员或群不合规定：人数太多、没有实名激活，或群超过五个。")
_row([41045], "refused", "ways_full", "“联系我”已满 50 万个，请删掉不用的再加。")
_row([41210], "rate", "moment_rate", "朋友圈任务创建得太快，请稍后再试。", _seconds(60))
_row([81017], "invalid", "need_filter", "应用可见的成员太多，企业微信不肯一次列完；系统会按成员分批读取，一直这样时请缩小应用的可见范围。")
_row([40002, 40010, 40011, 40050, 40066, 41005], "invalid", "bad_request", "企业微信不接受请求的内容，请联系开发人员。")
_row(
    [41057, 40073, *range(610014, 610019), *range(845001, 845004)],
    "broken",
    "not_bound",
    "小程序或公众号没有和企业微信绑定，或主体不一致，请在后台检查。",
)
_row([95033], "sent", "already_sent", "这条消息已经发出过。")


def verdict(errcode: int) -> Verdict:
    """The row of a non-zero errcode; a code that is not in the table has the action ``unknown`` (not retried, shown to a person)."""
    return _TABLE.get(errcode) or Verdict("unknown", "unlisted", f"企业微信返回了未登记的错误码 {errcode}，请查看企业微信文档。")


def error_of(errcode: int, path: str, now: datetime) -> LaoyouError:
    """The error to raise for a refused call; ``code`` is ``wecom_<slug>``, ``detail`` holds errcode and path."""
    row = verdict(errcode)
    code = f"wecom_{row.slug}"
    if row.delay is not None:
        return Transient(row.say, retry_at=now + row.delay, code=code, errcode=errcode, path=path)
    kind: type[LaoyouError] = {"refused": Refused, "sent": Refused, "invalid": Invalid}.get(row.action, Broken)
    return kind(row.say, code=code, errcode=errcode, path=path)


def delivery_of(error: LaoyouError, external_id: str = "") -> Delivery:
    """The delivery that an error of the client means. ``refused`` with ``retry_at`` may be tried again with the same key."""
    if isinstance(error, Unknown):
        return Delivery("unknown", external_id, error.code, error.say)
    errcode = error.detail.get("errcode")
    if isinstance(errcode, int) and verdict(errcode).action == "sent":
        return Delivery("sent", external_id, error.code)
    retry_at = error.retry_at if isinstance(error, Transient) else None
    return Delivery("refused", external_id, error.code, error.say, retry_at, waits=error.code in UNTIL_THEY_WRITE)
