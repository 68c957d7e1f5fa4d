"""What is signed between us and WeChat Pay: our requests, its answers. No network, no clock and no chance of its own."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import load_pem_x509_certificate

from assistant.base.errors import Invalid

SCHEME = "WECHATPAY2-SHA256-RSA2048"
FRESH_SECONDS = 300
"""A signed time further away than this, in either direction, is a repeated or forged message."""


@dataclass(frozen=True, slots=True, repr=False)
class Merchant:
    """Who we are to the payer: number, serial of our API certificate, its private key."""

    mch_id: str
    serial: str
    key: rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Platform:
    """Whom we believe: the id (``PUB_KEY_ID_…`` or a certificate's serial) and the key that goes with it."""

    serial: str
    key: rsa.RSAPublicKey


def sealed(platform: Platform, text: str) -> str:
    """A name that only the payer can read."""
    oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 - the payer's own form
    return base64.b64encode(platform.key.encrypt(text.encode(), oaep)).decode()


def private_key(pem: bytes) -> rsa.RSAPrivateKey:
    """The key of a PEM file; Invalid if it is not an RSA private key without a password."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise Invalid("商户 API 私钥读不出来，请使用商户平台下载的 apiclient_key.pem", code="bad_private_key")
    return key


def public_key(pem: bytes) -> rsa.RSAPublicKey:
    """The key of a PEM file that holds a public key or a platform certificate."""
    try:
        certificate = b"BEGIN CERTIFICATE" in pem
        key = load_pem_x509_certificate(pem).public_key() if certificate else serialization.load_pem_public_key(pem)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, rsa.RSAPublicKey):
        raise Invalid("微信支付公钥读不出来，请使用商户平台下载的 pub_key.pem 或平台证书", code="bad_public_key")
    return key


def authorization(merchant: Merchant, method: str, path: str, body: str, timestamp: int, nonce: str) -> str:
    """The Authorization header of a request; ``path`` with its query, ``body`` exactly as it is sent."""
    message = f"{method}\n{path}\n{timestamp}\n{nonce}\n{body}\n".encode()
    signature = base64.b64encode(merchant.key.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()
    fields = {
        "mchid": merchant.mch_id,
        "nonce_str": nonce,
        "signature": signature,
        "timestamp": str(timestamp),
        "serial_no": merchant.serial,
    }
    return f"{SCHEME} " + ",".join(f'{name}="{value}"' for name, value in fields.items())


def signed_at_all(headers: Mapping[str, str]) -> bool:
    """Whether somebody claims to have signed; a page of some proxy does not."""
    return bool(headers.get("Wechatpay-Signature") and headers.get("Wechatpay-Serial"))


def genuine(platform: Platform, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Whether the payer itself signed this body, just now, with the key we believe. Never raises."""
    timestamp, nonce = headers.get("Wechatpay-Timestamp", ""), headers.get("Wechatpay-Nonce", "")
    if headers.get("Wechatpay-Serial", "") != platform.serial:
        return False
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    if abs(now.timestamp() - int(timestamp)) > FRESH_SECONDS:
        return False
    try:
        written = headers.get("Wechatpay-Signature", "")
        signature = base64.b64decode(written, validate=True)
        if base64.b64encode(signature).decode() != written:  # the spare bits before the padding can be touched without a change
            return False
        message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
        platform.key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
