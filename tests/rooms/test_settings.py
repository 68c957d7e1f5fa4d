"""What the environment may say, and what is said back when it is wrong."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from assistant import paying, terminal
from assistant.base.clock import ManualClock
from assistant.base.errors import Invalid
from assistant.base.principal import system
from assistant.domain import cashback
from assistant.settings import Settings, WeComSettings
from assistant.store import Store
from tests.support import databases

KEY = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"


def test_nothing_set_gives_a_service_that_runs_here() -> None:
    settings = Settings.load({})
    assert (settings.host, settings.port, settings.control_port) == ("127.0.0.1", 8700, 8701)
    assert settings.database_url == "sqlite:///var/laoyou.db"
    assert settings.openai_api_key is None
    assert settings.debounce_shortest == timedelta(seconds=1.5)
    assert settings.secure_cookies is False
    assert settings.wecom == WeComSettings()


def test_the_command_line_wins_over_the_environment() -> None:
    settings = Settings.load({"LAOYOU_PORT": "9000", "LAOYOU_HOME": "/srv/a"}, {"port": 9001, "home": Path("/srv/b")})
    assert (settings.port, settings.home, settings.database_url) == (9001, Path("/srv/b"), "sqlite:////srv/b/laoyou.db")


def test_cookies_are_kept_to_tls_when_told_so() -> None:
    assert Settings.load({"LAOYOU_SECURE_COOKIES": "yes"}).secure_cookies is True
    with pytest.raises(Invalid, match="LAOYOU_SECURE_COOKIES"):
        Settings.load({"LAOYOU_SECURE_COOKIES": "true"})


def test_wecom_is_read_into_secrets_and_endpoints() -> None:
    env = {"CORP_ID": "ww1", "APP_SECRET": "s1", "KF_SECRET": "s2", "KF_TOKEN": "t", "KF_AES_KEY": KEY, "AGENT_ID": "1000002"}
    wecom = Settings.load({f"LAOYOU_WECOM_{name}": value for name, value in env.items()}).wecom
    assert wecom.secrets() == {"app": "s1", "kf": "s2"}
    assert wecom.endpoints() == {"kf": ("t", KEY, "ww1")}
    assert wecom.agent_id == 1000002


def pay_variables(folder: Path) -> dict[str, str]:
    for name in ("key.pem", "pub.pem"):
        (folder / name).write_text("pem")
    values = {
        "MCH_ID": "1900000001",
        "APPID": "wxdemo0000000001",
        "SERIAL": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
        "KEY_FILE": str(folder / "key.pem"),
        "PUBLIC_ID": "PUB_KEY_ID_0119000000012026112300000000000001",
        "PUBLIC_FILE": str(folder / "pub.pem"),
        "APIV3_KEY": "k" * 32,
        "SCENE_ID": "1000",
        "SCENE_REPORT": "活动名称=返现；奖励说明=订单返现",
        "NOTIFY_URL": "https://brand.example/pay/wechat/notify",
    }
    return {f"LAOYOU_WECHAT_PAY_{name}": value for name, value in values.items()}


def test_a_merchant_account_is_read_whole_and_its_secret_is_redacted(tmp_path: Path) -> None:
    settings = Settings.load(pay_variables(tmp_path))
    assert (settings.pay.mch_id, settings.pay.reports) == ("1900000001", (("活动名称", "返现"), ("奖励说明", "订单返现")))
    assert "k" * 32 in settings.secret_values()
    assert "k" * 32 not in repr(settings) + repr(settings.pay)
    assert Settings.load({}).pay.mch_id == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MCH_ID", "一九"),
        ("APPID", "demo"),
        ("SERIAL", "x"),
        ("KEY_FILE", "/none/key.pem"),
        ("PUBLIC_ID", "PUB"),
        ("PUBLIC_FILE", "/none/pub.pem"),
        ("APIV3_KEY", "short"),
        ("SCENE_ID", "abc"),
        ("SCENE_REPORT", "返现"),
        ("NOTIFY_URL", "https://brand.example/pay/wechat/notify?x=1"),
        ("API_BASE", "api.mch.weixin.qq.com"),
    ],
)
def test_a_merchant_account_that_is_wrong_or_not_whole_is_told_by_its_variable(tmp_path: Path, name: str, value: str) -> None:
    variable = f"LAOYOU_WECHAT_PAY_{name}"
    for wrong in [value] if name == "API_BASE" else [value, ""]:
        with pytest.raises(Invalid, match=variable):
            Settings.load(pay_variables(tmp_path) | {variable: wrong})


async def test_a_file_that_is_no_key_stops_the_start(tmp_path: Path, clock: ManualClock) -> None:
    settings = Settings.load(pay_variables(tmp_path))
    async with aiohttp.ClientSession() as session:
        with pytest.raises(Invalid, match=r"apiclient_key\.pem"):
            paying.of_settings(session, settings.pay, clock)
        assert paying.of_settings(session, Settings.load({}).pay, clock).port is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LAOYOU_PORT", "八七"),
        ("LAOYOU_PORT", "70000"),
        ("LAOYOU_PORT", "-1"),
        ("LAOYOU_DATABASE_URL", "mysql://x"),
        ("LAOYOU_TIMEZONE", "Mars/Olympus"),
        ("LAOYOU_TIMEZONE", "../etc"),
        ("LAOYOU_LANGUAGE", "fr"),
        ("LAOYOU_LEASE_SECONDS", "nan"),
        ("LAOYOU_WECOM_AGENT_ID", "1.5"),
        ("LAOYOU_WECOM_KF_AES_KEY", "short"),
        ("OPENAI_BASE_URL", "api.example.com"),
    ],
)
def test_a_bad_value_is_named_with_what_to_write_instead(name: str, value: str) -> None:
    with pytest.raises(Invalid) as raised:
        Settings.load({name: value})
    assert raised.value.say.startswith(f"环境变量 {name} ")
    assert "请写成" in raised.value.say


def test_a_bad_port_on_the_command_line_is_refused() -> None:
    with pytest.raises(Invalid):
        Settings.load({}, {"port": 70000})


def test_no_secret_is_ever_shown() -> None:
    secret = "canary-secret-value"
    names = ("APP_SECRET", "APP_TOKEN", "KF_SECRET", "KF_TOKEN", "BOT_TOKEN", "CONTACT_SECRET")
    env = {f"LAOYOU_WECOM_{name}": f"{secret}-{name}" for name in names}
    env |= {"OPENAI_API_KEY": secret, "LAOYOU_DATABASE_URL": f"postgresql://u:{secret}@db/x"}
    settings = Settings.load(env)
    shown = f"{settings!r} {settings} {settings.wecom!r} {settings.openai_api_key!r}"
    assert secret not in shown
    assert len(settings.secret_values()) == len(names) + 2


def test_serving_for_real_needs_a_corp_and_a_way_in() -> None:
    with pytest.raises(Invalid, match="LAOYOU_WECOM_CORP_ID"):
        Settings.load({}).require_wecom()
    with pytest.raises(Invalid, match="LAOYOU_WECOM_KF_TOKEN"):
        Settings.load({"LAOYOU_WECOM_CORP_ID": "ww1"}).require_wecom()
    Settings.load({"LAOYOU_WECOM_CORP_ID": "ww1", "LAOYOU_WECOM_KF_TOKEN": "t", "LAOYOU_WECOM_KF_AES_KEY": KEY}).require_wecom()


def test_the_doctor_tells_of_a_key_that_is_none_and_of_halted_payouts(tmp_path: Path, clock: ManualClock) -> None:
    home = {"LAOYOU_HOME": str(tmp_path), "LAOYOU_DATABASE_URL": databases.sqlite(tmp_path)}
    assert terminal.examine(Settings.load(home), clock, 10**12) == []
    store = Store(home["LAOYOU_DATABASE_URL"], clock)
    store.do(cashback.stop_payouts, [cashback.Halt("h", "余额不足")], system("test"))
    store.close()
    found = terminal.examine(Settings.load(home | pay_variables(tmp_path)), clock, 10**12)
    assert ["apiclient_key.pem" in found[0], "余额不足" in found[1], len(found)] == [True, True, 2]
