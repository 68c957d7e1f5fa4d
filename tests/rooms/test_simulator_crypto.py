"""The simulator's own crypto against the published vectors, both ways, and against wechatpy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from wechatpy.enterprise.crypto import WeChatCrypto  # type: ignore[import-untyped]

from assistant.wecom.simulator.callbacks import Attempt, Callbacks, Channel, from_xml
from assistant.wecom.simulator.crypto import CryptoError, Envelope
from tests.rooms.test_simulator_bench import CONFIG, KEY, Bench, running_bench  # noqa: F401 (the fixture)

VECTORS = json.loads((Path(__file__).parents[1] / "support" / "wecom_vectors.json").read_text())


def _name(vector: dict[str, Any]) -> str:
    return str(vector["name"])


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=_name)
def test_a_vector_is_opened_and_sealed_to_the_byte(vector: dict[str, Any]) -> None:
    envelope = Envelope(vector["token"], vector["encoding_aes_key"], vector["receive_id"])
    opened = envelope.open(vector["encrypt"], vector["timestamp"], vector["nonce"], vector["msg_signature"])
    assert opened == vector["plaintext"]
    assert envelope.seal(vector["plaintext"], bytes.fromhex(vector["random16_hex"])) == vector["encrypt"]


@pytest.mark.parametrize("vector", [each for each in VECTORS["tampered"] if each["name"] != "body_without_Encrypt"], ids=_name)
def test_a_tampered_message_is_refused_with_its_code(vector: dict[str, Any]) -> None:
    expected = vector["expected_error"]
    with pytest.raises(CryptoError) as caught:
        _open(vector)
    assert caught.value.code in (expected if isinstance(expected, list) else [int(expected)])


def _open(vector: dict[str, Any]) -> str:
    envelope = Envelope(vector["token"], vector["encoding_aes_key"], vector["receive_id"])
    return envelope.open(vector["encrypt"], vector["timestamp"], vector["nonce"], vector["msg_signature"])


def test_an_envelope_without_its_ciphertext_is_refused_too() -> None:
    (vector,) = [each for each in VECTORS["tampered"] if each["name"] == "body_without_Encrypt"]
    with pytest.raises(CryptoError) as caught:
        Callbacks.encrypted_of(vector["post_body"])
    assert caught.value.code == vector["expected_error"]


@pytest.mark.parametrize(("channel", "token"), [("app", "appToken"), ("kf", "kfToken")])
async def test_wechatpy_verifies_hears_and_answers(bench: Bench, channel: Channel, token: str) -> None:
    crypto = WeChatCrypto(token, KEY, CONFIG.corp_id)
    query, body = bench.simulator.callbacks.sealed(channel, "<xml><Event>测试 👋 ]]></Event></xml>")
    signed = (query["msg_signature"], query["timestamp"], query["nonce"])
    assert crypto.check_signature(*signed, Callbacks.encrypted_of(body.decode())) == "<xml><Event>测试 👋 ]]></Event></xml>"
    heard = crypto.decrypt_message(body.decode(), *signed)
    assert "测试 👋" in (heard if isinstance(heard, str) else heard.decode())
    reply = crypto.encrypt_message("<xml><MsgType>text</MsgType><Content>答</Content></xml>", "nonce1", "1763769600")
    assert from_xml(bench.simulator.callbacks.opened(channel, Attempt(200, 0.0, "", reply, "nonce1")))["Content"] == "答"
    assert bench.simulator.callbacks.opened(channel, Attempt(200, 0.0, "", reply.replace("1763769600", "1763769601"), "nonce1")) == ""
    assert len(bench.simulator.complaints) == 1
