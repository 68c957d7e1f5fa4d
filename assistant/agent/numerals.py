"""Chinese numerals and foreign digits as plain numbers: shared by the figure guard and the planner's parsers."""

from __future__ import annotations

import re
import unicodedata

DIGITS = {
    letter: value
    for value, letters in enumerate(("零〇", "一壹", "二两贰", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖"))
    for letter in letters
}
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_LARGE = {"万": 10_000, "亿": 100_000_000}
_TWENTIES = {"廿": "二十", "卅": "三十"}
NUMERAL = "[" + "".join(DIGITS) + "".join(_UNITS) + "万亿廿卅]+"
_FULL_COMMA = re.compile("(?<![０-９])，|，(?![０-９])")
_ROUND = re.compile("(?m)^\\s*[①-⑳]|[0-9]\ufe0f?\u20e3")
MOST_NUMERAL = 40


def chinese_number(text: str) -> int | None:
    """``一千二百八十`` → 1280, ``一万二`` → 12000, ``二〇二六`` → 2026; None if it is no number."""
    for short, long in _TWENTIES.items():
        text = text.replace(short, long)
    if not text or len(text) > MOST_NUMERAL:
        return None
    if all(letter in DIGITS for letter in text):
        return int("".join(str(DIGITS[letter]) for letter in text))
    total = section = digit = 0
    step, zero = 0, False
    for letter in text:
        if letter in DIGITS:
            digit, zero = DIGITS[letter], zero or DIGITS[letter] == 0
        elif letter in _UNITS:
            step = _UNITS[letter]
            section += (digit or 1) * step
            digit, zero = 0, False
        elif letter in _LARGE:
            step = _LARGE[letter]
            total = (total + section + digit) * step
            section, digit, zero = 0, 0, False
        else:
            return None
    # 三百五 is 350 and 一万二 is 12000, but 三百零五 is 305.
    last = digit * step // 10 if digit and step >= 100 and not zero else digit
    return total + section + last


def half_width(text: str) -> str:
    """NFKC with ASCII digits, without invisible letters, list bullets such as ①, and without taking the Chinese comma for a separator."""
    text = _FULL_COMMA.sub("；", _ROUND.sub(" ", text))
    kept = (letter for letter in unicodedata.normalize("NFKC", text) if unicodedata.category(letter) != "Cf")
    return "".join(str(unicodedata.digit(letter)) if letter.isdigit() and not letter.isascii() else letter for letter in kept)
