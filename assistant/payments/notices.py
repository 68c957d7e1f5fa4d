"""What WeChat Pay posts to us when a bill is settled: proven, opened, and then only its number is used."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from assistant.payments.signing import Platform, genuine

MOST_BODY = 64 * 1024


class NoticeRefused(Exception):
    """A notice that is not taken; ``reason`` is for our figures only."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason, self.status = reason, status


@dataclass(frozen=True, slots=True, repr=False)
class Notices:
    """Reads the notices of one merchant account."""

    platform: Platform
    apiv3_key: bytes
    mch_id: str

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """The bill number a notice is about, empty for a notice of another kind; raises NoticeRefused."""
        if len(body) > MOST_BODY:
            raise NoticeRefused("too_large", 413)
        if not genuine(self.platform, headers, body, now):
            raise NoticeRefused("signature", 401)
        notice = _object(body)
        if not str(notice.get("event_type", "")).startswith("MCHTRANSFER.BILL."):
            return ""
        told = _object(self._opened(notice.get("resource")))
        number = told.get("out_bill_no")
        if told.get("mch_id") != self.mch_id or not isinstance(number, str) or not number.isalnum() or len(number) > 32:
            raise NoticeRefused("not_ours")
        return number

    def _opened(self, resource: Any) -> bytes:
        try:
            sealed, nonce = base64.b64decode(resource["ciphertext"], validate=True), resource["nonce"].encode()
            if resource["algorithm"] != "AEAD_AES_256_GCM":
                raise NoticeRefused("algorithm")
            return AESGCM(self.apiv3_key).decrypt(nonce, sealed, str(resource.get("associated_data") or "").encode())
        except (InvalidTag, KeyError, TypeError, ValueError, AttributeError):
            raise NoticeRefused("cipher") from None


def _object(raw: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(raw)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise NoticeRefused("json")
    return found
