"""Who may call the simulated WeCom, how often, and what it keeps: rules 2 to 6, and media."""

from __future__ import annotations

from collections import Counter

from assistant.wecom.simulator.tokens import apps_of
from tests.rooms.simulator_help import ask, code, read, upload
from tests.rooms.test_simulator_bench import Bench, running_bench  # noqa: F401 (the fixture)

LIST = "externalcontact/get_follow_user_list"


async def test_a_second_token_is_the_same_or_a_new_one_and_the_old_one_survives_or_not(bench: Bench) -> None:
    knobs = bench.simulator.world.knobs

    async def two() -> tuple[bool, int]:
        first, second = [(await bench.token("contact-secret"))["access_token"] for _ in range(2)]
        return first == second, int((await bench.raw(LIST, first))["errcode"])

    assert await two() == (True, 0)
    knobs.token_reused = False
    assert await two() == (False, 0)
    knobs.token_old_survives = False
    assert await two() == (False, 40014)


async def test_ten_wrong_secrets_ban_the_address_for_an_hour(bench: Bench) -> None:
    assert [(await bench.token("wrong"))["errcode"] for _ in range(11)] == [40001] * 10 + [45009]
    assert (await bench.token("contact-secret"))["errcode"] == 45009
    bench.simulator.advance(3600)
    assert (await bench.token("contact-secret"))["errcode"] == 0


async def test_an_app_without_the_flag_and_a_member_out_of_sight_are_refused(bench: Bench) -> None:
    token = (await bench.token("app-secret"))["access_token"]
    assert (await bench.raw(LIST, token))["errcode"] == 48002
    assert (await bench.raw("kf/sync_msg", token, {"open_kfid": "wkKF"}))["errcode"] == 48007
    bench.simulator.world.the_app("contact").visible = {"li"}
    assert (await read(bench, "externalcontact/list", userid="wang"))["errcode"] == 60011
    assert (await read(bench, "externalcontact/list", userid="ghost"))["errcode"] == 60111
    assert (await read(bench, LIST))["follow_user"] == ["li"]
    agentid = str(bench.simulator.world.the_app("contact").agentid)
    assert (await read(bench, "agent/get", agentid=agentid))["allow_userinfos"]["user"] == [{"userid": "li"}]


async def test_a_new_list_of_trusted_addresses_takes_a_minute(bench: Bench) -> None:
    bench.simulator.admin_trusts("contact", ["203.0.113.7"])
    assert (await read(bench, LIST))["errcode"] == 0
    bench.simulator.advance(60)
    assert (await read(bench, LIST))["errcode"] == 60020
    assert (await read(bench, "getcallbackip", secret="app-secret"))["ip_list"]
    bench.simulator.admin_trusts("contact", ["127.0.0.1"])
    bench.simulator.advance(60)
    assert (await read(bench, LIST))["errcode"] == 0


async def test_a_get_on_a_post_path_and_bad_json_are_parameter_errors(bench: Bench) -> None:
    assert (await read(bench, "externalcontact/mark_tag"))["errcode"] == 40063
    token = (await bench.token("contact-secret"))["access_token"]
    url = f"{bench.base}/cgi-bin/externalcontact/mark_tag"
    async with bench.http.post(url, params={"access_token": token}, data=b'{"userid": ') as response:
        answer = await response.json()
    assert (response.status, answer["errcode"]) == (200, 40035)
    assert "Warning: wrong json format." in answer["errmsg"]
    assert "127.0.0.1" in answer["errmsg"]


async def test_busy_and_concurrency_errors_strike_at_random_rates(bench: Bench) -> None:
    for errcode in (-1, 45033):
        bench.simulator.faults.inject("*", errcode=errcode, times=None, rate=0.2)
    token = ""
    while not token:
        token = (await bench.token("contact-secret")).get("access_token", "")
    seen = Counter([(await bench.raw(LIST, token))["errcode"] for _ in range(100)])
    assert seen[-1] > 5
    assert seen[45033] > 5
    assert seen[0] > 40


async def test_an_api_called_too_often_in_a_minute_or_an_hour_is_blocked_as_long(bench: Bench) -> None:
    knobs = bench.simulator.world.knobs
    knobs.api_per_minute, knobs.api_per_hour = 3, 5
    token = (await bench.token("contact-secret"))["access_token"]

    async def codes(times: int, path: str = LIST) -> list[int]:
        return [(await bench.raw(path, token))["errcode"] for _ in range(times)]

    assert await codes(5) == [0, 0, 0, 45009, 45009]
    assert await codes(1, "getcallbackip") == [0]
    bench.simulator.advance(60)
    assert await codes(3) == [0, 0, 45009]
    bench.simulator.advance(3599)
    assert await codes(1) == [45009]
    bench.simulator.advance(1)
    assert await codes(1) == [0]


async def test_media_lives_three_days_and_only_behind_its_own_door(bench: Bench) -> None:
    media_id = (await upload(bench, "media/upload", b"picture", type="image"))["media_id"]
    moment_id = (await upload(bench, "media/upload_attachment", b"picture", media_type="image", attachment_type="1"))["media_id"]
    assert (await upload(bench, "media/upload", b"tiny", type="image"))["errcode"] == 40006
    assert (await upload(bench, "media/upload", b"voice!", type="sound"))["errcode"] == 40004
    url = (await upload(bench, "media/uploadimg", b"picture"))["url"]

    async def mass(**image: str) -> int:
        return await code(bench, "add_msg_template", sender="wang", attachments=[{"msgtype": "image", "image": image}])

    assert [await mass(media_id=media_id), await mass(media_id=moment_id), await mass(pic_url=url)] == [0, 40007, 0]
    assert await mass(pic_url="https://elsewhere.example/a.png") == 40058
    token = (await bench.token("app-secret"))["access_token"]
    async with bench.http.get(f"{bench.base}/cgi-bin/media/get", params={"access_token": token, "media_id": media_id}) as response:
        assert await response.read() == b"picture"
    bench.simulator.advance(3 * 86400)
    assert await mass(media_id=media_id) == 40007
    assert await mass(pic_url=url) == 0
    assert (await read(bench, "media/get", media_id=media_id))["errcode"] == 40007


async def test_one_customer_has_ids_in_other_worlds(bench: Bench) -> None:
    bench.simulator.world.add_customer("wmU", "阿优", ["wang"], unionid="unionU")
    openid = (await ask(bench, "convert_to_openid", external_userid="wmU"))["openid"]
    assert openid == (await ask(bench, "convert_to_openid", external_userid="wmU"))["openid"]
    token = (await bench.token("contact-secret"))["access_token"]
    path = "idconvert/unionid_to_external_userid"
    assert (await bench.raw(path, token, {"unionid": "unionU", "openid": "o1"}))["external_userid"] == "wmU"
    pending = (await bench.raw(path, token, {"unionid": "unionV", "openid": "o2"}))["pending_id"]
    bench.simulator.world.add_customer("wmV", "阿薇", ["wang"], unionid="unionV")
    body = {"external_userid": ["wmU", "wmV"]}
    (row,) = (await bench.raw("idconvert/batch/external_userid_to_pending_id", token, body))["result"]
    assert row == {"external_userid": "wmV", "pending_id": pending}


def test_a_secret_shared_by_faces_is_one_app_with_all_their_rights() -> None:
    shared, alone = apps_of([("app", 1, "one"), ("contact", 3, "one"), ("kf", 2, "two")])
    assert (shared.agentid, shared.rights, alone.rights) == (1, {"app", "contact"}, {"kf"})
