"""Callback requests: hostile XML and JSON, old and foreign envelopes, and refusals that say nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.wecom import CallbackRefused, Envelope, open_json, open_xml, verify_url
from assistant.wecom.callback import MAX_BYTES, content_json, content_xml

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OURS = Envelope("QDG6eK", KEY, "ww1")


def request_of(plain: bytes, *, at: datetime = NOW, envelope: Envelope = OURS) -> tuple[dict[str, str], str]:
    timestamp = str(int(at.timestamp()))
    sealed = envelope.seal(plain, timestamp, "n1")
    return {"msg_signature": sealed.signature, "timestamp": timestamp, "nonce": "n1"}, sealed.encrypt


def xml_of(encrypt: str) -> bytes:
    return f"<xml><ToUserName><![CDATA[ww1]]></ToUserName><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>".encode()


def refusal(call: object, *args: object) -> tuple[str, int]:
    with pytest.raises(CallbackRefused) as refused:
        call(*args)  # type: ignore[operator]
    assert refused.value.__cause__ is None
    assert str(refused.value) == refused.value.reason
    return refused.value.reason, refused.value.status


def test_a_good_request_opens_in_both_grammars_and_as_a_verification() -> None:
    query, encrypt = request_of(b"hello\n")
    assert open_xml(OURS, query, xml_of(encrypt), NOW) == b"hello\n"
    assert open_json(OURS, query, json.dumps({"encrypt": encrypt}).encode(), NOW) == b"hello\n"
    assert verify_url(OURS, {**query, "echostr": encrypt}, NOW) == b"hello\n"


@pytest.mark.parametrize("off", [-301, 301, 86_400])
def test_an_old_or_future_request_is_refused_and_one_on_the_edge_is_not(off: int) -> None:
    query, encrypt = request_of(b"x", at=NOW + timedelta(seconds=off))
    assert refusal(open_xml, OURS, query, xml_of(encrypt), NOW) == ("stale", 401)
    query, encrypt = request_of(b"x", at=NOW + timedelta(seconds=300 if off > 0 else -300))
    assert open_xml(OURS, query, xml_of(encrypt), NOW) == b"x"


@pytest.mark.parametrize("timestamp", ["", "now", "-1", "１７６３７６９６００", "1" * 13, "1e9"])
def test_a_timestamp_that_is_no_number_is_refused(timestamp: str) -> None:
    sealed = OURS.seal(b"x", timestamp, "n1")
    query = {"msg_signature": sealed.signature, "timestamp": timestamp, "nonce": "n1"}
    expected = ("stale", 401) if timestamp else ("missing_field", 400)
    assert refusal(open_xml, OURS, query, xml_of(sealed.encrypt), NOW) == expected


def test_another_corps_envelope_and_another_token_are_refused() -> None:
    query, encrypt = request_of(b"x", envelope=Envelope("QDG6eK", KEY, "ww2"))
    assert refusal(open_xml, OURS, query, xml_of(encrypt), NOW) == ("other_receiver", 403)
    query, encrypt = request_of(b"x", envelope=Envelope("other", KEY, "ww1"))
    assert refusal(open_xml, OURS, query, xml_of(encrypt), NOW) == ("bad_signature", 401)
    query, encrypt = request_of(b"x", envelope=Envelope("QDG6eK", KEY[::-1], "ww1"))
    assert refusal(open_xml, OURS, query, xml_of(encrypt), NOW) in [("bad_cipher", 403), ("other_receiver", 403)]


@pytest.mark.parametrize("name", ["msg_signature", "timestamp", "nonce"])
def test_a_missing_field_is_refused(name: str) -> None:
    query, encrypt = request_of(b"x")
    del query[name]
    assert refusal(open_xml, OURS, query, xml_of(encrypt), NOW) == ("missing_field", 400)
    assert refusal(verify_url, OURS, query, NOW) == ("missing_field", 400)


def test_a_body_above_a_mebibyte_is_refused_before_parsing() -> None:
    query, _ = request_of(b"x")
    assert refusal(open_xml, OURS, query, b"<" * (MAX_BYTES + 1), NOW) == ("too_large", 413)
    assert refusal(open_json, OURS, query, b"[" * (MAX_BYTES + 1), NOW) == ("too_large", 413)


BOMB = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><xml><Encrypt>&b;</Encrypt></xml>'
HOSTILE_XML = [
    BOMB,
    b'<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd"><xml><Encrypt>x</Encrypt></xml>',
    b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><xml><Encrypt>&f;</Encrypt></xml>',
    b"<!-- c --><!DOCTYPE x []><xml><Encrypt>x</Encrypt></xml>",
    b"<?pi x?><!DOCTYPE x []><xml><Encrypt>x</Encrypt></xml>",
    BOMB.decode().encode("utf-16"),
    b"<xml><Encrypt>&unknown;</Encrypt></xml>",
    b"<xml>" + b"<a>" * 200 + b"</a>" * 200 + b"</xml>",
    b"<a>" * 100_000,
    b"<xml><Encrypt>x</Encrypt>",
    b"<xml>only text</xml>",
    b"<xml><Encrypt><a>x</a></Encrypt></xml>",
    b"<xml><Encrypt>x</Encrypt><Encrypt>y</Encrypt></xml>",
    b"\xff\xfe",
    b"",
    b"{}",
]


@pytest.mark.parametrize("body", HOSTILE_XML, ids=range(len(HOSTILE_XML)))
def test_hostile_xml_is_refused(body: bytes) -> None:
    query, _ = request_of(b"x")
    assert refusal(open_xml, OURS, query, body, NOW) == ("bad_envelope", 400)


HOSTILE_JSON = [
    b"",
    b"[]",
    b"null",
    b'{"encrypt": 1}',
    b'{"encrypt": NaN}',
    b'{"encrypt": ""}',
    b'{"a":' * 50_000,
    b'{"encrypt": "x", "a":' + b"[" * 100 + b"]" * 100 + b"}",
    b'{"encrypt": "x", "n": ' + b"9" * 10_000 + b"}",
    b"\xff",
]


@pytest.mark.parametrize("body", HOSTILE_JSON, ids=range(len(HOSTILE_JSON)))
def test_hostile_json_is_refused(body: bytes) -> None:
    query, _ = request_of(b"x")
    assert refusal(open_json, OURS, query, body, NOW) == ("bad_envelope", 400)


@settings(max_examples=500, deadline=None, database=None, derandomize=True)
@given(st.one_of(st.binary(max_size=300), st.text("<>/!&;[]CDATxml \"'=?-", max_size=120).map(str.encode)))
def test_nothing_but_a_refusal_comes_out_of_garbage(body: bytes) -> None:
    query, _ = request_of(b"x")
    for call in (open_xml, open_json):
        with pytest.raises(CallbackRefused):
            call(OURS, query, body, NOW)


def test_inner_content_keeps_what_was_written() -> None:
    xml = b"<xml><A><![CDATA[a]]]]><![CDATA[>b & <!DOCTYPE x> ]]></A><L><I>1</I><I>2</I></L><E/><N>\n</N></xml>"
    assert content_xml(xml) == {"A": "a]]>b & <!DOCTYPE x> ", "L": {"I": ["1", "2"]}, "E": "", "N": "\n"}
    assert content_json('{"a": "\\u0000 \\ud800 😀", "b": [{"c": 1}]}'.encode()) == {"a": "\ufffd \ufffd 😀", "b": [{"c": 1}]}
    assert content_json(b'{"big": 7000000000000000001}') == {"big": 7000000000000000001}


@pytest.mark.parametrize("plain", [b"", b"hello", b"<xml/>", b"[1]", BOMB])
def test_authentic_nonsense_is_bad_content(plain: bytes) -> None:
    assert refusal(content_xml, plain) == ("bad_content", 400)
    assert refusal(content_json, plain) == ("bad_content", 400)
