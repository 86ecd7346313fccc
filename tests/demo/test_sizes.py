"""Package sizes as the till wrote them, and as a shopper reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daogou.demo.sizes import readable_size


@pytest.mark.parametrize(
    ("raw", "english", "chinese"),
    [
        ("22 LB", "22 lb", "22磅（10公斤）"),
        ("1 LB", "1 lb", "1磅（454克）"),
        ("1/2 GAL", "1/2 gal", "1/2加仑（1.9升）"),
        ("HALF GAL", "1/2 gal", "1/2加仑（1.9升）"),
        ("12 OZ", "12 oz", "12盎司"),
        ("10 3/4 OZ", "10.75 oz", "10.75盎司"),
        (".5 OZ", "1/2 oz", "1/2盎司"),
        ("2 L", "2 L", "2升"),
        ("750 ML", "750 ml", "750毫升"),
        (".187 ML", "187 ml", "187毫升"),
        ("12 PK/12 OZ", "12 × 12 oz", "12盎司×12"),
        ("12 OZ/12 PK", "12 × 12 oz", "12盎司×12"),
        ("24-12 OZ", "24 × 12 oz", "12盎司×24"),
        ("10/6.75 OZ", "10 × 6.75 oz", "6.75盎司×10"),
        ("4/8 OZ", "4 × 8 oz", "8盎司×4"),
        ("3/4 OZ", "0.75 oz", "0.75盎司"),
        ("14-18 CT", "14–18 ct", "14–18件装"),
        ("2 CT/9 OZ", "2 ct, 9 oz", "2件装，9盎司"),
        ("3 X4 IN", "3 × 4 in", "3×4英寸"),
        ("100 SQ FT", "100 sq ft", "100平方英尺"),
        ("32 LOAD", "32 loads", "32次用量"),
        ("1 DZ", "1 dozen", "1打"),
        ("6 PK", "6-pack", "6连包"),
        ("PT", "1 pt", "1品脱（473毫升）"),
        ("3-LB BAG", "3 lb", "3磅（1.4公斤）"),
        ("P    16 OZ", "16 oz", "16盎司"),
        ("405    8 OZ", "8 oz", "8盎司"),
        ("879213 5 PK", "5-pack", "5连包"),
        ("(600) 4 LB", "4 lb", "4磅（1.8公斤）"),
        ("5.5 OZ 0146", "5.5 oz", "5.5盎司"),
        ("1 KIT", "kit", "套装"),
        ("LARGE", "large", "大号"),
        ("CTN", "carton", "盒装"),
    ],
)
def test_a_size_reads_well_in_both_languages(raw: str, english: str, chinese: str) -> None:
    assert readable_size(raw) == (english, chinese)


@pytest.mark.parametrize(
    "raw", [None, "", "974006  PK", "1 CT", "PINK PANTH", "0 OZ", "99999 OZ", "CELL PK", "OZ"]
)
def test_no_size_is_better_than_a_wrong_one(raw: str | None) -> None:
    assert readable_size(raw) is None


@given(st.text(alphabet="0123456789 ./-()OZLBCTPKMGAIN", max_size=16))
def test_any_text_gives_a_size_or_none(raw: str) -> None:
    size = readable_size(raw)
    assert size is None or (size.en.strip() == size.en != "" and size.zh.strip() == size.zh != "")
