"""Goals that the house does not do, whoever asks: each pattern with the sentence to say."""

from __future__ import annotations

import re

from assistant.base.errors import Refused

_GIFT = r"(?:返现|红包|现金|积分|券|奖励|返\s*\d|送\s*\d|给\s*\d+\s*元|\d+\s*元)"
_PRAISE = r"(?:好评|五星|5\s*星|晒单好评|点赞截图)"
FORBIDDEN: tuple[tuple[str, str, str], ...] = (
    (
        "review_for_cash",
        rf"{_PRAISE}.{{0,20}}{_GIFT}|{_GIFT}.{{0,20}}{_PRAISE}",
        "不能用现金、积分或券换好评：这违反《网络反不正当竞争暂行规定》第九条。可以改为不限内容的真实评价征集",
    ),
    (
        "multi_level",
        r"(?:多|[二三四两])级(?:分销|返佣|返现|佣金|返利|推荐|奖励)|发展下线|(?:的|拉)下线|拉人头|层层(?:返|分)|团队计酬",
        "只做一级推荐，不做多级分销或按团队计酬，这有传销风险。可以改为老带新一级奖励",
    ),
    (
        "personal_price",
        r"杀熟|(?:个人|个性化|差别|差异化|千人千面).{0,4}定价|(?:每个人|不同的?人|因人|看人|按消费能力).{0,8}(?:不同|不一样|高低|定|改).{0,3}(?:价|收费)"
        r"|(?:老客|熟客|有钱|高消费).{0,8}(?:涨价|卖贵|贵一点|提价|高价)",
        "同样的商品不能因人定价（《个人信息保护法》第二十四条）。可以改为对整个人群公开的权益",
    ),
    (
        "minors",
        r"未成年|小学生|中学生|初中生|高中生|儿童会员|青少年|(?<!\d)(?:1[0-8]|[1-9])\s*岁(?:以下|以内|的孩子)|十[一二三四五六七八]?岁以下",
        "不向未成年人做营销。请换一个成年会员的人群",
    ),
    (
        "opt_out_ignored",
        r"(?:退订|拉黑|不想收到).{0,8}(?:也|照样|继续|仍然|都)(?:要)?(?:发|通知|推)|(?:无视|忽略|不管|绕过|绕开).{0,6}(?:退订|免打扰|限制|频次|限额)|外挂|多开",
        "不会绕过退订、免打扰或平台限额，已退订的会员不会再收到",
    ),
)
_COMPILED = tuple((code, re.compile(pattern), say) for code, pattern, say in FORBIDDEN)


def refuse_forbidden(text: str) -> None:
    """Raises Refused with the reason if a goal, a revision or a message asks for what the house does not do."""
    plain = re.sub(r"[\s\u200b-\u200f]", "", text)
    for code, pattern, say in _COMPILED:
        if pattern.search(plain) or pattern.search(text):
            raise Refused(say, code=code)
