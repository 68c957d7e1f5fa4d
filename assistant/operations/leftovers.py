"""What a sentence says beyond what was understood: asked about, never passed over."""

from __future__ import annotations

import re

ASKED = "没有听懂"
FILLERS = (
    r"喜欢|偏爱|爱穿|爱买|唤醒|召回|激活|挽回|拉回|沉睡|流失|生日|寿星|祝福|祝贺|快乐|积分|返现卡?|优惠券|到期|过期|领取|申请|提取|洗护|洗涤|穿着|反馈|回访|关怀|问候|售后|"
    r"新品|上新|新款|复购|回购|再次购买|感谢|答谢|回馈|欢迎|新人|福利|权益|礼物?|一下|一次|一条|一波|一个|一些|一份|一张|活动|消息|信息|通知|提醒|推荐|告诉|"
    r"会员|客户|顾客|用户|老友|朋友|大家|他们|她们|每人|每位|每个|群发|发送|推送|发放|赠送|安排|策划|麻烦|帮我|帮忙|我想要?|我要|想要|希望|需要|请|"
    r"预算|对照组?|里面?|里的|中的|他|她|们|的|给|向|对|为|把|让|发|送|做|搞|来|去|在|都|各|个|位|人|和|与|跟|及|并|且|也|再|就|要|想|用|下|好|了|吧|呢|啊|一|元|条|份|次|卡|券|组"
)
CHINESE = re.compile(r"[\u4e00-\u9fffA-Za-z0-9]+")


def not_understood(left: str) -> list[str]:
    """The phrases of the rest of a sentence that carry a meaning nobody has taken up."""
    found = []
    for part in re.split(r"[　，,。；;！!？?、：:\s“”\"「」（）()]+", left):
        rest = re.sub(FILLERS, "", part)
        if len(CHINESE.findall(rest)) and len("".join(CHINESE.findall(rest))) >= 2:
            found.append(part.strip())
    return found


def question(phrases: list[str]) -> str:
    """The question about them; empty where there is nothing to ask."""
    if not phrases:
        return ""
    return f"{ASKED}“{'”“'.join(phrases[:5])}”：请换个说法，或者说“忽略”"
