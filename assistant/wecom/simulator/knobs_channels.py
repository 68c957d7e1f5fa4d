"""The knobs of customer service, the AI bot, the app and the robots."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class ChannelKnobs:
    """``*_seconds`` of the bot are real seconds, but ``bot_stream_limit_seconds``; those of customer service are virtual."""

    kf_empty_pages: int = 0
    kf_short_pages: bool = False
    kf_overlap: int = 0
    kf_wakes: int = 1
    kf_wake_seconds: float = 0.0
    kf_fail_later: bool = False
    kf_fail_seconds: float = 0.0
    kf_tokenless_per_minute: int = 10
    bot_refresh_seconds: float = 1.0
    bot_refresh_limit_seconds: float = 360.0
    bot_userid_encrypted: bool = False
    bot_stream_limit_seconds: float = 600.0
    bot_stream_frames_count: bool = False
    bot_quota_errcode: int = 45009
    bot_ping_acks: bool = True
    bot_ack_delay_seconds: float = 0.0
    bot_ack_loss: float = 0.0
    bot_close_after_frames: int = 0
    bot_socket_replay: bool = False
