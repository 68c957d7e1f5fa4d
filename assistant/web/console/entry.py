"""Getting in and out: login, logout, the language switch."""

from __future__ import annotations

from aiohttp import web

from assistant.base import ids
from assistant.web import gate
from assistant.web.console.forms import see
from assistant.web.doors import Call
from assistant.web.pages import LANGUAGES, render_open
from assistant.web.route import PUBLIC, SIGNED_IN, Route
from assistant.web.security import (
    LANGUAGE_COOKIE,
    LOGIN_COOKIE,
    SESSION_COOKIE,
    Guesses,
    check_csrf,
    csrf_token,
    local_path,
    set_cookie,
)

GUESSES: web.AppKey[Guesses] = web.AppKey("guesses", Guesses)
SESSION_DAYS = 7


async def login_page(call: Call) -> web.StreamResponse:
    """The form; somebody who is signed in goes on."""
    if call.who.id:
        raise web.HTTPSeeOther(local_path(call.query("next", "/")))
    return _form(call, call.query("next", "/"))


async def login(call: Call) -> web.StreamResponse:
    """Checks name and password; after too many failures the door stays shut for a while."""
    request, now = call.request, call.store.clock.now()
    check_csrf(request.cookies.get(LOGIN_COOKIE, ""), call.field("csrf"))
    name, wanted, guesses = call.field("name")[:100], local_path(call.field("next", "/")), request.app[GUESSES]
    keys = (f"{request.remote}|{name}", f"name|{name}")
    if guesses.shut(keys, now):
        return _form(call, wanted, "试得太频繁了，请过几分钟再来", name, 429)
    password = call.body.get("password", "")
    session = await gate.sign_in(call.store, name, password if isinstance(password, str) else "")
    if session is None:
        guesses.failed(keys, now)
        return _form(call, wanted, "名字或密码不对", name, 403)
    guesses.passed(keys)
    response = see(wanted)
    set_cookie(response, SESSION_COOKIE, session, secure=call.doors.secure_cookies, days=SESSION_DAYS)
    response.del_cookie(LOGIN_COOKIE)
    return response


async def logout(call: Call) -> web.StreamResponse:
    """Ends the session here and in the book."""
    await gate.sign_out(call.store, call.request.cookies.get(SESSION_COOKIE, ""))
    response = see("/login")
    response.del_cookie(SESSION_COOKIE)
    return response


async def language(call: Call) -> web.StreamResponse:
    """Remembers the language in this browser and goes back to where one was."""
    chosen = call.query("to")
    response = see(local_path(call.query("back", "/")))
    if chosen in LANGUAGES:
        set_cookie(response, LANGUAGE_COOKIE, chosen, secure=call.doors.secure_cookies, days=365)
    return response


def _form(call: Call, wanted: str, trouble: str = "", name: str = "", status: int = 200) -> web.StreamResponse:
    seed = call.request.cookies.get(LOGIN_COOKIE) or ids.fresh("login")
    values = {"csrf": csrf_token(seed), "wanted": local_path(wanted), "trouble": trouble, "name": name}
    response = render_open(call.request, "login.html", status=status, **values)
    set_cookie(response, LOGIN_COOKIE, seed, secure=call.doors.secure_cookies)
    return response


ROUTES = (
    Route("GET", "/login", PUBLIC, login_page),
    Route("POST", "/login", PUBLIC, login),
    Route("POST", "/logout", SIGNED_IN, logout),
    Route("GET", "/language", PUBLIC, language),
)
