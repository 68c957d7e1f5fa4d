"""Sentences of the dialogue itself: the first greeting that names the AI, and polite answers to what it cannot read."""

from __future__ import annotations

FIRST = "我是 AI 助手小棉，随时可以回复“人工”找同事。\n"
"""Said once per conversation: an AI is named as AI at first contact (product.md §5, compliance)."""

_MEDIA = {
    "image": "图片收到啦，不过我现在还看不懂图片。您用一句话告诉我想问什么，或者回复“人工”请同事来看，好吗？",
    "voice": "语音收到啦，不过我这次没能听清。麻烦您打字告诉我，或者回复“人工”请同事来听，好吗？",
    "video": "视频收到啦，不过我现在还看不了视频。您用一句话告诉我想问什么，或者回复“人工”请同事来看，好吗？",
    "file": "文件收到啦，不过我现在还打不开文件。您用一句话告诉我想问什么，或者回复“人工”请同事来看，好吗？",
}
_UNKNOWN = "收到啦，不过这种消息我现在还看不懂。您用文字告诉我想问什么，或者回复“人工”请同事来帮您，好吗？"


STALE = "这个选项已经过去啦，刚才什么都没有变。想办什么，直接告诉我就好。"
"""To somebody who clicked a choice of an old menu."""

PASSED_ON = "（对方没有写字，只转来了别人的话）"
"""Stands where the words of a burst would be that only passes on what others wrote."""


def for_media(kinds: tuple[str, ...]) -> str:
    """The answer to a burst without any words."""
    return _MEDIA.get(kinds[-1], _UNKNOWN)


def finished(text: str, *, first: bool) -> str:
    """The reply as it is sent."""
    if not text:
        return text
    return FIRST + text if first and "AI 助手" not in text else text
