"""Copies take no place of their own, and neighbours become one passage."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portfolio_rag.answering.generation.chat import Chat
from portfolio_rag.answering.generation.context_window import build_context
from portfolio_rag.answering.retrieval.passage_selection import MAX_JOINED, Selection, is_copy, join
from portfolio_rag.answering.retrieval.search import PassageSearch
from portfolio_rag.domain.answers import Passage
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentVersion, LiveDocument
from tests.support.answers import Corpus, chunk_of, document

LONG = (
    "Cloud security is the highest priority. As a customer you benefit from data centers and network architectures "
    "that are built to meet the requirements of the most demanding organizations, and you share the responsibility."
)
DOCUMENT = (
    "Amazon SQS keeps a message for 4 days by default.\n\n"
    "A queue holds messages until a consumer deletes them.\n\n"
    "The visibility timeout of a message is 30 seconds."
)


def retrieval(corpus: Corpus) -> PassageSearch:
    return corpus.retrieval()


def passage(name: str, content: str, heading: tuple[str, ...] = ("Guide",), score: float = 0.5) -> Passage:
    chunk = chunk_of(document(name), content, heading=heading)
    windows = tuple(range(len(chunk.windows)))
    return Passage(
        chunk, LiveDocument.of(document(name)), score, windows, (score,) * len(windows), (score,) * len(windows)
    )


def two_chunks(corpus: Corpus) -> tuple[Chunk, Chunk]:
    """A document of two chunks; the second begins with the last paragraph of the first."""
    version = document("sqs-guide.md")
    cut, own = DOCUMENT.index("A queue"), DOCUMENT.index("The visibility")
    first = chunk_of(version, DOCUMENT[: own - 2], index=0, heading=("SQS",))
    second = chunk_of(version, DOCUMENT[cut:], index=1, offset=cut, heading=("SQS",))
    second = replace(second, windows=second.windows[1:])
    corpus.add(version, first, second)
    return first, second


def test_a_guide_that_was_uploaded_twice_takes_one_place_and_the_copy_is_named() -> None:
    selection = Selection(2)
    for name in ("a.md", "copy-of-a.md", "old/a.md"):
        selection.add(passage(name, "The retention period\nis four days."))
    selection.add(passage("b.md", "Something else entirely."))
    assert [one.document.filename for one in selection.passages] == ["a.md", "b.md"]
    assert [copy.s3_key for copy in selection.passages[0].copies] == [
        document("copy-of-a.md").s3_key,
        document("old/a.md").s3_key,
    ]


def test_copies_make_room_for_the_next_texts(corpus: Corpus) -> None:
    for n in range(12):
        corpus.text(f"copies/{n}.md", "Dead letters wait in a queue of their own.", heading=("Queues",))
    corpus.text("other.md", "Dead letters are driven again by hand.", heading=("Queues",))
    found = retrieval(corpus).search("dead letters queue", top_k=2)
    assert [len(one.copies) for one in found] == [11, 0]
    assert found[1].document.filename == "other.md"


@pytest.mark.parametrize(
    ("text", "other"),
    [
        (
            "Messages are kept for 4 days by default in every queue.",
            "Messages are kept for 14 days by default in every queue.",
        ),
        (
            "Objects are encrypted at rest by default in all buckets.",
            "Objects are not encrypted at rest by default in all buckets.",
        ),
        ("The name of the queue.", "The name of the topic."),
    ],
)
def test_texts_that_say_something_else_are_no_copies(text: str, other: str) -> None:
    assert not is_copy(passage("a.md", text), passage("b.md", other))


def test_a_word_changed_in_a_long_text_is_a_copy() -> None:
    text = (
        f"{LONG} Third parties test and verify how well this works; your own part depends on the service that you use."
    )
    assert is_copy(passage("a.md", text), passage("b.md", text.replace("customer", "client")))
    assert not is_copy(
        passage("a.md", text), passage("b.md", text.replace("demanding organizations", "frugal amateurs"))
    )


def test_under_other_headings_only_a_long_text_is_a_copy() -> None:
    short = "The default is four days."
    assert not is_copy(passage("a.md", short, ("SQS",)), passage("b.md", short, ("Kinesis",)))
    assert is_copy(passage("a.md", LONG, ("SQS",)), passage("b.md", LONG, ("Kinesis",)))


def test_what_has_more_to_say_than_the_copy_stays() -> None:
    assert not is_copy(passage("a.md", f"{LONG}\n\nThe retention is four days."), passage("b.md", LONG))
    assert is_copy(passage("a.md", LONG), passage("b.md", f"{LONG}\n\nThe retention is four days."))


def test_neighbours_that_are_both_hit_are_one_passage_without_the_overlap(corpus: Corpus) -> None:
    first, second = two_chunks(corpus)
    (found,) = [one for one in retrieval(corpus).search("message visibility timeout default days") if one.parts]
    assert found.chunk.content == DOCUMENT
    assert found.chunk.span == (0, len(DOCUMENT))
    assert [chunk.chunk_id for chunk in found.chunks] == [first.chunk_id, second.chunk_id]
    texts = [found.chunk.content[start:end] for start, end in found.chunk.windows]
    assert texts == DOCUMENT.split("\n\n")
    (source,) = build_context([found], budget_tokens=500)
    assert source.text.count("A queue holds messages") == 1


def test_citations_of_joined_chunks_name_the_chunk_that_holds_the_words(corpus: Corpus) -> None:
    first, second = two_chunks(corpus)
    chat = Chat(retrieval(corpus), None, corpus.embedder, answerability_threshold=0.0)
    for question, chunk in (
        ("How long does Amazon SQS keep a message by default?", first),
        ("What is the visibility timeout of a message?", second),
    ):
        answer = chat.answer(question)
        citation = next(one for one in answer.citations if one.filename == "sqs-guide.md")
        assert citation.chunk_id == chunk.chunk_id
        start, end = citation.span
        assert DOCUMENT[start:end] == citation.quote
        assert chunk.span[0] <= start
        assert end <= chunk.span[1]


def test_what_is_not_side_by_side_stays_apart() -> None:
    def part(index: int, version: DocumentVersion, heading: str = "SQS") -> Passage:
        chunk = chunk_of(version, f"part {index}", index=index, offset=index * 10, heading=(heading,))
        return Passage(chunk, LiveDocument.of(version), 0.5, (0,), (0.5,), (0.5,))

    one = document("a.md")
    assert join(part(0, one), part(2, one)) is None
    assert join(part(0, one), part(1, document("b.md"))) is None
    assert join(part(0, one), part(1, one, "SNS")) is None
    joined = join(part(1, one), part(0, one))
    assert joined is not None
    assert joined.chunk.content.split() == ["part", "0", "part", "1"]


def test_a_long_section_is_joined_up_to_a_bound() -> None:
    version = document("a.md")
    selection = Selection(3)
    for index in range(6):
        chunk = chunk_of(version, f"paragraph {index}", index=index, offset=index * 20, heading=("SQS",))
        selection.add(Passage(chunk, LiveDocument.of(version), 0.5, (0,), (0.5,), (0.5,)))
    assert [len(one.chunks) for one in selection.passages] == [MAX_JOINED, MAX_JOINED]
