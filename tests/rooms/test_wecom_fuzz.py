"""Anything may be sent to the edge: it answers or refuses, and nothing that was changed on the way is taken for genuine."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.base.principal import system
from assistant.channels import inbox
from assistant.channels.message import InboundMessage
from assistant.flows.receive import Arrival, arrive
from assistant.store import Store, chunks
from assistant.wecom import CallbackRefused, CryptoError, Envelope, from_xml, open_json, open_xml
from tests.support import fuzzing

MUTATIONS = 10_000
SIGNED = ("msg_signature", "timestamp", "nonce", "encrypt")
ALPHABET = "ABCabc019+/=%-_. 　０①é\n\x00"
OTHERS = Envelope("QDG6eK", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "ww2")


def good(chance: random.Random) -> dict[str, str]:
    content = f"<xml><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{'积' * chance.randrange(40)}]]></Content></xml>"
    nonce = str(chance.randrange(10**10))
    sealed = fuzzing.ENVELOPE.seal(content.encode(), fuzzing.STAMP, nonce)
    return {"msg_signature": sealed.signature, "timestamp": fuzzing.STAMP, "nonce": nonce, "encrypt": sealed.encrypt}


def spoiled(values: dict[str, str], chance: random.Random) -> dict[str, str]:
    """One of the four signed values changed in one way."""
    name = chance.choice(SIGNED)
    old, at = values[name], chance.randrange(len(values[name]))
    ways: list[Callable[[], str]] = [
        lambda: old[:at] + chance.choice(ALPHABET) + old[at + 1 :],
        lambda: old[:at] + chance.choice(ALPHABET) + old[at:],
        lambda: old[:at] + old[at + 1 :],
        lambda: old[:at],
        lambda: old[:at] + old[at:].swapcase(),
        lambda: old[at:] + old[:at],
        lambda: values[chance.choice(SIGNED)],
        lambda: OTHERS.seal(b"x", values["timestamp"], values["nonce"]).encrypt if name == "encrypt" else old[::-1],
    ]
    return {**values, name: chance.choice(ways)()}


def opened(values: dict[str, str], grammar: str) -> bool:
    query = {name: value for name, value in values.items() if name != "encrypt"}
    try:
        if grammar == "json":
            open_json(fuzzing.ENVELOPE, query, json.dumps({"encrypt": values["encrypt"]}).encode(), fuzzing.NOW)
        else:
            body = f"<xml><Encrypt><![CDATA[{values['encrypt']}]]></Encrypt></xml>"
            open_xml(fuzzing.ENVELOPE, query, body.encode(), fuzzing.NOW)
    except CallbackRefused:
        return False
    return True


@pytest.mark.parametrize("grammar", ["xml", "json"])
def test_of_ten_thousand_envelopes_changed_on_the_way_none_is_accepted(grammar: str) -> None:
    chance = random.Random(20261127)
    accepted = tried = 0
    while tried < MUTATIONS:
        values = good(chance)
        assert opened(values, grammar)
        for _ in range(20):
            changed = spoiled(values, chance)
            # White space around the ciphertext is no change of it.
            if {**changed, "encrypt": changed["encrypt"].strip()} == values:
                continue
            tried += 1
            accepted += opened(changed, grammar)
    assert accepted == 0


def test_the_body_of_a_request_changed_anywhere_brings_the_same_message_or_none() -> None:
    chance, values = random.Random(7), good(random.Random(7))
    query = {name: value for name, value in values.items() if name != "encrypt"}
    body = f"<xml><ToUserName><![CDATA[ww1]]></ToUserName><Encrypt><![CDATA[{values['encrypt']}]]></Encrypt></xml>".encode()
    plain = open_xml(fuzzing.ENVELOPE, query, body, fuzzing.NOW)
    for _ in range(3000):
        at = chance.randrange(len(body))
        changed = body[:at] + bytes([chance.randrange(256)]) + body[at + chance.randrange(3) :]
        try:
            assert open_xml(fuzzing.ENVELOPE, query, changed, fuzzing.NOW) == plain
        except CallbackRefused:
            continue


TEXTS = st.one_of(
    st.text(max_size=40), st.sampled_from(["text", "event", "image", "mixed", "kf_msg_or_event", "\x00", "\ud800", "1e400", "9" * 40])
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)
FIELDS = ("msgid", "aibotid", "chatid", "from", "response_url", "quote", "text", "mixed", "event", "stream", "voice", "create_time")
BOT = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(FIELDS, VALUES),
        "msgtype": st.one_of(VALUES, st.sampled_from(["text", "mixed", "voice", "image", "file", "event", "stream"])),
        "chattype": st.one_of(VALUES, st.sampled_from(["single", "group"])),
    },
)
TAGS = st.sampled_from(
    ["MsgType", "Event", "ChangeType", "FromUserName", "CreateTime", "MsgId", "AgentID", "Content", "ExternalUserID", "a:b", "1", ""]
)


@settings(max_examples=150, deadline=None)
@given(message=BOT)
def test_any_json_of_a_bot_is_translated_or_refused(message: object) -> None:
    fuzzing.inner_json(json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass"))


@settings(max_examples=150, deadline=None)
@given(pairs=st.lists(st.tuples(TAGS, TEXTS), max_size=8), root=st.sampled_from(["xml", "<xml", "x y", ""]))
def test_any_xml_of_an_app_is_translated_or_refused(pairs: list[tuple[str, str]], root: str) -> None:
    inner = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in pairs)
    fuzzing.inner_xml(f"<{root}>{inner}</{root}>".encode("utf-8", "surrogatepass"))


FRAMES = st.fixed_dictionaries(
    {},
    optional={
        "cmd": st.one_of(VALUES, st.sampled_from(["aibot_msg_callback", "aibot_event_callback", "pong"])),
        "headers": st.one_of(VALUES, st.fixed_dictionaries({}, optional={"req_id": VALUES})),
        "body": st.one_of(VALUES, BOT),
        "errcode": VALUES,
    },
)


@settings(max_examples=150, deadline=None)
@given(told=FRAMES)
def test_any_frame_of_the_long_connection_is_translated_or_passed_over(told: object) -> None:
    fuzzing.frame(json.dumps(told, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def test_any_event_of_customer_contact_is_taken_into_the_book_or_told_as_not_understood(store: Store) -> None:
    chance, names = random.Random(20261128), fuzzing.NAMES
    values = ["", "lin", "wm1", "wr1", "add_member", "1", "\x00", "\ud800", "积" * 400, "9" * 400, "😀", "DELETE_BY_TRANSFER", "tag"]
    told = [
        {
            **{name: chance.choice(values) for name in chance.sample(names, chance.randrange(len(names)))},
            **{"MsgType": "event", "Event": event, "ChangeType": chance.choice(fuzzing.EVENTS[event])},
        }
        for event in chance.choices(list(fuzzing.EVENTS), k=120)
    ]
    taken: dict[str, InboundMessage] = {}
    for one in told:
        inner = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in one.items())
        try:
            content = from_xml(f"<xml>{inner}</xml>".encode("utf-8", "surrogatepass"), fuzzing.NOW)
        except CallbackRefused:
            continue
        assert isinstance(content, list)
        taken |= {message.external_id: message for message in content}
    for part in chunks(list(taken.values()), 20):
        store.do(arrive, Arrival(part, inbox.NORMAL), system("test"))
    assert store.look(lambda view: view.scalar(sa.text("SELECT count(*) FROM inbox"))) == len(taken) > 30


@pytest.mark.parametrize("target", fuzzing.TARGETS)
def test_any_bytes_are_answered_or_refused(target: str) -> None:
    @settings(max_examples=150, deadline=None)
    @given(data=st.binary(max_size=400))
    def any_bytes(data: bytes) -> None:
        fuzzing.TARGETS[target](data)

    any_bytes()


def test_crypto_answers_with_its_own_codes_only() -> None:
    chance = random.Random(3)
    codes = set()
    for _ in range(500):
        values = good(chance)
        changed = spoiled(values, chance)
        try:
            fuzzing.ENVELOPE.open(*(changed[name] for name in SIGNED))
        except CryptoError as error:
            codes.add(error.code)
    assert codes == {-40001}
