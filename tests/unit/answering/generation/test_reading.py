"""Which texts a reader is shown, and what becomes of its odds."""

from __future__ import annotations

from collections.abc import Sequence

from portfolio_rag.answering.generation.candidate_sentences import CandidateSentence, find_candidate_sentences
from portfolio_rag.answering.generation.context_window import build_context
from portfolio_rag.answering.generation.extractive import extract_answer
from portfolio_rag.answering.generation.reading import MAX_ODDS, answer_odds
from portfolio_rag.answering.grounding.citations import source_texts
from portfolio_rag.domain.chunks import BlockKind, ChunkPart
from portfolio_rag.ports.reader import Excerpt
from tests.support.answers import Corpus, chunk_of, document

QUESTION = "How many messages may be in flight in a queue?"


class ScriptedReader:
    """Gives each span the odds of the first word that it has, and keeps what it was shown."""

    def __init__(self, **odds: float) -> None:
        self._odds = odds
        self.shown: list[Excerpt] = []

    def read(self, question: str, excerpts: Sequence[Excerpt]) -> list[tuple[float, ...]]:
        self.shown += excerpts
        return [
            tuple(
                next((odds for word, odds in self._odds.items() if word in excerpt.text[start:end]), 0.0)
                for start, end in excerpt.spans
            )
            for excerpt in excerpts
        ]


def candidates(corpus: Corpus, question: str = QUESTION, *, top_k: int = 5) -> list[CandidateSentence]:
    passages = corpus.retrieval().search(question, top_k=top_k)
    texts = source_texts(passages)
    asked = frozenset(question.lower().split())
    return [
        candidate
        for source in build_context(passages, budget_tokens=10_000)
        for candidate in find_candidate_sentences(source, texts[source.number - 1], asked)
    ]


def add_table(corpus: Corpus, rows: str, below: str) -> None:
    """A document with a table and a sentence below it."""
    version = document("a.md")
    parts = (ChunkPart(0, kind=BlockKind.TABLE), ChunkPart(len(rows) + 2))
    corpus.add(version, chunk_of(version, f"{rows}\n\n{below}", parts=parts))


def test_a_reader_sees_each_candidate_in_its_text_under_its_heading(corpus: Corpus) -> None:
    found = candidates(corpus)
    reader = ScriptedReader()
    assert answer_odds(QUESTION, found, reader) == [0.0] * len(found)
    shown = [excerpt.text[start:end] for excerpt in reader.shown for start, end in excerpt.spans]
    assert sorted(shown) == sorted(candidate.sentence.text for candidate in found)
    assert {excerpt.heading for excerpt in reader.shown} == {"Amazon SQS > Queues", "DynamoDB > Limits"}
    assert any(len(excerpt.spans) > 1 for excerpt in reader.shown)


def test_odds_belong_to_their_sentences_and_have_bounds(corpus: Corpus) -> None:
    found = candidates(corpus)
    odds = answer_odds(QUESTION, found, ScriptedReader(flight=40.0, visibility=-40.0))
    for candidate, value in zip(found, odds, strict=True):
        text = candidate.sentence.text
        assert value == (MAX_ODDS if "flight" in text else -MAX_ODDS if "visibility" in text else 0.0)


def test_only_the_most_promising_texts_are_read() -> None:
    corpus = Corpus()
    for n in range(30):
        corpus.text(f"{n}.md", "\n\n".join(f"Queue {n} keeps message number {m} for {m} days." for m in range(40)))
    question = "How long does queue 3 keep message number 7?"
    found, reader = candidates(corpus, question, top_k=30), ScriptedReader(keeps=5.0)
    odds = answer_odds(question, found, reader)
    assert len(reader.shown) == 4
    assert max(len(excerpt.text) for excerpt in reader.shown) <= 900
    read = [candidate.promise for candidate, value in zip(found, odds, strict=True) if value == 5.0]
    assert max(read) == max(candidate.promise for candidate in found)
    assert odds.count(-MAX_ODDS) == len(found) - len(read) > 0


def test_the_reader_decides_between_sentences_that_are_alike() -> None:
    corpus = Corpus()
    corpus.text("a.md", "The blue valve opens at four bar. The green valve opens at nine bar when it is asked to.")
    question = "At what pressure does a valve open?"
    passages = corpus.retrieval().search(question)
    sources, texts = build_context(passages), source_texts(passages)
    for word in ("blue", "green"):
        reader = ScriptedReader(**{word: 6.0, "valve": -6.0})
        assert word in extract_answer(question, sources, texts, corpus.embedder, reader)[0].text


def test_a_question_in_another_language_is_not_read() -> None:
    """The reader was trained on English: of another language its odds say nothing."""
    corpus = Corpus()
    corpus.text("a.md", "Das blaue Ventil öffnet bei vier bar. Das grüne Ventil öffnet bei neun bar.")
    question = "Bei welchem Druck öffnet das grüne Ventil?"
    passages = corpus.retrieval().search(question)
    reader = ScriptedReader(blaue=6.0, Ventil=-6.0)
    drafted = extract_answer(question, build_context(passages), source_texts(passages), corpus.embedder, reader)
    assert "grüne" in drafted[0].text
    assert reader.shown == []


def test_rows_are_read_as_sentences_are() -> None:
    """A setting is asked for by what it does: its name and the words of the question may have nothing in common."""
    corpus = Corpus()
    rows = (
        "Valve: green | Use: takes the water out of the boiler before winter"
        "\nValve: blue | Use: brings the water into the boiler before summer"
    )
    add_table(corpus, rows, "A valve is tested at the boiler.")
    question = "Which valve is for the boiler?"
    passages = corpus.retrieval().search(question)
    for word in ("green", "blue"):
        reader = ScriptedReader(**{word: 6.0, "valve": -6.0, "boiler": -6.0})
        drafted = extract_answer(question, build_context(passages), source_texts(passages), corpus.embedder, reader)
        assert word in drafted[0].text
        assert len(drafted) == 1


def test_which_row_of_values_is_meant_is_told_by_its_words() -> None:
    corpus = Corpus()
    rows = "\n".join(
        f"Day: {days} | Season: summer | Ferry: {time}"
        for days, time in (("Monday to Friday", "07:10"), ("Saturday and Sunday", "19:45"))
    )
    add_table(corpus, rows, "The ferry to the island is painted each summer.")
    question = "When does the ferry leave on a Sunday of summer?"
    passages = corpus.retrieval().search(question)
    reader = ScriptedReader(**{"07:10": 6.0, "19:45": -6.0, "painted": -6.0})
    drafted = extract_answer(question, build_context(passages), source_texts(passages), corpus.embedder, reader)
    assert "19:45" in drafted[0].text


def test_a_sentence_without_an_answer_for_the_reader_is_not_added() -> None:
    corpus = Corpus()
    corpus.text(
        "a.md",
        "The pump needs nine minutes to drain the boiler. To drain the boiler the pump needs warm oil and a filter.",
    )
    question = "How long does the pump need to drain the boiler?"
    passages = corpus.retrieval().search(question)
    sources, texts = build_context(passages), source_texts(passages)
    for odds, shown in ((-1.0, 2), (-4.0, 1)):
        reader = ScriptedReader(minutes=1.0, oil=odds)
        assert len(extract_answer(question, sources, texts, corpus.embedder, reader)) == shown


def test_a_sentence_of_another_document_is_added_where_the_reader_sees_an_answer() -> None:
    """Of the same document it is enough that the reader does not deny it: the other may be about something else.

    There it must be no less sure than of the best sentence, or as good as certain.
    """
    question = "How long does the pump need to drain the boiler?"
    best, other = "The pump needs nine minutes to drain the boiler.", "The pump needs warm oil to drain the boiler."
    cases = [
        ("a.md", 0.1, -0.1, 2),
        ("b.md", -0.3, -0.1, 1),
        ("b.md", 0.1, 0.1, 2),
        ("a.md", 3.0, 2.9, 2),
        ("b.md", 3.0, 2.9, 1),
        ("b.md", 4.5, 4.1, 2),
    ]
    for place, odds_of_best, odds, shown in cases:
        corpus = Corpus()
        texts_of = {"a.md": best}
        texts_of[place] = f"{texts_of[place]} {other}" if place in texts_of else other
        for name, text in texts_of.items():
            corpus.text(name, text)
        passages = corpus.retrieval().search(question)
        sources, texts = build_context(passages), source_texts(passages)
        reader = ScriptedReader(minutes=odds_of_best, oil=odds)
        answer = extract_answer(question, sources, texts, corpus.embedder, reader)
        assert "nine minutes" in answer[0].text
        assert len(answer) == shown, (place, odds_of_best, odds)


def test_what_the_reader_denies_gives_way_to_what_it_sees_an_answer_in() -> None:
    question = "How long does the pump need to drain the boiler of the hall?"
    best, other = (
        "The pump needs nine minutes to drain the boiler of the hall.",
        "The pump needs warm oil to drain the boiler.",
    )
    cases = [
        (-2.1, 0.0, ["warm"]),
        (-2.1, -0.1, ["nine"]),
        (-1.9, 0.0, ["nine", "warm"]),
    ]
    for odds_of_best, odds, shown in cases:
        corpus = Corpus()
        corpus.text("a.md", best)
        corpus.text("b.md", other)
        passages = corpus.retrieval().search(question)
        reader = ScriptedReader(minutes=odds_of_best, warm=odds)
        answer = extract_answer(question, build_context(passages), source_texts(passages), corpus.embedder, reader)
        assert [word for word in ("nine", "warm") if any(word in line.text for line in answer)] == shown, odds_of_best


def test_what_no_source_has_is_refused_whatever_the_reader_prefers() -> None:
    corpus = Corpus()
    rows = "Winter storage: boat | Cost: 95 euros\nWinter storage: trailer | Cost: 40 euros"
    add_table(corpus, rows, "Members pay 15 euros less for a berth at the harbour.")
    reader = ScriptedReader(Members=6.0, storage=-6.0)
    for thing, shown in (("trailer", True), ("mast", False)):
        question = f"What does the winter storage of a {thing} cost at the harbour?"
        passages = corpus.retrieval().search(question)
        sources, texts = build_context(passages), source_texts(passages)
        assert bool(extract_answer(question, sources, texts, corpus.embedder, reader)) == shown


def test_a_command_is_an_answer() -> None:
    """Short, without a full stop or a number, as headings are."""
    corpus = Corpus()
    version = document("a.md")
    commands = "boilertool valve drain\nboilertool valve fill"
    corpus.add(version, chunk_of(version, commands, parts=(ChunkPart(0, kind=BlockKind.CODE),)))
    texts = [candidate.sentence.text for candidate in candidates(corpus, "Which boilertool command drains a valve?")]
    assert "boilertool valve drain" in "\n".join(texts)


def test_which_row_is_meant_is_told_by_the_range_that_holds_the_number() -> None:
    """Whatever the reader makes of numbers, and although the number itself stands nowhere."""
    corpus = Corpus()
    rows = "\n".join(
        f"Height of the wall: {height} | Ladder: {ladder}"
        for height, ladder in (
            ("up to 3 m", "Wren"),
            ("3 to 8 m", "Rook"),
            ("8 to 12 m", "Heron"),
            ("over 12 m", "Tern"),
        )
    )
    add_table(corpus, rows, "The ladder is leant against the wall.")
    for height, ladder in (("2.5 m", "Wren"), ("650 cm", "Rook"), ("10 m", "Heron"), ("14 m", "Tern")):
        question = f"Which ladder for a wall of {height}?"
        passages = corpus.retrieval().search(question)
        reader = ScriptedReader(Wren=6.0, Rook=1.0, Heron=-6.0, Tern=-6.0, leant=-6.0)
        drafted = extract_answer(question, build_context(passages), source_texts(passages), corpus.embedder, reader)
        assert ladder in drafted[0].text
        assert not any("Height" in sentence.text for sentence in drafted[1:])


def test_rows_whose_ranges_all_hold_the_number_are_shown_together() -> None:
    """However alike they are put, and whatever the reader makes of numbers."""
    corpus = Corpus()
    halls = (("Oak", "5 to 40"), ("Ash", "10 to 25"), ("Elm", "60 to 200"))
    rows = "\n".join(f"Hall: {hall} | Seats: {seats} | Floor: second" for hall, seats in halls)
    add_table(corpus, rows, "The halls have been painted.")
    question = "Which hall has 20 seats?"
    passages = corpus.retrieval().search(question)
    reader = ScriptedReader(Oak=-6.0, Ash=-6.0, Elm=-6.0, painted=-6.0)
    drafted = extract_answer(question, build_context(passages), source_texts(passages), corpus.embedder, reader)
    text = "\n".join(sentence.text for sentence in drafted)
    assert "Oak" in text
    assert "Ash" in text
    assert "Elm" not in text
