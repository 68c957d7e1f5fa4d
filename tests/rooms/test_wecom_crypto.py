"""The envelope against the published vectors, tampering, random mutations and an independent client."""

from __future__ import annotations

import base64
import hashlib
import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from assistant.wecom import CallbackRefused, CryptoError, Envelope, callback, crypto

DATA = json.loads((Path(__file__).parents[1] / "support" / "wecom_vectors.json").read_text("utf-8"))
VECTORS: list[dict[str, Any]] = DATA["vectors"]
TAMPERED: list[dict[str, Any]] = DATA["tampered"]
MUTATIONS = 12_000


def envelope_of(vector: dict[str, Any]) -> Envelope:
    return Envelope(vector["token"], vector["encoding_aes_key"], vector["receive_id"])


def test_the_vectors_are_all_there() -> None:
    assert len(VECTORS) == 20
    assert len(TAMPERED) == 13


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_every_vector_opens_to_its_plaintext(vector: dict[str, Any]) -> None:
    plain = envelope_of(vector).open(vector["msg_signature"], vector["timestamp"], vector["nonce"], vector["encrypt"])
    assert plain == vector["plaintext"].encode()


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_every_vector_seals_to_the_same_bytes(vector: dict[str, Any]) -> None:
    head = bytes.fromhex(vector["random16_hex"])
    sealed = envelope_of(vector).seal(vector["plaintext"].encode(), vector["timestamp"], vector["nonce"], head)
    assert (sealed.encrypt, sealed.signature) == (vector["encrypt"], vector["msg_signature"])


@pytest.mark.parametrize("vector", [v for v in TAMPERED if "post_body" not in v], ids=lambda vector: vector["name"])
def test_every_tampered_envelope_is_refused_with_its_code(vector: dict[str, Any]) -> None:
    expected = vector["expected_error"]
    with pytest.raises(CryptoError) as refused:
        envelope_of(vector).open(vector["msg_signature"], vector["timestamp"], vector["nonce"], vector["encrypt"])
    assert refused.value.code in (expected if isinstance(expected, list) else [expected])


def test_a_body_without_its_cipher_is_refused_before_anything_else() -> None:
    vector = next(v for v in TAMPERED if "post_body" in v)
    assert vector["expected_error"] == crypto.PARSE
    with pytest.raises(CallbackRefused) as refused:
        callback.open_xml(envelope_of(vector), query_of(vector), vector["post_body"].encode(), moment(vector))
    assert (refused.value.reason, refused.value.status) == ("bad_envelope", 400)


def query_of(vector: dict[str, Any]) -> dict[str, str]:
    return {name: vector[name] for name in ("msg_signature", "timestamp", "nonce")}


def moment(vector: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(int(vector["timestamp"]), UTC)


def _mutated(text: str, chance: random.Random, alphabet: str) -> str:
    at = chance.randrange(len(text))
    kind = chance.randrange(5)
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + chance.choice(alphabet) + text[at:]
    if kind == 2:
        return text[:at]
    if kind == 3:
        return text[:at] + chr(ord(text[at]) ^ (1 << chance.randrange(7))) + text[at + 1 :]
    other = chance.randrange(len(text))
    return text[other:] + text[:other]


def test_no_random_mutation_of_a_good_request_is_accepted() -> None:
    chance = random.Random("wecom-mutations")
    usable = [v for v in VECTORS if "post_body" in v and v["envelope"] == "xml" and v["timestamp"].startswith("17")]
    alphabet = "ABCabc0129+/=<>&! \n\x00é你"
    tried = accepted = 0
    while tried < MUTATIONS:
        vector = chance.choice(usable)
        envelope, now, query, body = envelope_of(vector), moment(vector), query_of(vector), vector["encrypt"]
        name = chance.choice(["msg_signature", "timestamp", "nonce", "encrypt", "swap"])
        if name == "swap":
            one, two = chance.sample(list(query), 2)
            query[one], query[two] = query[two], query[one]
        elif name == "encrypt":
            body = _mutated(body, chance, alphabet)
        else:
            query[name] = _mutated(query[name], chance, alphabet)
        if body == vector["encrypt"] and query == query_of(vector):
            continue
        tried += 1
        try:
            callback._open(envelope, query, body, now)
            accepted += 1
        except CallbackRefused:
            pass
    assert (tried, accepted) == (MUTATIONS, 0)


def test_signed_noise_never_opens() -> None:
    """The signature holds here, so what refuses damage of the last two blocks is the padding or the receiver."""
    chance = random.Random("wecom-noise")
    vector = VECTORS[0]
    envelope, good = envelope_of(vector), base64.b64decode(vector["encrypt"])
    for _ in range(2_000):
        data = bytearray(good)
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(len(data) - 32, len(data))] ^= chance.randrange(1, 256)
        if bytes(data) == good:
            continue
        noise = base64.b64encode(bytes(data)).decode()
        with pytest.raises(CryptoError) as refused:
            envelope.open(envelope.signature("1", "n", noise), "1", "n", noise)
        assert refused.value.code in {crypto.BUFFER, crypto.RECEIVER}


def test_a_key_with_loose_trailing_bits_is_taken_and_shows_nothing() -> None:
    vector = VECTORS[0]
    envelope = envelope_of(vector)
    loose = vector["encoding_aes_key"][:-1] + chr(ord(vector["encoding_aes_key"][-1]) + 1)
    sealed = Envelope(vector["token"], loose, vector["receive_id"]).seal(b"hello", "1", "n")
    assert envelope.open(sealed.signature, "1", "n", sealed.encrypt) == b"hello"
    assert vector["token"] not in repr(envelope)
    assert vector["encoding_aes_key"] not in repr(envelope)


@pytest.mark.parametrize("key", ["", "short", "é" * 43, "a" * 42, "a" * 44, "a" * 42 + "\n"])
def test_an_unusable_key_is_refused_when_the_endpoint_is_made(key: str) -> None:
    with pytest.raises(CryptoError) as refused:
        Envelope("token", key, "ww1")
    assert refused.value.code == crypto.BAD_KEY


def test_two_seals_of_one_text_differ_and_a_wrong_head_is_an_error() -> None:
    envelope = envelope_of(VECTORS[0])
    assert envelope.seal(b"x", "1", "n").encrypt != envelope.seal(b"x", "1", "n").encrypt
    with pytest.raises(ValueError, match="random16"):
        envelope.seal(b"x", "1", "n", b"short")


def test_media_bytes_open_with_the_same_key() -> None:
    key = base64.b64decode(VECTORS[0]["encoding_aes_key"] + "=")
    encryptor = crypto._cipher(key).encryptor()
    data = hashlib.sha256(b"picture").digest()
    assert crypto.decrypt_padded(key, encryptor.update(data + bytes([32]) * 32)) == data


@pytest.mark.parametrize("text", ["hello", "你好，积分？", "🎉👩‍👩‍👧‍👦", "<xml>]]></xml>", "x" * 20_000])
def test_an_independent_client_writes_to_us_and_reads_us(text: str) -> None:
    from wechatpy.enterprise.crypto import WeChatCrypto

    vector = VECTORS[0]
    other = WeChatCrypto(vector["token"], vector["encoding_aes_key"], vector["receive_id"])
    envelope = envelope_of(vector)
    from_them = other.encrypt_message(text, "n1", "1763769600")
    query = {"nonce": "n1", "timestamp": "1763769600", "msg_signature": from_them.split("<MsgSignature><![CDATA[")[1].split("]]>")[0]}
    assert callback.open_xml(envelope, query, from_them.encode(), moment(vector)) == text.encode()
    sealed = envelope.seal(text.encode(), "1763769600", "n2")
    body = f"<xml><ToUserName>x</ToUserName><Encrypt>{sealed.encrypt}</Encrypt></xml>"
    answer = other.decrypt_message(body, sealed.signature, "1763769600", "n2")
    assert (answer.encode() if isinstance(answer, str) else answer) == text.encode()
