"""The knowledge base: what it answers, what it recommends, and how it stays up to date."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol

import numpy as np

from daogou.encoders import Centring, TextEncoder
from daogou.encoders.base import Float32
from daogou.knowledge.answering import Question, find_answer
from daogou.knowledge.attributes import attribute_answer
from daogou.knowledge.evidence import RELATED
from daogou.knowledge.extracts import Extract, Link, RelatedArticle
from daogou.knowledge.index import PassageIndex
from daogou.knowledge.linking import About
from daogou.knowledge.snapshot import Snapshot, by_language, with_vectors
from daogou.knowledge.terms import asked, kind_of, refers
from daogou.knowledge.vectors import KnowledgeVectors
from daogou.text import detect_language
from daogou.types import Article, Product, QuestionAnswer

_log = logging.getLogger(__name__)

ENCODED_AT_ONCE: Final = 64
"""New texts that a request encodes itself; of more, a thread makes the vectors meanwhile."""
MAX_QUESTION: Final = 1000
"""What follows in a question is not read."""
_PRODUCTS: Final = 256
"""Products whose questions are kept indexed."""


class Shop(Protocol):
    """What is asked of the store."""

    def knowledge_revision(self) -> int:
        """A number that grows with every change of an article."""
        ...

    def articles(self) -> list[Article]:
        """All articles."""
        ...

    def product(self, product_id: str) -> Product | None:
        """The product with this id, or None."""
        ...


class KnowledgeBase:
    """Answers from a shop's articles and its products' records, for any number of threads.

    The index lies in memory. A change in the store is seen by the next question; where very
    much is new at once, its words are found at once and its meaning some seconds later.

    Parameters
    ----------
    store
        The shop.
    encoder
        Of questions and articles; None goes by words alone.
    centring
        The means of the shop's product texts, which serve while there are few articles.
    """

    def __init__(
        self, store: Shop, encoder: TextEncoder | None = None, centring: Centring | None = None
    ) -> None:
        self._store = store
        self._vectors = KnowledgeVectors(encoder, centring) if encoder else None
        self._lock = threading.Lock()
        self._encoding: threading.Thread | None = None
        self._pairs: OrderedDict[tuple[QuestionAnswer, ...], dict[str, PassageIndex]]
        self._pairs = OrderedDict()
        self._now = Snapshot(-1)

    def refresh(self) -> None:
        """Read what is new and make all of its vectors now, however long that takes.

        Some 1,000 passages a second with the fast encoder, 100 with the joined one.
        """
        self.snapshot()
        if thread := self._encoding:
            thread.join()

    def answer(
        self,
        question: str,
        language: str,
        product_id: str | None = None,
        categories: Sequence[str] = (),
    ) -> Extract | None:
        """The piece of a record that answers a question, or None: "I don't know".

        A product's record comes first, then its own questions and answers, then articles in
        the asker's language, then those in another one; ``Extract.language`` says which.

        Parameters
        ----------
        language
            Of the asker, in which an answer is preferred.
        product_id, categories
            What the question is about, where that is known: articles on it are preferred. A
            product that does not exist is none.
        """
        text = question[:MAX_QUESTION].strip()
        if not text:
            return None
        product = self._store.product(product_id) if product_id else None
        snapshot = self.snapshot()
        if product is not None and (found := attribute_answer(text, product, language)):
            return found
        asking = self.read(text, language, snapshot)
        if product is not None and product.questions:
            indexes = self._indexed(product.questions, asking.centring)
            own = find_answer(indexes, asking, About(product.id), self._vectors)
            if own is not None:
                number = int(own.id)
                return replace(
                    own,
                    source="question",
                    id=product.id,
                    field=f"questionsAndAnswers[{number}].answer",
                    uri=product.uri,
                )
        if product is not None and refers(text):
            asking = self.read(f"{text} {kind_of(product, asking.spoken)}", language, snapshot)
        about = About.of(product, categories)
        return find_answer(snapshot.indexes, asking, about, self._vectors)

    def related(
        self,
        *,
        product_id: str | None = None,
        category: str | None = None,
        language: str = "en",
        k: int = 3,
    ) -> list[RelatedArticle]:
        """Articles to show beside a product or in a category, the closest first, ``k`` at most.

        First those that name the product, then its category or one above (the deepest first),
        then its brand; then those whose meaning is near, without policies. Each article once, in
        ``language`` where it has one. A question about other products is none.
        """
        product = self._store.product(product_id) if product_id else None
        if product is None and not category:
            return []
        snapshot = self.snapshot()
        about = About.of(product, (category,) if category else ())
        vector = self._vector_of(snapshot, product, category, language)
        # Translations may say in their own language what they are about: the closest counts.
        found: dict[str, tuple[Link, int]] = {}
        cosines: dict[str, float] = {}
        for index in snapshot.indexes.values():
            ties = index.ties.of(about)
            for number, tie in ties.items():
                known = found.get(index.articles[number].id)
                if known is None or known[1] < tie[1]:
                    found[index.articles[number].id] = tie
            if vector is not None:
                near = index.article_cosines(vector)
                for number in {*np.flatnonzero(near >= RELATED).tolist(), *ties}:
                    article_id = index.articles[number].id
                    cosines[article_id] = max(cosines.get(article_id, 0.0), float(near[number]))
        ranked = []
        for article_id in {*found, *cosines}:
            editions = snapshot.editions[article_id]
            shown = editions.get(language) or next(iter(editions.values()))
            link, closeness = found.get(article_id, ("meaning", -1))
            private = shown.kind == "question" and link != "product"
            if private or (link == "meaning" and shown.kind == "policy"):
                continue
            score = cosines.get(article_id, 0.0)
            ranked.append((-closeness, -score, article_id, RelatedArticle(shown, link, score)))
        return [related for *_, related in sorted(ranked, key=lambda entry: entry[:3])[:k]]

    def articles(self, language: str) -> list[Article]:
        """All articles, in ``language`` where they have one, in byte order of their ids."""
        editions = self.snapshot().editions
        return [
            editions[key].get(language) or next(iter(editions[key].values()))
            for key in sorted(editions)
        ]

    # --- the parts of an answer

    def read(self, text: str, language: str, snapshot: Snapshot) -> Question:
        """A question with its terms and, where there are vectors to compare it with, its own."""
        vector = None
        centring = snapshot.centring
        if self._vectors is not None:
            centring = centring or self._vectors.centring((), ())
            raw = self._vectors.question(text)
            vector = centring.apply(raw, [detect_language(text)])[0]
        return Question(text, language, detect_language(text), asked(text), vector, centring)

    def _indexed(
        self, questions: tuple[QuestionAnswer, ...], centring: Centring | None
    ) -> dict[str, PassageIndex]:
        """A product's questions as an index; kept, since one question follows another."""
        with self._lock:
            if (known := self._pairs.get(questions)) is not None:
                self._pairs.move_to_end(questions)
        if known is None:
            known = by_language(
                Article(str(number), pair.question, pair.answer, detect_language(pair.question))
                for number, pair in enumerate(questions)
            )
            with self._lock:
                self._pairs[questions] = known
                if len(self._pairs) > _PRODUCTS:
                    self._pairs.popitem(last=False)
        if self._vectors is None or centring is None:
            return known
        return {
            language: with_vectors(
                index, self._vectors.passing(index.all_texts()), language, centring
            )
            for language, index in known.items()
        }

    def _vector_of(
        self, snapshot: Snapshot, product: Product | None, category: str | None, language: str
    ) -> Float32 | None:
        """The centred vector of a product or category, [D]; None while articles have none."""
        if self._vectors is None or snapshot.centring is None:
            return None
        if product is not None:
            text = f"{product.title_in(language)} {kind_of(product, language)}"
        else:
            text = category or ""
        raw = self._vectors.passing([text.replace(" > ", ", ")])
        vector: Float32 = snapshot.centring.apply(raw, [detect_language(text)])[0]
        return vector

    # --- staying up to date

    def snapshot(self) -> Snapshot:
        """The articles as they are now: one small query where nothing has changed."""
        revision = self._store.knowledge_revision()
        if self._now.revision == revision:
            return self._now
        with self._lock:
            if self._now.revision < revision:
                # Read after the revision: what comes in between is at worst read twice.
                self._now = self._with_vectors(Snapshot.of(revision, self._store.articles()))
            return self._now

    def _with_vectors(self, snapshot: Snapshot) -> Snapshot:
        if self._vectors is None:
            return snapshot
        texts = snapshot.texts()
        missing = self._vectors.missing(texts)
        if len(missing) <= ENCODED_AT_ONCE:
            self._vectors.learn(missing)
            self._vectors.keep(texts)
            return snapshot.with_meaning(self._vectors)
        self._encoding = threading.Thread(
            target=self._encode, args=(snapshot, missing), name="knowledge-vectors", daemon=True
        )
        self._encoding.start()
        return snapshot

    def _encode(self, snapshot: Snapshot, missing: Sequence[str]) -> None:
        """Make vectors while words answer, then put them in, unless there is a newer snapshot."""
        if self._vectors is None:
            return
        try:
            self._vectors.learn(missing)
        except Exception:
            _log.exception("No vectors of the articles could be made; words alone find them.")
            return
        with self._lock:
            if self._now.revision == snapshot.revision:
                self._vectors.keep(snapshot.texts())
                self._now = snapshot.with_meaning(self._vectors)
