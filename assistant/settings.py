"""The only reader of the environment: what this service is told from outside, checked once and frozen. For cli and app only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import SecretStr

from assistant.base.errors import Invalid

NOTHING = SecretStr("")
_AES_KEY = re.compile(r"[A-Za-z0-9]{43}")


@dataclass(frozen=True, slots=True)
class WeComSettings:
    """The brand's WeCom corp: one app, customer-service accounts (separated by commas), one AI bot; empty where not used."""

    api_base: str = "https://qyapi.weixin.qq.com"
    corp_id: str = ""
    agent_id: int = 0
    app_secret: SecretStr = NOTHING
    app_token: SecretStr = NOTHING
    app_aes_key: SecretStr = NOTHING
    contact_secret: SecretStr = NOTHING
    contact_token: SecretStr = NOTHING
    contact_aes_key: SecretStr = NOTHING
    archive_secret: SecretStr = NOTHING
    kf_account: str = ""
    kf_secret: SecretStr = NOTHING
    kf_token: SecretStr = NOTHING
    kf_aes_key: SecretStr = NOTHING
    bot_id: str = ""
    bot_token: SecretStr = NOTHING
    bot_aes_key: SecretStr = NOTHING
    bot_mode: Literal["callback", "socket"] = "callback"
    bot_secret: SecretStr = NOTHING
    bot_url: str = "wss://openws.work.weixin.qq.com"

    def secrets(self) -> dict[str, str]:
        """App name (app, kf, contact, archive) → its secret, those that are set."""
        named = {"app": self.app_secret, "kf": self.kf_secret, "contact": self.contact_secret, "archive": self.archive_secret}
        return {name: secret.get_secret_value() for name, secret in named.items() if secret.get_secret_value()}

    def kf_accounts(self) -> tuple[str, ...]:
        """The customer-service accounts that are named, the first of them for messages that nobody asked for."""
        return tuple(name for name in re.split(r"[,，;；\s]+", self.kf_account) if name)

    def endpoints(self) -> dict[str, tuple[str, str, str]]:
        """Endpoint (app, contact, kf, bot) → (token, EncodingAESKey, receive id), those that are set."""
        named = {
            "app": (self.app_token, self.app_aes_key, self.corp_id),
            "contact": (self.contact_token, self.contact_aes_key, self.corp_id),
            "kf": (self.kf_token, self.kf_aes_key, self.corp_id),
            "bot": (self.bot_token, self.bot_aes_key, ""),
        }
        return {
            name: (token.get_secret_value(), key.get_secret_value(), receiver)
            for name, (token, key, receiver) in named.items()
            if token.get_secret_value()
        }


@dataclass(frozen=True, slots=True)
class ShopSettings:
    """Our apps on the platforms whose orders come by notice; empty where not used."""

    youzan_client_id: str = ""
    youzan_secret: SecretStr = NOTHING
    doudian_app_key: str = ""
    doudian_secret: SecretStr = NOTHING
    douyin_life_client_key: str = ""
    douyin_life_secret: SecretStr = NOTHING

    def keys(self) -> dict[str, tuple[str, str]]:
        """Shop → (id, secret), those that are set."""
        named = {
            "youzan": (self.youzan_client_id, self.youzan_secret),
            "doudian": (self.doudian_app_key, self.doudian_secret),
            "douyin_life": (self.douyin_life_client_key, self.douyin_life_secret),
        }
        return {
            shop: (number, secret.get_secret_value()) for shop, (number, secret) in named.items() if number and secret.get_secret_value()
        }


@dataclass(frozen=True, slots=True)
class WeChatPaySettings:
    """The brand's merchant account at WeChat Pay, for transfers to members; without a merchant number no rebate is paid by itself.

    ``public_id`` is the id of WeChat Pay's public key (or a platform certificate's serial), ``reports`` what was reported for the scene.
    """

    api_base: str = "https://api.mch.weixin.qq.com"
    mch_id: str = ""
    appid: str = ""
    serial: str = ""
    key_file: Path = Path()
    public_id: str = ""
    public_file: Path = Path()
    apiv3_key: SecretStr = NOTHING
    scene_id: str = ""
    reports: tuple[tuple[str, str], ...] = ()
    notify_url: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that may differ from one installation to another. Secrets show as ``**********``."""

    home: Path = Path("var")
    database_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8700
    control_port: int = 8701
    openai_api_key: SecretStr | None = None
    openai_base_url: str = ""
    openai_model: str = "gpt-4o-mini"
    secure_cookies: bool = False
    language: Literal["zh", "en"] = "zh"
    log_level: str = "INFO"
    timezone: str = "Asia/Shanghai"
    bot_name: str = ""
    lease_seconds: float = 30.0
    processes: int = 1
    accounts: int = 0
    archive_days: int = 180
    mass_limit: Literal["month", "week", "day"] = "month"
    debounce_shortest: timedelta = timedelta(seconds=1.5)
    debounce_longest: timedelta = timedelta(seconds=6)
    robots: tuple[tuple[str, SecretStr], ...] = ()
    mass_fallback: timedelta = timedelta(hours=24)
    wecom: WeComSettings = WeComSettings()
    shops: ShopSettings = ShopSettings()
    pay: WeChatPaySettings = WeChatPaySettings()

    def __repr__(self) -> str:
        where = urlsplit(self.database_url)
        database = f"{where.scheme}://{where.hostname or ''}{where.path}"
        model = "openai" if self.openai_api_key else "built-in"
        return f"Settings(home={str(self.home)!r}, database={database!r}, port={self.port}, model={model!r}, corp={self.wecom.corp_id!r})"

    @staticmethod
    def load(environ: Mapping[str, str], overrides: Mapping[str, Any] | None = None) -> Settings:
        """Reads LAOYOU_* and OPENAI_*; ``overrides`` (field → value, from the command line) win. Raises Invalid naming the variable."""
        read = _Reader(environ)
        over = dict(overrides or {})
        home = Path(over.pop("home", None) or read.text("LAOYOU_HOME", "var"))
        values: dict[str, Any] = {
            "home": home,
            "database_url": _database(read.text("LAOYOU_DATABASE_URL", f"sqlite:///{home}/laoyou.db")),
            "host": read.text("LAOYOU_HOST", "127.0.0.1"),
            "port": read.port("LAOYOU_PORT", 8700),
            "control_port": read.port("LAOYOU_CONTROL_PORT", 8701),
            "openai_api_key": read.secret("OPENAI_API_KEY") if read.text("OPENAI_API_KEY") else None,
            "openai_base_url": read.address("OPENAI_BASE_URL"),
            "openai_model": read.text("OPENAI_MODEL", "gpt-4o-mini"),
            "secure_cookies": read.choice("LAOYOU_SECURE_COOKIES", ("no", "yes")) == "yes",
            "language": read.choice("LAOYOU_LANGUAGE", ("zh", "en")),
            "log_level": read.choice("LAOYOU_LOG_LEVEL", ("INFO", "DEBUG", "WARNING", "ERROR")),
            "timezone": _timezone(read.text("LAOYOU_TIMEZONE", "Asia/Shanghai")),
            "bot_name": read.text("LAOYOU_BOT_NAME"),
            "lease_seconds": read.seconds("LAOYOU_LEASE_SECONDS", 30.0),
            "processes": max(1, read.number("LAOYOU_PROCESSES", 1)),
            "archive_days": max(1, read.number("LAOYOU_ARCHIVE_DAYS", 180)),
            "accounts": read.number("LAOYOU_WECOM_ACCOUNTS", 0),
            "mass_limit": read.choice("LAOYOU_MASS_LIMIT", ("month", "week", "day")),
            "debounce_shortest": timedelta(seconds=read.seconds("LAOYOU_DEBOUNCE_SHORTEST", 1.5)),
            "debounce_longest": timedelta(seconds=read.seconds("LAOYOU_DEBOUNCE_LONGEST", 6.0)),
            "robots": _robots(read),
            "mass_fallback": timedelta(hours=read.number("LAOYOU_MASS_FALLBACK_HOURS", 24)),
            "wecom": _wecom(read),
            "shops": _shops(read),
            "pay": _pay(read),
        }
        if isinstance(over.get("port"), int) and not 0 <= over["port"] <= 65535:
            raise Invalid(f"--port 的值 {over['port']} 不对，请写 1 到 65535 之间的端口号", code="bad_setting", variable="port")
        return Settings(**(values | over))

    def require_wecom(self) -> None:
        """Raises Invalid unless a corp and at least one way in is set."""
        if not self.wecom.corp_id:
            raise _bad("LAOYOU_WECOM_CORP_ID", "还没有设置", "企业微信管理后台“我的企业”里的企业 ID；没有企业微信时请用 simulate 命令")
        if not self.wecom.endpoints() and self.wecom.bot_mode != "socket":
            raise _bad("LAOYOU_WECOM_KF_TOKEN", "还没有设置", "微信客服“接收事件服务器”的 Token，或设置应用、机器人的 Token")

    def secret_values(self) -> list[str]:
        """Every secret that must never be shown, for redaction."""
        held = [getattr(group, name) for group in (self.wecom, self.shops, self.pay) for name in group.__slots__]
        held += [self.openai_api_key, *(key for _, key in self.robots)]
        found = [value.get_secret_value() for value in held if isinstance(value, SecretStr)]
        return [value for value in [*found, urlsplit(self.database_url).password or ""] if value]


class _Reader:
    """Reads typed values; a bad one is an error that names its variable."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, default: str = "") -> str:
        return self._environ.get(name, "").strip() or default

    def secret(self, name: str) -> SecretStr:
        return SecretStr(self.text(name))

    def number(self, name: str, default: int) -> int:
        value = self.text(name)
        if not value:
            return default
        if not (value.isascii() and value.isdigit()):
            raise _bad(name, f"的值“{value}”不是数字", "一个整数")
        return int(value)

    def port(self, name: str, default: int) -> int:
        value = self.number(name, default)
        if not 0 <= value <= 65535:
            raise _bad(name, f"的值 {value} 超出范围", "1 到 65535 之间的端口号")
        return value

    def seconds(self, name: str, default: float) -> float:
        value = self.text(name)
        if not value:
            return default
        if not re.fullmatch(r"\d{1,6}(\.\d{1,3})?", value, re.ASCII):
            raise _bad(name, f"的值“{value}”不是秒数", "像 1.5 这样的秒数")
        return float(value)

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, choices[0])
        if value not in choices:
            raise _bad(name, f"的值“{value}”不对", "、".join(choices) + " 中的一个")
        return value

    def address(self, name: str, default: str = "") -> str:
        value = self.text(name, default)
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise _bad(name, "不是网址", "像 https://api.example.com/v1 这样的地址")
        return value

    def aes_key(self, name: str) -> SecretStr:
        value = self.text(name)
        if value and _AES_KEY.fullmatch(value) is None:
            raise _bad(name, "不是有效的 EncodingAESKey", "管理后台给出的 43 位字母和数字")
        return SecretStr(value)


def _wecom(read: _Reader) -> WeComSettings:
    name = "LAOYOU_WECOM_"
    return WeComSettings(
        api_base=read.address(name + "API_BASE", "https://qyapi.weixin.qq.com"),
        corp_id=read.text(name + "CORP_ID"),
        agent_id=read.number(name + "AGENT_ID", 0),
        app_secret=read.secret(name + "APP_SECRET"),
        app_token=read.secret(name + "APP_TOKEN"),
        app_aes_key=read.aes_key(name + "APP_AES_KEY"),
        contact_secret=read.secret(name + "CONTACT_SECRET"),
        contact_token=read.secret(name + "CONTACT_TOKEN"),
        contact_aes_key=read.aes_key(name + "CONTACT_AES_KEY"),
        archive_secret=read.secret(name + "ARCHIVE_SECRET"),
        kf_account=read.text(name + "KF_ACCOUNT"),
        kf_secret=read.secret(name + "KF_SECRET"),
        kf_token=read.secret(name + "KF_TOKEN"),
        kf_aes_key=read.aes_key(name + "KF_AES_KEY"),
        bot_id=read.text(name + "BOT_ID"),
        bot_token=read.secret(name + "BOT_TOKEN"),
        bot_aes_key=read.aes_key(name + "BOT_AES_KEY"),
        **_bot_line(read, name),
    )


def _robots(read: _Reader) -> tuple[tuple[str, SecretStr], ...]:
    """Name → key; the whole Webhook address is taken too."""
    found = []
    for part in filter(None, re.split("[;；\\s]+", read.text("LAOYOU_ROBOTS"))):
        name, _, key = part.partition("=")
        key = key.rpartition("key=")[2] or key
        if not name or re.fullmatch(r"[0-9A-Za-z-]{8,64}", key) is None:
            raise _bad("LAOYOU_ROBOTS", "的值不对", "名字=Webhook 地址里的 key，多个用分号隔开，如 运营=xxxxxxxx-xxxx;财务=yyyyyyyy-yyyy")
        found.append((name, SecretStr(key)))
    return tuple(found)


def _bot_line(read: _Reader, name: str) -> dict[str, Any]:
    """How the bot is reached; a long connection needs its id and secret."""
    mode = read.choice(name + "BOT_MODE", ("callback", "socket"))
    secret, url = read.secret(name + "BOT_SECRET"), read.text(name + "BOT_URL", "wss://openws.work.weixin.qq.com")
    if mode == "socket":
        for missing, what in (("BOT_ID", read.text(name + "BOT_ID")), ("BOT_SECRET", secret.get_secret_value())):
            if not what:
                raise _bad(name + missing, "还没有设置", "智能机器人的长连接页面给出的值")
    if not re.fullmatch(r"wss?://[^\s/?#]+(/[^\s]*)?", url):
        raise _bad(name + "BOT_URL", "不是长连接的地址", "像 wss://openws.work.weixin.qq.com 这样的地址")
    return {"bot_mode": mode, "bot_secret": secret, "bot_url": url}


def _shops(read: _Reader) -> ShopSettings:
    return ShopSettings(
        youzan_client_id=read.text("LAOYOU_YOUZAN_CLIENT_ID"),
        youzan_secret=read.secret("LAOYOU_YOUZAN_CLIENT_SECRET"),
        doudian_app_key=read.text("LAOYOU_DOUDIAN_APP_KEY"),
        doudian_secret=read.secret("LAOYOU_DOUDIAN_APP_SECRET"),
        douyin_life_client_key=read.text("LAOYOU_DOUYIN_LIFE_CLIENT_KEY"),
        douyin_life_secret=read.secret("LAOYOU_DOUYIN_LIFE_CLIENT_SECRET"),
    )


_PAY = "LAOYOU_WECHAT_PAY_"
_PAY_FORMS = {
    "MCH_ID": (r"\d{6,32}", "商户平台“账户中心”里的商户号（数字）"),
    "APPID": (r"w[wx][0-9a-z]{1,30}", "绑定了商户号的小程序或公众号的 AppID（wx…）"),
    "SERIAL": (r"[0-9A-Fa-f]{8,64}", "商户 API 证书的序列号"),
    "KEY_FILE": (r".+", "商户 API 私钥 apiclient_key.pem 的路径"),
    "PUBLIC_ID": (r"(PUB_KEY_ID_)?[0-9A-Fa-f]{8,64}", "微信支付公钥 ID（PUB_KEY_ID_…）或平台证书序列号"),
    "PUBLIC_FILE": (r".+", "微信支付公钥 pub_key.pem（或平台证书）的路径"),
    "APIV3_KEY": (r"[!-~]{32}", "商户平台设置的 32 位 APIv3 密钥"),
    "SCENE_ID": (r"\d{1,36}", "商家转账的转账场景 ID（数字）"),
    "SCENE_REPORT": (r"[^=;；]+=[^=;；]+([;；][^=;；]+=[^=;；]+)*", "转账场景报备信息，像 活动名称=返现;奖励说明=订单返现"),
    "NOTIFY_URL": (r"https?://[^?#\s]+/pay/wechat/notify", "https://你的域名/pay/wechat/notify，不带参数"),
}
"""What a merchant account needs: all of it or nothing. Each with its form and where it is found."""


def _pay(read: _Reader) -> WeChatPaySettings:
    found = {name: read.text(_PAY + name) for name in _PAY_FORMS}
    if not any(found.values()):
        return WeChatPaySettings()
    for name, (form, write) in _PAY_FORMS.items():
        if not found[name]:
            raise _bad(_PAY + name, "还没有设置，微信支付的设置要齐全", write)
        if re.fullmatch(form, found[name], re.ASCII if "[^" not in form else 0) is None:
            raise _bad(_PAY + name, "的值不对", write)
        if name.endswith("_FILE") and not Path(found[name]).is_file():
            raise _bad(_PAY + name, f"指的文件“{found[name]}”不存在", write)
    pairs = [part.split("=") for part in re.split("[;；]", found["SCENE_REPORT"])]
    return WeChatPaySettings(
        api_base=read.address(_PAY + "API_BASE", "https://api.mch.weixin.qq.com"),
        mch_id=found["MCH_ID"],
        appid=found["APPID"],
        serial=found["SERIAL"],
        key_file=Path(found["KEY_FILE"]),
        public_id=found["PUBLIC_ID"],
        public_file=Path(found["PUBLIC_FILE"]),
        apiv3_key=SecretStr(found["APIV3_KEY"]),
        scene_id=found["SCENE_ID"],
        reports=tuple((kind.strip(), text.strip()) for kind, text in pairs),
        notify_url=found["NOTIFY_URL"],
    )


def _database(url: str) -> str:
    if not url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        raise _bad("LAOYOU_DATABASE_URL", "不是支持的数据库地址", "sqlite:///文件路径 或 postgresql://用户:密码@主机:端口/库名")
    return url


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise _bad("LAOYOU_TIMEZONE", f"的值“{name}”不是时区", "像 Asia/Shanghai 这样的名字") from None
    return name


def _bad(name: str, what: str, write: str) -> Invalid:
    return Invalid(f"环境变量 {name} {what}，请写成{write}", code="bad_setting", variable=name)
