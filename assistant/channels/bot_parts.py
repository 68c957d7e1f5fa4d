"""What of a message a bot's callback can carry: words, links as words, pictures beside the end of a growing answer; the rest is named."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.channels.message import Attachment, Delivery, OutboundMessage

LEFT_BEHIND = "attachments_left"
"""Code of a message whose words arrived and of whose attachments some cannot go this way."""

MOST_PICTURES = 10
KINDS = {"image": "图片", "video": "视频", "file": "文件", "link": "链接", "miniprogram": "小程序"}


@dataclass(frozen=True, slots=True)
class Carried:
    """``text`` is all that is said; ``pictures`` go beside it; ``left`` names what stays behind."""

    text: str
    pictures: tuple[Attachment, ...] = ()
    left: tuple[str, ...] = ()

    def delivered(self, number: str) -> Delivery:
        """The outcome once the words are there."""
        if not self.left:
            return Delivery("sent", number)
        return Delivery(
            "sent", number, LEFT_BEHIND, f"文字已送达，机器人的回调模式发不出{'、'.join(self.left)}，要发请改用长连接模式或另外发给对方"
        )


def carried(message: OutboundMessage, *, pictures: bool) -> Carried:
    """``pictures``: whether this way takes pictures (the end of a growing answer does, a reply address does not)."""
    lines = [line for one in message.attachments if (line := _line(one))]
    shown = [one for one in message.attachments if one.kind == "image" and one.media][: MOST_PICTURES if pictures else 0]
    left = tuple(_name(one) for one in message.attachments if not _line(one) and one not in shown)
    said = [message.text.strip(), *lines]
    if left:
        said.append(f"（{'、'.join(left)}在这里发不出来，我已请同事另外发给您。）")
    return Carried("\n".join(part for part in said if part) or "请看图片。", tuple(shown), left)


def _line(one: Attachment) -> str:
    """A link in words; empty for what has no address."""
    if one.kind == "link":
        return f"[{one.title or one.url}]({one.url})"
    return f"[{one.title or '图片'}]({one.picture})" if one.kind == "image" and not one.media and one.picture else ""


def _name(one: Attachment) -> str:
    return f"{KINDS[one.kind]}“{one.title}”" if one.title else f"一个{KINDS[one.kind]}"
