"""What the simulated corp is configured with: the same values the service under test is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from assistant.wecom.simulator.shop_words import ShopKeys


class AppSettings(NamedTuple):
    """The self-built app that staff write to."""

    agentid: int
    secret: str
    token: str
    aes_key: str


class KfSettings(NamedTuple):
    """The one customer-service account and the app that may call its API."""

    open_kfid: str
    secret: str
    token: str
    aes_key: str


class ContactSettings(NamedTuple):
    """A callback of customer contact's own; without one its events come by the app's."""

    token: str
    aes_key: str


class BotSettings(NamedTuple):
    """The AI bot: ``mode`` is what the admin page says, callback (receiveid is the empty string) or socket (with its own secret)."""

    aibotid: str
    token: str
    aes_key: str
    mode: Literal["callback", "socket"] = "callback"
    secret: str = ""


@dataclass(frozen=True)
class SimulatorConfig:
    """``callback_base`` is the service's URL without a trailing slash; the three paths are appended to it.

    Without ``archive_secret`` the corp has not bought the message archive.
    """

    corp_id: str
    callback_base: str
    app: AppSettings
    kf: KfSettings
    bot: BotSettings
    contact_secret: str
    seed: int = 0
    contact: ContactSettings | None = None
    app_path: str = "/wecom/app"
    kf_path: str = "/wecom/kf"
    contact_path: str = "/wecom/contact"
    bot_path: str = "/wecom/bot"
    api_base: str = "https://qyapi.weixin.qq.com"
    shops: Mapping[str, ShopKeys] = field(default_factory=dict)
    archive_secret: str = ""
