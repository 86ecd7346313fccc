"""The models that are compared; each fits itself to a data set, and answers as a contender."""

from collections.abc import Sequence
from typing import Final

from benchmarks.recommend import neural
from benchmarks.recommend.dataset import Dataset
from benchmarks.recommend.joint import joint
from benchmarks.recommend.knowledge import Texts, has_dialogue, has_titles
from benchmarks.recommend.measuring import Model
from daogou.evaluation import Contender, PersonalFrequency, Popularity, SourceContender
from daogou.retrieval import Retriever
from daogou.training import zoo

DECAY: Final = 0.98
"""What a purchase is worth a day later."""


def popularity(dataset: Dataset, seed: int) -> Contender:
    """How often everybody bought it."""
    del seed
    return Popularity(dataset.counts())


def frequency(dataset: Dataset, seed: int) -> Contender:
    """How often the visitor bought it."""
    del seed
    return PersonalFrequency(dataset.counts())


def decayed_frequency(dataset: Dataset, seed: int) -> Contender:
    """The same, each purchase worth less by the day."""
    del seed
    return PersonalFrequency(dataset.counts(), decay=DECAY)


def user_to_user(dataset: Dataset, seed: int) -> Contender:
    """What the nearest visitors bought."""
    del seed
    return _served(dataset, zoo.fit_user_to_user(dataset.interactions()))


def item_to_item(dataset: Dataset, seed: int) -> Contender:
    """What the same visitors bought."""
    del seed
    return _served(dataset, zoo.fit_item_to_item(dataset.interactions()))


def sequential_rules(dataset: Dataset, seed: int) -> Contender:
    """What is bought after what."""
    del seed
    return _served(dataset, zoo.fit_sequential_rules(dataset.interactions()))


def ease(dataset: Dataset, seed: int) -> Contender:
    """EASE^R over the most bought items."""
    del seed
    return _served(dataset, zoo.fit_ease(dataset.interactions()))


def als(dataset: Dataset, seed: int) -> Contender:
    """Weighted matrix factorisation."""
    return _served(dataset, zoo.fit_als(dataset.interactions(), zoo.AlsConfig(seed=seed)))


def item2vec(dataset: Dataset, seed: int) -> Contender:
    """Skip-gram vectors of items."""
    return _served(dataset, zoo.fit_item2vec(dataset.interactions(), zoo.Item2VecConfig(seed=seed)))


def lightgcn(dataset: Dataset, seed: int) -> Contender:
    """Vectors that spread along who bought what."""
    return _served(dataset, neural.lightgcn(dataset, seed))


def mult_vae(dataset: Dataset, seed: int) -> Contender:
    """A variational autoencoder of baskets."""
    return _served(dataset, neural.mult_vae(dataset, seed))


def sasrec(dataset: Dataset, seed: int) -> Contender:
    """Self-attention, with the attributes and texts that the set has."""
    return _served(dataset, neural.sasrec(dataset, seed, cold=False))


def sasrec_of_cold_items(dataset: Dataset, seed: int) -> Contender:
    """The same, which proposes what nobody bought too."""
    return _served(dataset, neural.sasrec(dataset, seed, cold=True))


def gru(dataset: Dataset, seed: int) -> Contender:
    """A GRU, with utterances where the set has any to derive them from."""
    return _served(dataset, neural.gru(dataset, seed))


def two_tower(dataset: Dataset, seed: int) -> Contender:
    """Towers over texts alone."""
    return _served(dataset, neural.two_tower(dataset, seed))


def text_neighbours(dataset: Dataset, seed: int) -> Contender:
    """Titles like those of the history."""
    del seed
    return _served(dataset, neural.TextNeighbours.of(dataset))


def content(dataset: Dataset, seed: int) -> Contender:
    """Content factors, with visitors folded in."""
    del seed
    return _served(dataset, zoo.fit_content(Texts(dataset).vectors))


def wide_deep(dataset: Dataset, seed: int) -> Contender:
    """A ranker of crosses and embeddings."""
    return _served(dataset, neural.ranker(dataset, seed, "wide-deep"))


def deepfm(dataset: Dataset, seed: int) -> Contender:
    """The same with a factorisation machine."""
    return _served(dataset, neural.ranker(dataset, seed, "deepfm"))


def repeats_count(dataset: Dataset) -> bool:
    """Whether an item that the visitor has had can be right at all."""
    return "explore" not in dataset.views[:1]


def says_nothing(dataset: Dataset) -> bool:
    """Whether no utterances can be derived."""
    return not has_dialogue(dataset)


def _served(dataset: Dataset, source: Retriever) -> Contender:
    return SourceContender(source, dataset.counts())


MODELS: Final[Sequence[Model]] = (
    Model("popularity", popularity),
    Model("personal frequency", frequency, suits=repeats_count),
    Model("personal frequency x .98^days", decayed_frequency, suits=repeats_count),
    Model("user-to-user", user_to_user),
    Model("item-to-item", item_to_item),
    Model("sequential rules", sequential_rules),
    Model("ease", ease),
    Model("als", als, seeded=True),
    Model("item2vec", item2vec, seeded=True),
    Model("lightgcn", lightgcn, seeded=True),
    Model("mult-vae", mult_vae, seeded=True),
    Model("sasrec", sasrec, seeded=True),
    Model("sasrec, cold items too", sasrec_of_cold_items, seeded=True, suits=has_titles),
    Model("gru multi-task", gru, seeded=True, suits=has_dialogue),
    Model("gru, L_rec alone", gru, seeded=True, suits=says_nothing),
    Model("text two-tower", two_tower, seeded=True, suits=has_titles),
    Model("text neighbours", text_neighbours, suits=has_titles),
    Model("content", content, suits=has_titles),
    Model("wide & deep", wide_deep, seeded=True),
    Model("deepfm", deepfm, seeded=True),
    Model("daogou joint", joint, seeded=True),
)
"""``gru multi-task`` learns from derived utterances too; where a set has none, its row says so."""
