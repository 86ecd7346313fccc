"""Numbers, money, garment sizes, pinyin, and offsets back to the text as typed.

Cases in a run: 2 x 500 texts and 100 numbers made by hypothesis.
"""

from decimal import Decimal
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daogou.text import (
    Aligned,
    garment_size,
    initials,
    normalize,
    parse_garment_sizes,
    parse_money,
    parse_size,
    pinyin,
    read_numeral,
    readings,
    tokenize,
)

CASES: Final = 500
anything: Final = st.text(st.characters()) | st.text(
    "0123456789零一二两三四五六七八九十百千万亿半点元块毛角美金欧$¥£€.,- ~到xlXL码号wsize",
    max_size=30,
)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("两百", 200),
        ("一千五", 1500),
        ("一百二", 120),
        ("一百零五", 105),
        ("一百二十", 120),
        ("两万三", 23000),
        ("十五", 15),
        ("二十", 20),
        ("百", 100),
        ("半", "0.5"),
        ("三点五", "3.5"),
        ("二〇二六", 2026),
        ("一亿两千万", 120_000_000),
        ("十万", 100_000),
        ("1.5万", 15000),
        ("1万2", 12000),
        ("3千", 3000),
        ("2k", 2000),
        ("1,200.50", "1200.50"),
        ("fifty", 50),
        ("two hundred", 200),
        ("a hundred and fifty", 150),
        ("three thousand two hundred", 3200),
        ("twenty-five", 25),
    ],
)
def test_numerals(text: str, number: int | str) -> None:
    assert read_numeral(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "万一个", "abc", "点五", "and", "1.2.3", "五十块"])
def test_what_is_no_numeral(text: str) -> None:
    assert read_numeral(text) is None


def han(number: int) -> str:
    """A number below 100,000 in Chinese numerals, written out."""
    if number >= 10_000:
        rest = number % 10_000
        zero = "零" if 0 < rest < 1000 else ""
        return han(number // 10_000) + "万" + zero + (han(rest) if rest else "")
    text = ""
    gap = False
    for scale, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, scale)
        if digit:
            text += ("零" if gap and text else "") + "零一二三四五六七八九"[digit] + name
        gap = digit == 0 and bool(text)
    return text


@settings(deadline=None)
@given(st.integers(1, 99_999))
def test_numbers_written_out_are_read_back(number: int) -> None:
    assert read_numeral(han(number)) == number


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("50美元", [("50美元", "50", "USD")]),
        ("￥２００", [("￥２００", "200", "CNY")]),
        ("$50 or US$1,299.99", [("$50", "50", "USD"), ("US$1,299.99", "1299.99", "USD")]),
        ("两百块", [("两百块", "200", None)]),
        ("三千块钱", [("三千块钱", "3000", None)]),
        ("五块五", [("五块五", "5.5", None)]),
        ("1.5万元", [("1.5万元", "15000", None)]),
        ("20到50元", [("20", "20", None), ("50元", "50", None)]),
        ("$20-$50", [("$20", "20", "USD"), ("$50", "50", "USD")]),
        ("$20-50", [("$20", "20", "USD"), ("50", "50", "USD")]),
        ("£3 and 50 bucks", [("£3", "3", "GBP"), ("50 bucks", "50", "USD")]),
        ("50 cents", [("50 cents", "0.5", "USD")]),
        ("八毛", [("八毛", "0.8", None)]),
        ("fifty dollars", [("fifty dollars", "50", "USD")]),
        ("人民币300", [("人民币300", "300", "CNY")]),
        ("HK$300", [("HK$300", "300", "HKD")]),
        ("100元宝", []),
        ("3块装", []),
        ("under 50", []),
        ("50 cent", []),
        ("iphone 15", []),
    ],
)
def test_money(text: str, amounts: list[tuple[str, str, str | None]]) -> None:
    found = [(text[m.start : m.end], m.amount, m.currency) for m in parse_money(text)]
    assert found == [(words, Decimal(amount), currency) for words, amount, currency in amounts]


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("XXL shirt", [("letter", "2xl")]),
        ("2XL", [("letter", "2xl")]),
        ("size M", [("letter", "m")]),
        ("M码 上衣", [("letter", "m")]),
        ("42码", [("number", "42")]),
        ("size 9.5 shoes", [("number", "9.5")]),
        ("EU 42", [("number", "42")]),
        ("W32 L34", [("waist", "32"), ("inseam", "34")]),
        ("w32l34", [("waist", "32"), ("inseam", "34")]),
        ("M&M's", []),
        ("5号电池", []),
        ("iPhone 15", []),
        ("WH-1000XM4", []),
        ("size 50%", []),
        ("which sizes are there", []),
        ("sizes S", [("letter", "s")]),
        ("sizeM", [("letter", "m")]),
    ],
)
def test_garment_sizes(text: str, sizes: list[tuple[str, str]]) -> None:
    assert [(s.system, s.value) for s in parse_garment_sizes(text)] == sizes


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("XXL", "2xl"),
        ("Extra Large", "xl"),
        ("US 9", "9"),
        ("42码", "42"),
        ("Red", None),
        ("", None),
    ],
)
def test_sizes_of_a_catalogue(value: str, size: str | None) -> None:
    assert garment_size(value) == size


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("两升", "2l"),
        ("半斤", "250g"),
        ("一千五百克", "1.5kg"),
        ("二十七寸", "27in"),
        ("十五公斤", "15kg"),
        ("一米八", "1.8m"),
        ("1米5", "1.5m"),
        ("两米", "2m"),
    ],
)
def test_quantities_in_chinese_numerals(text: str, token: str) -> None:
    assert tokenize(text) == [token]
    assert tokenize(f"牛奶{text}装") == ["牛奶", token, "装"]


@pytest.mark.parametrize(
    "text", ["两升级", "三伏天", "千斤顶", "十一米线", "一克拉", "提升", "万一"]
)
def test_what_only_looks_like_a_quantity_in_chinese(text: str) -> None:
    assert parse_size(text) is None


def test_pinyin_for_what_is_typed_in_latin_letters() -> None:
    assert pinyin("连衣裙") == ("lian", "yi", "qun")
    assert initials("連衣裙") == "lyq"
    assert pinyin("银行") == ("yin", "hang")
    assert pinyin("绿茶") == ("lv", "cha")
    assert pinyin("iPhone 15 手机壳") == ("iphone", "15", "shou", "ji", "ke")
    assert initials("USB 充电器") == "usbcdq"
    assert pinyin("") == ()
    assert initials("!") == ""


def test_a_character_of_two_readings_is_found_by_both() -> None:
    assert {"chang", "zhang"} <= {reading[0] for reading in readings("长裙")}
    assert readings("长裙")[0] == pinyin("长裙")
    assert len(readings("长乐行重长乐行重", limit=4)) == 4


@pytest.mark.parametrize(
    ("original", "found", "at"),
    [
        ("２００元以下", "200", "２００"),
        ("買 ㎏ 裝", "kg", "㎏"),
        ("cafe\u0301 noir", "café", "cafe\u0301"),
        ("ab\ud800c d", "abc", "ab\ud800c"),
        ("🎉🎉 連衣裙", "连衣裙", "連衣裙"),
        ("x\u3000\u3000\ty", "x y", "x\u3000\u3000\ty"),
        ("1½ cup", "1/2", "½"),
        ("가\u11a8", "각", "가\u11a8"),
        ("ｶﾞ x", "ガ", "ｶﾞ"),
    ],
)
def test_spans_lead_back(original: str, found: str, at: str) -> None:
    aligned = Aligned(original)
    start = aligned.text.index(found)
    low, high = aligned.span(start, start + len(found))
    assert original[low:high] == at


@settings(max_examples=CASES, deadline=None)
@given(anything)
def test_alignment_holds_for_any_text(s: str) -> None:
    aligned = Aligned(s)
    if "Σ" not in s:  # whose lower case depends on its neighbours
        assert aligned.text == normalize(s)
    spans = [aligned.span(i, i + 1) for i in range(len(aligned.text))]
    assert all(0 <= a < b <= len(s) for a, b in spans)
    assert spans == sorted(spans)
    for at in (0, len(aligned.text)):
        low, high = aligned.span(at, at)
        assert 0 <= low == high <= len(s)


@settings(max_examples=CASES, deadline=None)
@given(anything)
def test_any_text_gives_sound_amounts(s: str) -> None:
    for money in parse_money(s):
        assert 0 <= money.start < money.end <= len(s)
        assert money.amount >= 0
    for size in parse_garment_sizes(s):
        assert 0 <= size.start < size.end <= len(s)
        assert size.value
    garment_size(s)
    assert all(" " not in syllable for syllable in pinyin(s))


@pytest.mark.parametrize(
    "unit", ["9", "一", "两百", "$", "$5-", "5元", "one ", "xl ", "w32 ", "1,0", "½", "é "]
)
def test_long_runs_are_read_too(unit: str) -> None:
    text = (unit * 10_000)[:10_000]
    Aligned(text)
    list(parse_money(text))
    list(parse_garment_sizes(text))
    tokenize(text)
