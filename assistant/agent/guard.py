"""What may be said: every figure of a reply must come from a tool of this turn or from what the person wrote.

Figures have one normal form: ``1,280``, ``１２８０`` and ``一千二百八十`` are ``1280``; ``¥12.50`` and ``12元5`` are ``12.5``; dates are
``d2026-11-22`` or, without the year, ``d11-22``; codes with letters are kept in capitals. A full date also allows its shorter forms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from assistant.agent.numerals import DIGITS, NUMERAL, chinese_number, half_width

MOST_BYTES = 8192
_Form = Callable[[re.Match[str]], str]
_ONE = r"(\d{1,2}|" + NUMERAL + ")"
_DATE = re.compile(rf"(?<![\d.])(?:(\d{{4}}|[二〇零一三四五六七八九]{{4}})\s*年\s*)?{_ONE}\s*月\s*(?:{_ONE}\s*[日号]?|份)?")
_ISO = re.compile(r"(?<![\w-])(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?![\d-])")
_SHORT = re.compile(r"(?<![\d./-])(\d{1,2})[-/](\d{1,2})(?![\d./-])")
_DAY = re.compile(rf"(?<![\d.]){_ONE}\s*[日号](?![楼店线机码])")
_YUAN = re.compile(rf"(\d+|{NUMERAL})\s*[元块]\s*(\d{{1,2}}|[零一二两三四五六七八九]{{1,2}})(?:[角毛分])?(?!\s*[\d.个件双张天元块积])")
_CODE = re.compile(r"(?=[A-Za-z0-9_-]*[A-Za-z])(?=[A-Za-z0-9_-]*\d)[A-Za-z0-9][A-Za-z0-9_-]*")
_LARGE = re.compile(r"(?<!\d)(\d+(?:\.\d+)?)\s*([十百千万亿])")
_PLAIN = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?")
_SCALE = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}
_COUNTED = (
    r"(?:个?积分|分钱|分(?![一-龥])|元|块|角|毛|折|天|日|号|岁|年|个?月|张|件|双|条|单|次|倍|成|个?小时|分钟|秒|个"
    r"?工作日|位|级|份|包|瓶|套|只|%|人民币)"
)
_PERCENT = re.compile(rf"百分之\s*(\d+(?:\.\d+)?|{NUMERAL})(?:点({NUMERAL}))?")
_WORDS = re.compile(rf"(?<![第周双])({NUMERAL})(?:点([{''.join(DIGITS)}]+))?(?:[多来几余])?(?={_COUNTED})?")
_IDIOMS = re.compile(
    "百分百|万一|千万(?=别|不|要|记|注|小)|十分(?=[一-龥])|万分|百般|千百|成千上万|三三两两|七七八八|乱七八糟|五花八门|一五一十|四面八方|"
    "十全十美|百搭|万能|万事|千里|百货|百姓|双十[一二]|十足|百忙|万般|三言两语|一心一意|一来二去|五颜六色|八九不离十|万岁|十有八九"
)
_ORDINAL = re.compile(rf"(?m)^\s*\d{{1,2}}\s*[.、)）:：](?!\d)|第\s*(?:\d{{1,2}}|{NUMERAL})\s*(?=[步点条种个款件次，：:、]|$)")
_ONE_THING = re.compile(r"(?<![零〇一二两三四五六七八九十百千万亿点\d])一(?=[件位次下天张条双份个包瓶套只单会起些样定直点并](?!积分))")
_DEED = re.compile(
    "(?:已经?|帮您|为您|给您)(?:帮您|为您|成功)?(兑换|退订|取消|签到|修改|登记|申请|转接?人工|发放|赠送|退款)(?:好|完|成功|了)"
)
_LINK = re.compile(
    r"(?:https?|ftp)://[^\s，。）)】」]+|(?<![\w@.])(?:www\.|[a-z0-9-]+\.(?:com|cn|net|top|xyz|shop|cc|io)(?=[/\s，。]|$))[^\s，。）)]*",
    re.IGNORECASE,
)


def figures_in(text: str) -> frozenset[str]:
    """All figures of a text in normal form."""
    return frozenset(_read(text))


def check_figures(text: str, figures: frozenset[str], allowed_text: str = "") -> list[str]:
    """The figures of ``text`` found neither in ``figures`` nor in ``allowed_text``, sorted; empty means that it may be sent."""
    allowed = _with_parts(figures | figures_in(allowed_text))
    return sorted(figure for figure in figures_in(text) if figure not in allowed)


def claimed_deed(text: str) -> str:
    """The verb of what the text says was done for the person, empty if it says no such thing."""
    match = _DEED.search(text)
    return match[1] if match else ""


def without_links(text: str, hosts: Iterable[str]) -> str:
    """The text without addresses whose host is not listed."""
    listed = frozenset(hosts)

    def kept(match: re.Match[str]) -> str:
        host = re.sub(r"^[a-z]+://", "", match.group(), flags=re.IGNORECASE).split("/")[0].split("?")[0].split("#")[0]
        return match.group() if host.lower() in listed else ""

    return _LINK.sub(kept, text)


def _read(text: str) -> Iterator[str]:
    rest = _ORDINAL.sub(" ", _ONE_THING.sub(" ", _IDIOMS.sub(" ", half_width(text))))
    for pattern, form in _FORMS:
        found: list[str] = []

        def take(match: re.Match[str], form: _Form = form, found: list[str] = found) -> str:
            figure = form(match)
            if figure:
                found.append(figure)
            return " ; " if figure else match.group()

        rest = pattern.sub(take, rest)
        yield from found


def _with_parts(figures: frozenset[str]) -> frozenset[str]:
    """A date also allows month and day, the day, the month; an amount its bare number."""
    parts = set(figures)
    for figure in figures:
        if figure.startswith("d"):
            numbers = figure[1:].split("-")
            if len(numbers) == 3:
                parts |= {f"d{numbers[1]}-{numbers[2]}", f"y{numbers[0]}", f"m{numbers[0]}-{numbers[1]}"}
            parts |= {f"m{numbers[-2]}", f"n{numbers[-1]}"}
        elif figure.startswith("m") and "-" in figure:
            parts |= {f"m{figure.split('-')[1]}", f"y{figure[1:].split('-')[0]}"}
    return frozenset(parts)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else (chinese_number(text) or 0)


def _plain(text: str) -> str:
    whole, _, rest = text.replace(",", "").partition(".")
    whole, rest = whole.lstrip("0") or "0", rest.rstrip("0")
    return f"{whole}.{rest}" if rest else whole


def _date(match: re.Match[str]) -> str:
    month = _whole(match[2])
    if not 1 <= month <= 12:
        return ""
    if match[3] is None:
        # "3 个月" never matches here; "3 月" is the month of March.
        return f"m{_whole(match[1])}-{month}" if match[1] else f"m{month}"
    day = _whole(match[3])
    return f"d{_whole(match[1])}-{month}-{day}" if match[1] else f"d{month}-{day}"


def _iso(match: re.Match[str]) -> str:
    return f"d{int(match[1])}-{int(match[2])}-{int(match[3])}"


def _short(match: re.Match[str]) -> str:
    month, day = int(match[1]), int(match[2])
    return f"d{month}-{day}" if 1 <= month <= 12 and 1 <= day <= 31 else ""


def _yuan(match: re.Match[str]) -> str:
    tail = match[2] if match[2].isdigit() and match[2].isascii() else "".join(str(DIGITS[letter]) for letter in match[2])
    return _plain(f"{_whole(match[1])}.{tail}")


def _large(match: re.Match[str]) -> str:
    whole, _, rest = match[1].partition(".")
    scale = len(str(_SCALE[match[2]])) - 1
    return _plain(f"{whole}{rest[:scale].ljust(scale, '0')}.{rest[scale:] or 0}")


def _percent(match: re.Match[str]) -> str:
    if match[1][0].isdigit() and match[1].isascii():
        return _plain(match[1])
    return _pointed(match[1], match[2])


def _pointed(whole: str, point: str | None) -> str:
    value = chinese_number(whole)
    if value is None:
        return ""
    return _plain(f"{value}.{''.join(str(DIGITS[letter]) for letter in point if letter in DIGITS)}") if point else str(value)


def _word(match: re.Match[str]) -> str:
    counted = re.match(_COUNTED, match.string[match.end() :])
    large = len(match[1]) > 1 and any(letter in "十百千万亿廿卅拾佰仟" for letter in match[1])
    return _pointed(match[1], match[2]) if counted or large or match[2] else ""


_FORMS: tuple[tuple[re.Pattern[str], _Form], ...] = (
    (_ISO, _iso),
    (_DATE, _date),
    (_CODE, lambda match: match.group().upper()),
    (_YUAN, _yuan),
    (_PERCENT, _percent),
    (_SHORT, _short),
    (_DAY, lambda match: f"n{_whole(match[1])}"),
    (re.compile(r"(?<!\d)(\d{4}|[二〇零一三四五六七八九]{4})\s*年"), lambda match: f"y{_whole(match[1])}"),
    (_LARGE, _large),
    (_PLAIN, lambda match: _plain(match.group())),
    (_WORDS, _word),
)
