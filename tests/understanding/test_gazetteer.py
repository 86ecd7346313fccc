"""What the words of a catalogue stand for."""

import itertools

import pytest

from daogou.text import Aligned
from daogou.understanding import SURE, Entry, Gazetteer, Parser
from daogou.understanding.atoms import atoms_of, keys_of
from daogou.understanding.gazetteer import Sense


def sense(entries: list[Entry], text: str, n_products: int = 100) -> Sense | None:
    gazetteer = Gazetteer.from_entries(entries, n_products)
    matches = gazetteer.matches(atoms_of(Aligned(text).text))
    return matches[0].sense if matches else None


def entry(field: str, value: str, *names: str, count: int = 30) -> Entry:
    return Entry(field, value, names or (value,), count)


def test_a_color_of_an_english_catalogue_is_found_by_its_chinese_name() -> None:
    found = sense([entry("attributes.color", "Red"), entry("attributes.color", "Wine red")], "红色")
    assert found is not None
    assert (found.field, found.values) == ("attributes.color", ("Red",))
    assert found.confidence >= SURE


def test_a_color_of_a_chinese_catalogue_is_found_by_its_english_name() -> None:
    found = sense([entry("attributes.颜色", "黑色")], "black")
    assert found is not None
    assert found.values == ("黑色",)


def test_an_attribute_full_of_colors_is_one_whatever_it_is_called() -> None:
    shades = [entry("attributes.tint", v) for v in ("Red", "Blue", "Black", "White")]
    assert sense(shades, "蓝色") == Sense("attributes.tint", ("Blue",), 30, 0.85)


def test_one_name_of_two_fields_is_not_sure() -> None:
    entries = [entry("attributes.color", "Black"), entry("attributes.frame_color", "Black")]
    found = sense(entries, "black")
    assert found is not None
    assert not found.alone
    assert found.confidence < SURE


def test_a_far_commoner_field_is_meant() -> None:
    entries = [
        entry("attributes.color", "Black", count=90),
        entry("attributes.frame_color", "Black", count=3),
    ]
    found = sense(entries, "black")
    assert found is not None
    assert (found.field, found.confidence >= SURE) == ("attributes.color", True)


def test_a_word_that_many_attributes_have_stays_a_word() -> None:
    fields = ("best_uses", "suitable_for", "fits", "package")
    gazetteer = Gazetteer.from_entries([entry(f"attributes.{f}", "Laptop") for f in fields], 100)
    read = Parser(gazetteer).parse("laptop")
    assert (read.constraints, read.residual) == ((), "laptop")


def test_a_word_of_a_rare_attribute_stays_a_word_and_is_negated_as_one() -> None:
    gazetteer = Gazetteer.from_entries([entry("attributes.dispenser", "Stick", count=2)], 1000)
    assert Parser(gazetteer).parse("usb stick").constraints == ()
    (gone,) = Parser(gazetteer).parse("glue, not stick").constraints
    assert (gone.field, gone.values) == ("text", ("stick",))


def test_a_field_that_few_products_have_does_not_filter() -> None:
    found = sense([entry("attributes.color", "Black", count=3)], "black", n_products=1000)
    assert found is not None
    assert found.confidence < SURE


@pytest.mark.parametrize(
    ("others", "sure"),
    [([], True), ([entry("categories", "Food > Acme sauce", "Acme sauce")], False)],
)
def test_a_brand_that_is_also_a_word_of_the_shop_is_not_sure(
    others: list[Entry], sure: bool
) -> None:
    found = sense([entry("brand", "Acme"), *others], "acme")
    assert found is not None
    assert found.field == "brand"
    assert (found.confidence >= SURE) == sure


def test_a_brand_named_by_a_common_word_is_not_sure() -> None:
    found = sense([entry("brand", "Target")], "target")
    assert found is not None
    assert found.confidence < SURE


def test_a_brand_in_two_languages_is_found_by_either() -> None:
    for name in ("玛丽", "marie"):
        found = sense([entry("brand", "Marie/玛丽")], name)
        assert found is not None
        assert found.values == ("Marie/玛丽",)


def test_an_attribute_that_repeats_the_brand_does_not_make_it_doubtful() -> None:
    found = sense([entry("brand", "Bolt"), entry("attributes.manufacturer", "Bolt")], "bolt")
    assert found is not None
    assert (found.field, found.alone) == ("brand", True)


def test_a_brand_that_other_products_fit_does_not_filter() -> None:
    found = sense([entry("brand", "Bolt"), entry("attributes.brand_compatibility", "Bolt")], "bolt")
    assert found is not None
    assert (found.field, found.confidence < SURE) == ("brand", True)


def test_a_leaf_of_several_paths_names_them_all() -> None:
    paths = ["Food > Milk", "Drinks > Milk"]
    found = sense([entry("categories", path, "Milk", "牛奶") for path in paths], "牛奶")
    assert found is not None
    assert set(found.values) == set(paths)
    assert found.confidence < SURE


def test_half_a_category_name_is_a_weaker_hint() -> None:
    found = sense([entry("categories", "Food > Bread and buns", "Bread and buns")], "buns")
    assert found is not None
    assert found.confidence < 0.5


def test_the_longer_name_wins() -> None:
    entries = [entry("brand", "New Balance"), entry("attributes.condition", "New")]
    assert sense(entries, "new balance 574") == Sense("brand", ("New Balance",), 30, 0.9)


@pytest.mark.parametrize("text", ["27寸", "27 inch", '27"', "68.6cm", "二十七寸", "685.8 mm"])
def test_equal_quantities_are_one_value(text: str) -> None:
    found = sense([entry("attributes.screen", "27 in"), entry("attributes.screen", "24 in")], text)
    assert found is not None
    assert (found.values, found.confidence >= SURE) == (("27 in",), True)


@pytest.mark.parametrize("text", ["26寸", "27kg", "27", "iphone 27", "27英镑"])
def test_other_numbers_are_not_that_value(text: str) -> None:
    assert sense([entry("attributes.screen", "27 in")], text) is None


def test_a_bare_number_names_no_value() -> None:
    assert sense([entry("attributes.pieces", "15")], "iphone 15") is None


@pytest.mark.parametrize("text", ["红糖", "特红", "shred", "infrared"])
def test_a_part_of_a_word_is_no_name(text: str) -> None:
    assert sense([entry("attributes.color", "Red")], text) is None


@pytest.mark.parametrize(
    ("name", "found"), [("葡萄酒", True), ("红葡萄", False), ("红葡萄酒", True)]
)
def test_a_chinese_compound_is_what_it_ends_with(name: str, found: bool) -> None:
    assert (sense([entry("categories", f"A > {name}", name)], "红葡萄酒") is not None) == found


def test_an_empty_catalogue_still_reads_budgets() -> None:
    read = Parser(Gazetteer.from_entries([], 0), None).parse("red dress under $50, not silk")
    assert [(c.field, c.values, c.high) for c in read.constraints] == [
        ("price", (), 5000),
        ("text", ("silk", "丝绸", "真丝", "蚕丝"), None),
    ]


@pytest.mark.parametrize(
    "text", ["iPhone15", "USB-C 充电器", "café 2 L", "Levi's 501", "两升", "3,5"]
)
def test_the_gazetteer_and_the_text_are_cut_alike(text: str) -> None:
    normal = Aligned(text).text
    atoms = atoms_of(normal)
    assert [a.key for a in atoms] == keys_of(normal)
    assert all(a.start < a.end for a in atoms)
    assert all(a.end <= b.start for a, b in itertools.pairwise(atoms))


def test_thousands_of_compound_colors_are_not_listed_in_full() -> None:
    mixed = [entry("attributes.color", f"Black no{i}x", count=1) for i in range(2000)]
    found = sense([entry("attributes.color", "Black", count=500), *mixed], "black", 1000)
    assert found is not None
    assert found.values[0] == "Black"
    assert len(found.values) == 500
    assert found.confidence < SURE
