"""The events of a self-built app other than messages and cards, each with the fields it carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PICTURE = {"PicMd5Sum": "e10adc3949ba59abbe56e057f20f883e"}
_SCAN: Mapping[str, Any] = {"EventKey": "scan", "ScanCodeInfo": {"ScanType": "qrcode", "ScanResult": "SN20261122"}}
_PICTURES: Mapping[str, Any] = {"EventKey": "pics", "SendPicsInfo": {"Count": 1, "PicList": {"item": [_PICTURE]}}}

EVENTS: dict[str, Mapping[str, Any]] = {
    "subscribe": {},
    "unsubscribe": {},
    "enter_agent": {"EventKey": ""},
    "LOCATION": {"Latitude": "31.230416", "Longitude": "121.473701", "Precision": "15.0", "AppType": "wxwork"},
    "click": {"EventKey": "menu"},
    "view": {"EventKey": "https://example.com/"},
    "view_miniprogram": {"EventKey": "pages/index"},
    "scancode_push": _SCAN,
    "scancode_waitmsg": _SCAN,
    "pic_sysphoto": _PICTURES,
    "pic_photo_or_album": _PICTURES,
    "pic_weixin": _PICTURES,
    "location_select": {
        "EventKey": "where",
        "SendLocationInfo": {
            "Location_X": "31.23",
            "Location_Y": "121.47",
            "Scale": "15",
            "Label": "人民广场",
            "Poiname": "",
            "AppType": "wxwork",
        },
    },
    "batch_job_result": {"BatchJob": {"JobId": "job1", "JobType": "sync_user", "ErrCode": 0, "ErrMsg": "ok"}},
    "open_approval_change": {"ApprovalInfo": {"ThirdNo": "201806010001", "OpenSpName": "请假", "OpenSpStatus": 1}},
    "share_agent_change": {},
    "share_chain_change": {},
    "inactive_alert": {"EffectTime": 1767139200},
    "close_inactive_agent": {},
    "reopen_inactive_agent": {},
    "low_active_alert": {"EffectTime": 1767139200},
    "low_active": {},
    "active_restored": {},
}
"""Event → the fields of a sample, besides the head; a scenario may put its own over them."""

SYSTEM = frozenset(EVENTS) - {
    *("subscribe", "unsubscribe", "enter_agent", "LOCATION", "click", "view", "view_miniprogram", "scancode_push", "scancode_waitmsg"),
    *("pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select"),
}
"""Events that no member causes: FromUserName is sys."""

MESSAGES: dict[str, Mapping[str, Any]] = {
    "image": {"PicUrl": "https://example.com/p.png", "MediaId": ""},
    "voice": {"MediaId": "", "Format": "amr"},
    "video": {"MediaId": "", "ThumbMediaId": ""},
    "location": {"Location_X": "31.23", "Location_Y": "121.47", "Scale": 15, "Label": "人民广场", "AppType": "wxwork"},
    "link": {"Title": "新品", "Description": "看看", "Url": "https://example.com/", "PicUrl": ""},
}
"""Kinds of messages a member sends besides text, with the fields of a sample."""
