"""What retrieval and chat hand to the API: passages, citations, verdicts and the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from portfolio_rag.domain.blocks import Recognition
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import LiveDocument


@dataclass(frozen=True, slots=True)
class Copy:
    """A chunk that says the same as a passage, and was left out for it."""

    document_id: str
    version: int
    filename: str
    s3_key: str
    chunk_id: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk of a live document version that a query found, or a run of chunks that follow each other.

    `score` is the cosine similarity of its best window; `windows` are the indexes of the windows that were hit,
    best first, and `window_scores` their similarities. `window_ranks` orders the windows of all passages of one
    result by what the search makes of them: the same, or words and meaning together (0 to 1).

    Of a run, `chunk` has the text of all its `parts`, without what they repeat, and the id of the first; each
    character keeps its place in the document. `copies` are chunks with the same text, left out for this one.
    """

    chunk: Chunk
    document: LiveDocument
    score: float
    windows: tuple[int, ...]
    window_scores: tuple[float, ...] = ()
    window_ranks: tuple[float, ...] = ()
    copies: tuple[Copy, ...] = ()
    parts: tuple[Chunk, ...] = ()

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        """The chunks as they are stored, in their order."""
        return self.parts or (self.chunk,)

    def holding(self, span: tuple[int, int]) -> Chunk:
        """The chunk that holds [start, end) of the document's text; the one it begins in where none holds all."""
        start, end = span
        whole = (chunk for chunk in self.chunks if chunk.span[0] <= start and end <= chunk.span[1])
        begun = (chunk for chunk in self.chunks if chunk.span[0] <= start < chunk.span[1])
        return next(whole, None) or next(begun, self.chunk)


@dataclass(frozen=True, slots=True)
class Citation:
    """Source `number` of an answer. `span` is [start, end) of `quote` in the document's extracted text."""

    number: int
    document_id: str
    version: int
    filename: str
    s3_key: str
    upload_timestamp: str
    chunk_id: str
    chunk_index: int
    heading_path: tuple[str, ...]
    page: int | None
    span: tuple[int, int]
    quote: str
    score: float
    recognition: Recognition | None = None
    """Where on the page the quote was read by OCR; None for what the file holds as text."""
    live_since: str | None = None
    """When its version began to answer."""


class Verdict(StrEnum):
    """What the check makes of a sentence. All but the dropped ones are shown, flagged ones with a question mark."""

    SUPPORTED = "supported"
    """A source that it cites holds it."""
    REPAIRED = "repaired"
    """Another source holds it, and is cited now."""
    FLAGGED = "flagged"
    """The source speaks of it, but may not say quite that."""
    DROPPED = "dropped"
    """No source holds it."""

    @property
    def shown(self) -> bool:
        return self is not Verdict.DROPPED


@dataclass(frozen=True, slots=True)
class CheckedSentence:
    """One sentence of a drafted answer, the sources it cites, and whether they hold it (`score` 0 to 1).

    `citations` are those of the reply: of a repaired sentence the sources that hold it.
    """

    text: str
    citations: tuple[int, ...]
    verdict: Verdict
    score: float
    reason: str = ""


class JudgeState(StrEnum):
    """Whether a language model has read the sentences a second time."""

    OFF = "off"
    DONE = "done"
    FAILED = "failed"
    """It did not answer, or not for all of them: the deterministic verdicts stand."""


class AnswerMode(StrEnum):
    GPT = "gpt"
    EXTRACTIVE = "extractive"


class FinishReason(StrEnum):
    """How the text of a language model ended. All but `STOP` leave it cut: its last sentence may lack anything."""

    STOP = "stop"
    """It said all it had to say."""
    LENGTH = "length"
    """It came to the limit of tokens."""
    CONTENT_FILTER = "content_filter"
    """Its provider withheld the rest."""
    INCOMPLETE = "incomplete"
    """It ended without a reason, as a connection does that breaks."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of the language model and what they cost: None when the price of one call is not known."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = 0.0

    def __add__(self, other: Usage) -> Usage:
        known = self.cost_usd is not None and other.cost_usd is not None
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            (self.cost_usd or 0.0) + (other.cost_usd or 0.0) if known else None,
        )


@dataclass(frozen=True, slots=True)
class ConversationTurn:
    """A question of a conversation, as it was asked and as it reads without the conversation, and its answer."""

    question: str
    standalone: str
    answer: str


@dataclass(frozen=True, slots=True)
class Answer:
    """`answered` is false when the documents do not hold an answer; `text` then says so and `passages` are nearest.

    Sources are numbered in the order in which `text` first names them. `validation` holds a verdict for every drafted
    sentence, those dropped from `text` included; `validation_score` is the supported share of them, 0 to 1, repaired
    ones included; flagged ones count half.
    """

    text: str
    answered: bool
    mode: AnswerMode
    model: str
    citations: Sequence[Citation]
    validation: Sequence[CheckedSentence]
    validation_score: float
    passages: Sequence[Passage]
    usage: Usage = field(default_factory=Usage)
    question: str = ""
    """What was answered: in a conversation, the question made to stand alone."""
    judge: JudgeState = JudgeState.OFF
    finish_reason: FinishReason = FinishReason.STOP
    """How the draft ended: of one that was cut, the sentence in which it was is not in `validation`."""
    answer_id: str = ""
    """By which it can be rated; empty where answers are not kept."""
    as_of: str = field(default="", compare=False)
    """Of what was live then it was made: asked again as of this time, it has the same sources."""


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The passages that the answer is made from, before a word of it is written."""

    passages: Sequence[Passage]


@dataclass(frozen=True, slots=True)
class Validated:
    """The verdict on one drafted sentence."""

    sentence: CheckedSentence


@dataclass(frozen=True, slots=True)
class Cited:
    """A source of the text that follows."""

    citation: Citation


@dataclass(frozen=True, slots=True)
class Token:
    """Text of the answer that has passed the check: appended to each other, tokens make the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Done:
    """The whole answer. Its text is that of all tokens, or, of a refusal, comes after none."""

    answer: Answer


AnswerEvent = Retrieved | Validated | Cited | Token | Done
