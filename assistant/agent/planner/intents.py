"""Which intent a sentence has: rules first, then the nearest examples by embedding and character n-grams."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import cached_property

from assistant.agent.planner.examples import EXAMPLES
from assistant.base.protocols import Embedder

_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "others",
        re.compile(
            r"(别人|他|她|朋友|同事|闺蜜|老公|老婆|妈妈?|爸爸?|姐姐?|妹妹?|\d{11}|尾号\d{4})的?(的|手机|账户|账号).{0,12}(积分|订单|返现|等级|生日|手机号|地址)"
        ),
    ),
    ("opt_in", re.compile(r"恢复(接收|订阅|推送|通知)|重新(接收|订阅|打开)|继续给我发|开回来")),
    ("opt_out", re.compile(r"^\s*(td|t|退订)\s*$|退订|别(再)?(给我)?发|不(要|想)(再)?(收|给我发|发)|取消订阅|别(再)?打扰", re.IGNORECASE)),
    ("hand_over", re.compile(r"人工|真人|投诉|经理|气死|太差|骗子|垃圾|客服在吗")),
    ("make_up", re.compile(r"补签|补(个|一下)签|漏签")),
    ("use_invite_code", re.compile(r"(填|输入|用|使用)[^，。]{0,6}邀请码|邀请码(是|：|:)?\s*[A-Za-z2-7]{8}|朋友(给|推荐)我?的?(邀请)?码")),
    ("my_chances", re.compile(r"(几|多少|还有)[^，。]{0,6}(次|个)?[^，。]{0,4}(抽奖)?机会|抽奖.*(几次|机会)|(抽|玩)几次")),
    (
        "my_entries",
        re.compile(
            r"(我|中)[^，。]{0,6}(中奖|中了)(记录|什么|没|吗)|我(参加|抽中|秒到|抢到)[^，。]{0,6}(什么|哪些|了吗|没)|邀请了(几|多少)"
        ),
    ),
    (
        "draw",
        re.compile(
            r"^\s*(我要|我想|帮我|来|再|去)?(抽|参加)(一|个|次|一次|1次)?(抽?奖|次奖)?\s*(吧|呀|！|!|～)?$|抽(一次|个)?奖(吧|$)|试试手气"
        ),
    ),
    ("exchange", re.compile(r"秒杀(?!.*(什么|哪些|几点|时候))|帮我抢|我要抢|限时兑换(?!.*(什么|哪些|几点|时候))")),
    ("my_invite_code", re.compile(r"邀请(好友|朋友|闺蜜|新人|同事)|我的邀请码|推荐给(朋友|闺蜜)|拉新")),
    ("make_wish", re.compile(r"许(个|一个)?愿|心愿单")),
    ("reserve_live", re.compile(r"预约.*直播|直播.*(预约|提醒我|开播叫我)")),
    ("answer_survey", re.compile(r"问卷|我选[：:]")),
    ("claim_tasks", re.compile(r"任务.*(奖励|领|完成)|(领|完成).*任务")),
    ("whats_on", re.compile(r"(有|搞|参加)(什么|哪些|啥)[^，。]{0,4}活动|活动(有哪些|列表)|最近.*活动(?!.*(别|不要|退订))")),
    ("check_in", re.compile(r"^\s*(我要|帮我|今天)?(签到|打卡|签个到)")),
    (
        "why_no_cashback",
        re.compile(
            r"(为什么|为啥|怎么|咋|凭什么)[^，。]{0,10}(没|不|未)[^，。]{0,6}返(现|钱|给|我|$)|返(现|的?钱|利)[^，。]{0,10}(为什么|为啥|怎么|咋)[^，。]{0,6}(没|不|未)|返(现|的?钱)[^，。]{0,8}(一直|还)[^，。]{0,4}(没|不|未)(到|给|有|打|返)"
        ),
    ),
    ("claim_cashback", re.compile(r"(申请|领|要|能)(一下)?返现|返现.*[A-Za-z]?\d{6,}|[A-Za-z]?\d{6,}.*返现")),
    (
        "claim_points",
        re.compile(r"(订单|单号|这单|那单).*(转|换成|补|登记|记|兑成).*积分|积分.*(补|登记|没记|没到账).*([A-Za-z]?\d{6,}|订单|单号)"),
    ),
    (
        "points_rules",
        re.compile(
            r"(怎么|如何|咋).{0,4}(赚|攒|得|拿|获得|获取|积累).{0,4}(积分|分$)|积分.{0,4}(怎么|如何|咋).{0,2}(赚|攒|得|拿|来的吗)|积分(活动|倍数|几倍)|(双倍|多倍)积分"
        ),
    ),
    ("set_preference", re.compile(r"生日(是|改)|我穿.*码|尺码(是|改)|叫我|点.*(联系|方便)")),
    ("my_point_lots", re.compile(r"积分.*(过期|到期|清零|有效期)(?!.*规则)")),
    ("my_points_history", re.compile(r"(为什么|怎么).*(少|扣|变|没).*分|分.*(为什么|怎么)(少|扣)|积分(明细|记录|流水)")),
    ("mall_items", re.compile(r"(能|可以)(换|兑).*(什么|哪些|啥)|商城.*(什么|哪些|啥)|有什么.*(换|兑)")),
    ("redeem", re.compile(r"(想|要|帮我|用积分|给我)[^，。]*(换|兑)(?!货)|^兑换")),
    ("my_cashback", re.compile(r"返现(卡)?.*(到账|进度|多少|还有|什么时候|没到|哪)|我的返现|我.*返现卡")),
    ("my_orders", re.compile(r"(我的|查|我最近).*(订单|快递|买了)|订单.*(到哪|发货)")),
    ("my_points", re.compile(r"(多少|查|几).*(积分|分\b)|积分.*(多少|余额|还剩|几)|^(我的)?积分$")),
    ("my_profile", re.compile(r"(我|我的).*(等级|成长值|会员信息|资料)|(还差|差)多少.*升|我是.*卡吗")),
    ("search_knowledge", re.compile(r"(你们|咱们|店里|[你您]家)(还|有|也)?卖[^，。]*(吗|嘛|么|不)")),
)
LEAST = 0.25
DENSE = 0.7
"""Weight of the embedding beside the n-grams; with NEIGHBOURS chosen on phrases that the examples do not hold (decision 0012)."""
NEIGHBOURS = 2
SMALL_TALK = ("greeting", "thanks")
MOST_SMALL_TALK = 6
"""Longer sentences want something, though they may sound like a greeting."""


class Intents:
    """Compares a sentence with the examples. Without an embedder only rules and n-grams speak."""

    def __init__(self, embedder: Embedder | None, questions: Sequence[str] = ()) -> None:
        """``questions`` are those the knowledge base answers: sentences near them are looked up there."""
        self._embedder = embedder
        self._texts = [(name, text) for name, texts in EXAMPLES.items() for text in texts]
        self._texts += [("search_knowledge", text) for text in questions]

    def open(self) -> None:
        """Embeds the examples."""
        if self._embedder is not None:
            _ = self._vectors

    def of(self, text: str) -> str:
        """The intent of the sentence; ``search_knowledge`` for questions that no rule or neighbour claims, ``unknown`` otherwise."""
        ruled = self.ruled(text)
        if ruled:
            return ruled
        if not re.search(r"\w", text):
            return "greeting"
        scores = self._scores(text)
        name, best = max(scores.items(), key=lambda pair: pair[1])
        if name in SMALL_TALK and len(text) > MOST_SMALL_TALK:
            return "search_knowledge"
        return name if best >= LEAST else "search_knowledge"

    def ruled(self, text: str) -> str:
        """The intent that a rule is sure of, empty for none."""
        return next((name for name, pattern in _RULES if pattern.search(text)), "")

    def _scores(self, text: str) -> dict[str, float]:
        grams = _vector(text)
        near = [_cosine(grams, vector) for vector in self._grams]
        if self._embedder is not None:
            query = self._embedder.queries([text])[0]
            dense = [sum(a * b for a, b in zip(query, vector, strict=True)) for vector in self._vectors]
            low, high = min(dense), max(dense)
            near = [(1 - DENSE) * gram + DENSE * (value - low) / ((high - low) or 1) for gram, value in zip(near, dense, strict=True)]
        found: dict[str, list[float]] = {}
        for (name, _text), score in zip(self._texts, near, strict=True):
            found.setdefault(name, []).append(score)
        return {name: sum(sorted(scores)[-NEIGHBOURS:]) / NEIGHBOURS for name, scores in found.items()}

    @cached_property
    def _grams(self) -> list[Counter[str]]:
        return [_vector(text) for _name, text in self._texts]

    @cached_property
    def _vectors(self) -> list[list[float]]:
        assert self._embedder is not None
        return self._embedder.queries([text for _name, text in self._texts])


def _vector(text: str) -> Counter[str]:
    kept = re.sub(r"[^\w一-鿿]", "", text.lower())
    return Counter([*kept, *(kept[i : i + 2] for i in range(len(kept) - 1))])


def _cosine(one: Counter[str], other: Counter[str]) -> float:
    shared = sum(count * other[gram] for gram, count in one.items())
    lengths = math.sqrt(sum(count * count for count in one.values()) * sum(count * count for count in other.values()))
    return shared / lengths if lengths else 0.0
