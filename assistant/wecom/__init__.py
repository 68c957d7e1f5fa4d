"""WeCom as a foreign country: envelopes, callbacks, translation, API client, sending and pulling; all WeCom words end here."""

from assistant.wecom import calls, calls_kf, cards, kf
from assistant.wecom.bot import read_reply, seal_reply, stream_body
from assistant.wecom.callback import CallbackRefused, open_json, open_xml, verify_url
from assistant.wecom.client import WeComClient
from assistant.wecom.crypto import CryptoError, Envelope, Sealed
from assistant.wecom.errors import Unknown, Verdict, delivery_of, verdict
from assistant.wecom.kf import fail_words, kf_state
from assistant.wecom.packing import kf_parts
from assistant.wecom.pull import pull_kf
from assistant.wecom.send import WeComSender, kf_base, kf_msgid
from assistant.wecom.text import split_text, with_options
from assistant.wecom.translate import KfWakeup, from_bot, from_bot_frame, from_kf, from_xml

__all__ = [
    "CallbackRefused",
    "CryptoError",
    "Envelope",
    "KfWakeup",
    "Sealed",
    "Unknown",
    "Verdict",
    "WeComClient",
    "WeComSender",
    "calls",
    "calls_kf",
    "cards",
    "delivery_of",
    "fail_words",
    "from_bot",
    "from_bot_frame",
    "from_kf",
    "from_xml",
    "kf",
    "kf_base",
    "kf_msgid",
    "kf_parts",
    "kf_state",
    "open_json",
    "open_xml",
    "pull_kf",
    "read_reply",
    "seal_reply",
    "split_text",
    "stream_body",
    "verdict",
    "verify_url",
    "with_options",
]
