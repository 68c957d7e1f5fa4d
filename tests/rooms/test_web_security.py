"""The doors: nobody gets in unknown, no form from elsewhere, no endpoint without a rule, no script from a nickname."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from assistant import access
from assistant.base.clock import ManualClock
from assistant.base.principal import Principal
from assistant.store import Store
from assistant.web import pages
from assistant.web.api import ROUTES as API
from assistant.web.console import ROUTES as PAGES
from assistant.web.route import PUBLIC, RULES, SIGNED_IN
from tests.browser.web_house import HOSTILE, OPERATORS, House, open_house
from tests.support import databases

PARTS = re.compile(r"{[^}]+}")


@pytest.fixture
def database(tmp_path: Path) -> str:
    """SQLite only: what is asked here is decided before the book is opened."""
    return databases.sqlite(tmp_path)


@pytest.fixture
async def house(store: Store, clock: ManualClock) -> AsyncIterator[House]:
    async with open_house(store, clock) as opened:
        yield opened


async def test_no_route_is_without_a_rule(house: House) -> None:
    rules = house.app[RULES]
    for route in house.app.router.routes():
        if route.method == "HEAD" or route.resource is None:
            continue
        needs = rules[(route.method, route.resource.canonical)]
        assert needs in (PUBLIC, SIGNED_IN) or access.Permission(needs)


def test_only_these_are_public() -> None:
    public = {(route.method, route.path) for route in (*PAGES, *API) if route.needs == PUBLIC}
    assert public == {("GET", "/login"), ("POST", "/login"), ("GET", "/language"), ("GET", "/api/v1/openapi.json")}


async def test_without_a_session_pages_lead_to_the_login(house: House) -> None:
    for route in PAGES:
        if route.needs == PUBLIC:
            continue
        answer = await (house.get if route.method == "GET" else house.post)(PARTS.sub("x", route.path))
        assert answer.status == 303, route.path
        assert answer.headers["Location"].startswith("/login")


async def test_without_a_token_the_api_answers_401(house: House) -> None:
    for route in API:
        if route.needs == PUBLIC:
            continue
        answer = await house.session.request(route.method, house.base + PARTS.sub("x", route.path))
        assert answer.status == 401, route.path
        assert (await answer.json())["error"]["code"] == "unauthorized"


async def test_a_role_meets_403_exactly_where_the_table_says_so(house: House) -> None:
    for name, role in OPERATORS:
        who = Principal("operator", name, frozenset({role}))
        for route in API:
            if route.needs in (PUBLIC, SIGNED_IN) or access.allowed(who, route.needs):
                continue
            answer = await house.api(route.method, PARTS.sub("x", route.path).removeprefix("/api/v1"), name)
            assert answer.status == 403, (role, route.path)


async def test_a_viewer_cannot_post_a_form_of_others(house: House) -> None:
    await house.login("lan")
    viewer = Principal("operator", "lan", frozenset({"viewer"}))
    csrf = await house.csrf("/phones")
    for route in PAGES:
        if route.method == "POST" and route.needs not in (PUBLIC, SIGNED_IN) and not access.allowed(viewer, route.needs):
            answer = await house.post(PARTS.sub("x", route.path), {"csrf": csrf})
            assert answer.status == 403, route.path


async def test_a_form_without_the_token_is_refused(house: House) -> None:
    await house.login("song")
    for route in PAGES:
        if route.method == "POST" and route.needs != PUBLIC:
            answer = await house.post(PARTS.sub("x", route.path), {"csrf": "0" * 64})
            assert answer.status == 403, route.path
    assert (await house.get("/phones")).status == 200


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Referer": "https://evil.example/x"}]
)
async def test_a_form_from_another_site_is_refused(house: House, headers: dict[str, str]) -> None:
    await house.login("song")
    form = {"csrf": await house.csrf("/phones"), "tab": "customer", "id": "wm_m00001", "text": "你好"}
    assert (await house.post("/phones/say", form, headers=headers)).status == 403
    assert house.simulator is not None
    assert house.simulator.phone("wm_m00001") == []


async def test_every_answer_carries_the_security_headers(house: House) -> None:
    for path in ("/login", "/", "/nowhere", "/static/console.css", "/healthz", "/api/v1/openapi.json"):
        answer = await house.get(path)
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"]


async def test_the_session_cookie_is_kept_from_scripts(house: House) -> None:
    cookie = next(line for line in (await house.login("song")).headers.getall("Set-Cookie") if line.startswith("laoyou_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


async def test_behind_tls_no_cookie_travels_without_it(store: Store, clock: ManualClock) -> None:
    async with open_house(store, clock, secure=True) as house:
        await house.get("/login")
        for path in ("/login", "/language?to=en"):
            assert all("Secure" in line for line in (await house.get(path)).headers.getall("Set-Cookie")), path


async def test_a_wrong_password_says_nothing_about_the_name(house: House) -> None:
    known, unknown = await house.login("song", "wrong-password"), await house.login("nobody", "wrong-password")
    assert known.status == unknown.status == 403
    assert (await known.text()).replace("song", "nobody") == await unknown.text()


async def test_guessing_shuts_the_door_for_five_minutes(house: House) -> None:
    for _ in range(8):
        assert (await house.login("song", "wrong-password")).status == 403
    assert (await house.login("song")).status == 429
    house.clock.advance(timedelta(minutes=6))
    assert (await house.login("song")).status == 303


async def test_after_logout_the_old_cookie_opens_nothing(house: House) -> None:
    await house.login("song")
    cookie = {morsel.key: morsel.value for morsel in house.session.cookie_jar}["laoyou_session"]
    await house.post("/logout", {"csrf": await house.csrf("/phones")})
    answer = await house.get("/phones", headers={"Cookie": f"laoyou_session={cookie}"})
    assert answer.status == 303


@pytest.mark.parametrize("wanted", ["https://evil.example", "//evil.example", "/\\evil.example", "/a\nb"])
async def test_login_leads_to_no_other_site(house: House, wanted: str) -> None:
    form = {"csrf": await house.csrf("/login"), "name": "song", "password": "laoyou-demo", "next": wanted}
    assert (await house.post("/login", form)).headers["Location"] == "/"


async def test_a_hostile_nickname_is_shown_as_text(house: House) -> None:
    await house.login("song")
    assert house.simulator is not None
    for path in ("/phones?q=script", "/phones?tab=customer&id=wm_hostile"):
        text = await (await house.get(path)).text()
        assert HOSTILE not in text
        assert "<img src=x" not in text
        assert "&lt;script&gt;" in text


async def test_an_unexpected_error_tells_the_stranger_nothing(house: House) -> None:
    house.store.close()
    answer = await house.get("/phones", headers={"Cookie": "laoyou_session=x"})
    text = await answer.text()
    assert answer.status in (500, 503)
    assert "Traceback" not in text
    assert "sqlalchemy" not in text


async def test_without_a_simulator_there_are_no_phones(store: Store, clock: ManualClock) -> None:
    async with open_house(store, clock, simulate=False) as house:
        await house.login("song")
        assert (await house.get("/phones")).status == 404


async def test_a_body_that_is_too_large_is_413(house: House) -> None:
    answer = await house.api("POST", "/conversations/x/say", data=io.BytesIO(b"x" * (2 * 1024 * 1024)))
    assert answer.status == 413


async def test_health_and_readiness_need_nobody(house: House) -> None:
    assert (await house.get("/healthz")).status == 200
    assert (await (await house.get("/readyz")).json())["parts"] == {"database": "ok"}
    assert "laoyou_callbacks" in await (await house.get("/metrics")).text()


def test_templates_hold_no_inline_script_or_style() -> None:
    for path in (Path(pages.HERE) / "templates").glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=|\|safe|javascript:", text), path.name


def test_every_sentence_of_the_templates_has_english() -> None:
    known = pages._english()
    said: set[str] = set()
    for path in (Path(pages.HERE) / "templates").glob("*.html"):
        said |= set(re.findall(r"\bt\(\s*'([^']+)'", path.read_text(encoding="utf-8")))
    assert sorted(said - set(known)) == []
