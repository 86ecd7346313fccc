import pytest
from hypothesis import given
from hypothesis import strategies as st

from daogou.text import (
    clean,
    detect_language,
    normalize,
    parse_size,
    parse_sizes,
    singular,
    token_text,
    tokenize,
)

# Half surrogates, controls and all: whatever a feed or a browser may send.
anything = st.text(st.characters()) | st.text(
    "aA1½.,/-&'\"+ \x00\x1f\u200b\ud800连衣裙寸升级長著0mlozin ", max_size=40
)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("连衣裙", ["连衣", "衣裙", "连衣裙"]),
        ("連衣裙", ["连衣", "衣裙", "连衣裙"]),
        ("iPhone15 手机壳", ["iphone15", "iphone", "15", "手机", "壳"]),
        ("华为mate60", ["华为", "mate60", "mate", "60"]),
        ("iphone15pro", ["iphone15pro", "iphone", "15", "pro"]),
        ("USB-C cables", ["usbc", "usb", "c", "cable"]),
        ("3C产品", ["3c", "产品"]),
        ("WH-1000XM4", ["wh1000xm4", "wh", "1000xm4"]),
        ("B08N5WRWNP", ["b08n5wrwnp"]),
        ("0012345678905", ["0012345678905"]),
        ("4th gen", ["4th", "gen"]),
        ("T-Shirts for men", ["tshirt", "t", "shirt", "man"]),
        ("Levi's 501 Jeans", ["levi", "501", "jean"]),
        ("2 in 1", ["2", "in", "1"]),
        ("ultra-soft-and-dry", ["ultra", "soft", "dry"]),
        ("ＵＳＢ充電器", ["usb", "充电", "电器", "充电器"]),
        ("café crème", ["cafe", "creme"]),
        ("Straße", ["strasse"]),
        ("Привет мир", ["привет", "мир"]),
        ("Galaxy S20+", ["galaxy", "s20", "plus"]),
        ("18+", ["18"]),
        ("$1,000.50", ["1000.50"]),
        ("宽脚的跑鞋", ["宽脚", "跑鞋"]),
        ("the", ["the"]),
        ("🎉 —", []),
        ("", []),
    ],
)
def test_tokens(text: str, tokens: list[str]) -> None:
    assert tokenize(text) == tokens


@pytest.mark.parametrize(
    ("token", "spellings"),
    [
        ("2l", ["2 liter", "2 Liters", "2L", "2000 ml", "2,000ml", "2升", "2.0 l", "2公升"]),
        ("500ml", ["500ml", "0.5L", "500 毫升", "50 cl", "500-ml"]),
        ("12.7oz", ["12.7oz", "12.70 OZ", "12.7 ounces", "12.7盎司"]),
        ("12floz", ["12 fl oz", "12 fl. oz", "12 fluid ounces"]),
        ("1kg", ["1kg", "1000 g", "2斤", "1公斤"]),
        ("24ct", ["24 ct", "24-count", "24ct"]),
        ("6pk", ["6 pack", "6-pack", "pack of 6"]),
        ("27in", ["27 inch", '27"', "27寸", "27英寸", "27in"]),
        ("1.5gal", ["1.5 gal", "1½ gallon", "1 1/2 gallons"]),
        ("0.5lb", ["1/2 lb", "½ pound"]),
        ("80cm", ["80 cm", "800mm", "0.8m"]),
        ("1tb", ["1TB", "1024GB", "1000 gb"]),
    ],
)
def test_equal_sizes_are_one_token(token: str, spellings: list[str]) -> None:
    assert {s: tokenize(s) for s in spellings} == {s: [token] for s in spellings}


def test_sizes_compare_across_units() -> None:
    gallon, litre, ounce = parse_size("1 gallon"), parse_size("a 1 L bottle"), parse_size("12.7oz")
    assert gallon is not None
    assert litre is not None
    assert ounce is not None
    assert gallon.dimension == litre.dimension == "volume"
    assert gallon.base == pytest.approx(3785.41)
    assert litre.base == 1000
    assert ounce.dimension == "weight"
    assert ounce.base == pytest.approx(360.04, abs=0.01)


@pytest.mark.parametrize(
    "text", ["2升级版", "5克拉钻石", "3米线", "3 in 1", '"mate 60"', "iPhone 5 m", "no size", ""]
)
def test_what_only_looks_like_a_size(text: str) -> None:
    assert parse_size(text) is None


def test_all_sizes_in_order() -> None:
    assert [q.token for q in parse_sizes('12" x 10" frame, 2 lbs')] == ["12in", "10in", "2lb"]


@pytest.mark.parametrize(
    ("plural", "word"),
    [
        ("cookies", "cookie"),
        ("berries", "berry"),
        ("boxes", "box"),
        ("watches", "watch"),
        ("shoes", "shoe"),
        ("glasses", "glass"),
        ("sizes", "size"),
        ("tomatoes", "tomato"),
        ("women", "woman"),
        ("knives", "knife"),
        ("videos", "video"),
        ("lens", "lens"),
        ("bus", "bus"),
        ("asus", "asus"),
        ("tennis", "tennis"),
        ("dress", "dress"),
        ("dresses", "dress"),
        ("series", "series"),
    ],
)
def test_singular(plural: str, word: str) -> None:
    assert singular(plural) == word


@given(st.text("abceihksuvxyz", max_size=8))
def test_singular_has_no_plural_left(word: str) -> None:
    assert singular(singular(word)) == singular(word)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("2% Reduced Fat Milk", "en"),
        ("低脂牛奶", "zh"),
        ("iPhone 手机壳", "zh"),
        ("Tsingtao 青岛 Lager Beer Bottles", "en"),
        ("Überraschungsei für Kinder", "en"),
        ("", "en"),
        ("123", "en"),
    ],
)
def test_language(text: str, language: str) -> None:
    assert detect_language(text) == language


def test_normalize_folds_what_shoppers_do_not_tell_apart() -> None:
    assert normalize("  ＩＰＨＯＮＥ\u3000１５　乾燥機\x00\t“x” ") == 'iphone 15 干燥机 "x"'
    assert normalize("a\u200bb\ud800c") == "abc"
    assert normalize("裡著薴") == "里着苎"


@given(anything)
def test_normalize_is_idempotent(s: str) -> None:
    once = normalize(s)
    assert normalize(once) == once


@given(st.text("連衣裙乾燥機著后裡髮", min_size=2))
def test_a_part_is_simplified_as_in_the_whole(s: str) -> None:
    half = len(s) // 2
    assert normalize(s[:half]) + normalize(s[half:]) == normalize(s)


@given(anything)
def test_clean_text_is_utf8(s: str) -> None:
    clean(s).encode()
    assert clean(clean(s)) == clean(s)


@given(anything)
def test_any_text_gives_sound_tokens(s: str) -> None:
    tokens = tokenize(s)
    for token in tokens:
        assert token
        assert len(token) <= 64
        assert not any(c.isspace() for c in token)
        token.encode()
    assert tokens == tokenize(s)
    assert token_text(s).split() == tokens
    assert detect_language(s) in ("en", "zh")
    for quantity in parse_sizes(s):
        assert quantity.base >= 0


@pytest.mark.parametrize("unit", ["9", "连", "a-", "1 1/", '9"', "+", "'s", "1,000", "\ud800"])
def test_long_runs_take_no_long_time(unit: str) -> None:
    assert all(len(token) <= 64 for token in tokenize(unit * 10_000))
