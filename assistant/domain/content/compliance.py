"""What a text may not say: absolute words, cash for good reviews, levels of referral, AI without its label, links, length. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from assistant.base.errors import Invalid
from assistant.domain.content.model import SLOT, Draft, Finding, slots

FORBIDDEN = (
    *("国家级", "世界级", "最高级", "顶级", "极品", "极致", "史无前例", "前无古人", "永久", "万能"),
    *("百分之百", "绝无仅有", "独一无二", "空前绝后", "天下第一", "销量冠军", "最佳", "最优", "最强", "最先进"),
    *("最便宜", "最低价", "最高端", "最安全", "最舒服", "最柔软", "最受欢迎", "最大牌"),
)
"""Words that are wrong wherever they stand; employees can be held to them too."""

ABSOLUTE = re.compile(
    "|".join(FORBIDDEN) + r"|全网最\w|全国最\w|全球最\w"
    r"|100\s?%(?!\s?(?:棉|纯棉|精梳棉|羊毛|桑蚕丝|真丝|涤|亚麻|莫代尔))"
    r"|最好(?![用先不别在能手避提把是将再也])"
    r"|唯一(?!标识|编号)|(?:绝对|首个|首家|独家)(?!不)"
    r"|(?<![0-9一二三四五六七八九十第])第一(?![次时步天单个周位年批条杯双套件页章种类款]|\d)"
)
"""广告法 art. 9 words, without their everyday uses (最好用温水洗, 第一次, 100% 棉)."""

_GOOD = r"(?:好评|五星|5\s?星|满分评价|晒图评价|指定评价|点赞|投票|给个赞)"
_REWARD = r"(?:返现|返钱|返[0-9０-９]|红包|现金|优惠券|领券|送券|返[一二两三五十]\S?元|[0-9０-９.]+\s?(?:元|块)|奖励|积分)"
REVIEW_FOR_CASH = re.compile(rf"{_GOOD}[^。！？!?\n]{{0,12}}{_REWARD}|{_REWARD}[^。！？!?\n]{{0,8}}{_GOOD}")
LEVELS = re.compile(r"二级分销|三级分销|多级返|发展下线|拉下线|团队提成|团队奖励|躺赚|下级佣金")
AI_LABEL = re.compile(r"(?:由\s?)?(?:AI|ＡＩ|人工智能)\s?(?:助手|生成|撰写|创作|辅助|智能)|由\s?(?:AI|人工智能)", re.IGNORECASE)
LINK = re.compile(
    r"(?:https?://)?((?:[a-z0-9-]+\.)+(?:com|cn|net|org|top|shop|link|xyz|cc|vip|io|me|info|store)(?:\.cn)?)(?![a-z0-9.-]*[a-z0-9])", re.I
)


def check(draft: Draft) -> list[Finding]:
    """Everything that is wrong with a text; an empty list means it may go out."""
    return [finding for rule in RULES for finding in rule(draft)]


def blocked(findings: list[Finding]) -> bool:
    """Whether something must be mended before anyone may send it."""
    return any(finding.severity == "block" for finding in findings)


def _empty(draft: Draft) -> Iterator[Finding]:
    if not draft.text.strip():
        yield Finding("empty", "block", "文案是空的")


def _absolute(draft: Draft) -> Iterator[Finding]:
    for match in ABSOLUTE.finditer(draft.text):
        yield Finding("absolute_word", "block", f"“{match[0]}”属于广告法禁止的绝对化用语，请换一种说法", match[0])


def _reviews(draft: Draft) -> Iterator[Finding]:
    for match in REVIEW_FOR_CASH.finditer(draft.text):
        yield Finding("review_for_cash", "block", "不能用现金、红包、券或积分换取指定好评，请去掉这部分", match[0])


def _levels(draft: Draft) -> Iterator[Finding]:
    for match in LEVELS.finditer(draft.text):
        yield Finding("referral_levels", "block", "推荐奖励只允许一级，不能出现多级分销的说法", match[0])


def _label(draft: Draft) -> Iterator[Finding]:
    if draft.ai_written and draft.mass and not AI_LABEL.search(draft.text):
        yield Finding("no_ai_label", "block", "这是 AI 撰写的群发内容，请注明，例如在末尾加上“（AI 助手撰写）”")


def _links(draft: Draft) -> Iterator[Finding]:
    for match in LINK.finditer(draft.text):
        host = match[1].lower()
        if not any(host == allowed or host.endswith(f".{allowed}") for allowed in map(str.lower, draft.links)):
            yield Finding("link_not_allowed", "block", f"链接 {host} 不在允许名单里", match[0])


def _length(draft: Draft) -> Iterator[Finding]:
    size = len(SLOT.sub("", draft.text).encode())
    if size > draft.limit:
        yield Finding("too_long", "block", f"文案有 {size} 字节，最多 {draft.limit} 字节，请精简")


def _braces(draft: Draft) -> Iterator[Finding]:
    try:
        slots(draft.text)
    except Invalid as error:
        yield Finding("bad_slot", "block", error.say)


def _shouting(draft: Draft) -> Iterator[Finding]:
    match = re.search(r"[!！]{3,}", draft.text)
    if match:
        yield Finding("shouting", "warn", "感叹号太多，读起来像在催人，建议收一收", match[0])


RULES: tuple[Callable[[Draft], Iterator[Finding]], ...] = (
    _empty,
    _absolute,
    _reviews,
    _levels,
    _label,
    _links,
    _length,
    _braces,
    _shouting,
)
