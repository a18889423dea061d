"""Chat: questions in, answers with citations and verdicts out."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.filters import FilterField
from api.schemas.passages import TOP_K, PassageOut, Question, Score, Span, TopK
from api.schemas.versions import AS_OF, DOCUMENT, AsOfField
from portfolio_rag.domain.answers import (
    Answer,
    AnswerMode,
    CheckedSentence,
    Citation,
    FinishReason,
    JudgeState,
    Verdict,
)
from portfolio_rag.domain.blocks import Recognition

FINISH_REASON = (
    "How the language model's draft ended: `stop`, whole. `length`: at the limit of tokens, after a second try with a "
    "longer one unless it is a stream. `content_filter`: its provider withheld the rest. `incomplete`: it broke off. "
    "Of a draft that is not whole, the answer has the sentences before the one that was cut."
)

ANSWER_AS_OF = (
    "As of when it was made (UTC): the same question with this `as_of` has the same sources, for as long as their "
    "versions are kept."
)
ANSWER_ID = (
    "For `POST /api/answers/{answer_id}/feedback`; null where the server keeps no answers (`ANSWERS_KEPT_DAYS=0`)."
)


class ChatRequest(BaseModel):
    """A question to the documents."""

    model_config = ConfigDict(extra="forbid")

    question: Question = Field(
        description="1 to 4,000 characters.", examples=["How long does Amazon SQS keep a message by default?"]
    )
    top_k: TopK | None = Field(default=None, description=TOP_K)
    filter: FilterField | None = Field(default=None, description="Only documents that pass may answer.")
    as_of: AsOfField | None = Field(default=None, description=AS_OF, examples=["2026-01-05T12:00:00Z"])
    document_id: UUID | None = Field(
        default=None, description=DOCUMENT, examples=["5b0f8a52-6c8e-5a0f-9d5e-0f6a5b1f7c11"]
    )
    temperature: float | None = Field(
        default=None,
        strict=True,
        ge=0,
        le=1,
        description="Of the language model; the default is that of the model configuration.",
        examples=[0.1],
    )
    conversation_id: UUID | None = Field(
        default=None,
        description=(
            "A random UUID of the caller's choice, the same for each question of a conversation: a follow-up question "
            "is then understood from the last six turns. Kept for a week after the last one; whoever knows the id can "
            "go on with it."
        ),
        examples=["3f0c1f64-6a55-4c39-9d64-9a6b6a6f1b1e"],
    )
    stream: bool = Field(
        default=False,
        strict=True,
        description="Answer as server-sent events; the header `Accept: text/event-stream` asks for the same.",
    )


class RecognitionOut(BaseModel):
    """Where a quote was read from the picture of a page (OCR), and how certainly."""

    score: float = Field(description="Mean probability of its characters, 0 to 1.", examples=[0.97])
    box: tuple[float, float, float, float] = Field(
        description="Left, top, right and bottom edge as shares of the page, from its upper left corner.",
        examples=[(0.12, 0.31, 0.64, 0.35)],
    )

    @classmethod
    def of(cls, recognition: Recognition) -> RecognitionOut:
        return cls(score=recognition.score, box=recognition.box)


class CitationOut(BaseModel):
    """A source of the answer: where it stands, and its words."""

    number: int = Field(description="The number in the answer's brackets.", examples=[1])
    document_id: str = Field(description="The document.", examples=["5b0f8a52-6c8e-5a0f-9d5e-0f6a5b1f7c11"])
    version: int = Field(description="Its version.", examples=[1])
    live_since: str | None = Field(
        default=None, description="When that version began to answer (UTC).", examples=["2026-01-05T10:12:03.000000Z"]
    )
    filename: str = Field(description="Its name.", examples=["sqs-queues.md"])
    s3_key: str = Field(description="Where its bytes are in the raw bucket.", examples=["processed/sqs-queues.md"])
    upload_timestamp: str = Field(description="When it was uploaded (UTC).", examples=["2026-01-05T10:12:00.000000Z"])
    chunk_id: str = Field(description="The chunk.", examples=["0d8f4c0e-52f1-5a9f-8a0e-3f5f6f0c9b1a"])
    chunk_index: int = Field(description="Place of the chunk in the document, from 0.", examples=[0])
    heading_path: list[str] = Field(description="Headings above the quote.", examples=[["Amazon SQS", "Limits"]])
    page: int | None = Field(description="Page, from 1, where the format has pages.", examples=[None])
    span: Span = Field(description="Place of the quote in the document's extracted text.")
    quote: str = Field(
        description="The words of the document.", examples=["Amazon SQS keeps a message for 4 days by default"]
    )
    score: Score
    ocr: RecognitionOut | None = Field(
        default=None, description="For a quote that was read from the picture of a page; null otherwise."
    )

    @classmethod
    def of(cls, citation: Citation) -> CitationOut:
        return cls(
            number=citation.number,
            document_id=citation.document_id,
            version=citation.version,
            live_since=citation.live_since,
            filename=citation.filename,
            s3_key=citation.s3_key,
            upload_timestamp=citation.upload_timestamp,
            chunk_id=citation.chunk_id,
            chunk_index=citation.chunk_index,
            heading_path=list(citation.heading_path),
            page=citation.page,
            span=Span.of(citation.span),
            quote=citation.quote,
            score=citation.score,
            ocr=RecognitionOut.of(citation.recognition) if citation.recognition else None,
        )


class SentenceOut(BaseModel):
    """A drafted sentence and whether the sources that it cites hold it.

    An address that no source holds is not repeated: it reads `[address removed]`.
    """

    text: str = Field(description="The sentence.", examples=["Amazon SQS keeps a message for 4 days by default."])
    citations: list[int] = Field(description="Numbers of the sources that it cites.", examples=[[1]])
    verdict: Verdict = Field(
        description=(
            "`supported`: they hold it. `repaired`: another source holds it, and `citations` name that one now. "
            "`flagged`: the source speaks of it, but may not say quite that; its numbers carry a question mark in the "
            "answer. `dropped`: no source holds it, and the answer does not have it."
        ),
        examples=["supported"],
    )
    score: float = Field(description="How well, 0 to 1.", examples=[0.97])
    reason: str = Field(description="What is missing, or what was repaired.", examples=[""])

    @classmethod
    def of(cls, sentence: CheckedSentence) -> SentenceOut:
        return cls(
            text=sentence.text,
            citations=list(sentence.citations),
            verdict=sentence.verdict,
            score=sentence.score,
            reason=sentence.reason,
        )


class ValidationOut(BaseModel):
    """The check that every answer passes before it is shown."""

    score: float = Field(
        description="Share of the drafted sentences that hold, 0 to 1; flagged ones count half.", examples=[1.0]
    )
    supported: int = Field(description="Sentences that a source they cited holds.", examples=[1])
    repaired: int = Field(description="Sentences whose citation was moved to the source that holds them.", examples=[0])
    flagged: int = Field(description="Sentences shown with a question mark.", examples=[0])
    dropped: int = Field(description="Sentences left out.", examples=[0])
    judge: JudgeState = Field(
        description=(
            "Whether a language model has read the sentences a second time (`VALIDATION_JUDGE`): `off`, `done`, or "
            "`failed`, when it did not answer and the verdicts are those of the deterministic check."
        ),
        examples=["off"],
    )
    sentences: list[SentenceOut] = Field(description="Every drafted sentence, dropped ones included.")

    @classmethod
    def of(cls, answer: Answer) -> ValidationOut:
        counts = Counter(sentence.verdict for sentence in answer.validation)
        return cls(
            score=answer.validation_score,
            supported=counts[Verdict.SUPPORTED],
            repaired=counts[Verdict.REPAIRED],
            flagged=counts[Verdict.FLAGGED],
            dropped=counts[Verdict.DROPPED],
            judge=answer.judge,
            sentences=[SentenceOut.of(sentence) for sentence in answer.validation],
        )


class TokenOut(BaseModel):
    """Data of the event `token`."""

    text: str = Field(description="Text to append.", examples=["Amazon SQS keeps a message for 4 days by default [1]."])


class UsageOut(BaseModel):
    """Tokens of the language model over all calls for this answer; 0 for an extractive one."""

    prompt_tokens: int = Field(description="Tokens read.", examples=[0])
    completion_tokens: int = Field(description="Tokens written.", examples=[0])
    cost_usd: float | None = Field(
        description="What they cost, by a list of prices; null when the model is not on it.", examples=[0.0]
    )


class ChatResponse(BaseModel):
    """An answer that its sources hold, or a plain statement that the documents do not answer."""

    answer: str = Field(
        description="The answer, with source numbers in brackets.",
        examples=["Amazon SQS keeps a message for 4 days by default. [1]"],
    )
    answer_id: str | None = Field(description=ANSWER_ID, examples=["7d3c0c55-1f0e-4f0f-9a55-0c2c53a4f5f1"])
    question: str = Field(
        description="What was answered: in a conversation, the question made to stand alone.",
        examples=["How long does Amazon SQS keep a message by default?"],
    )
    answered: bool = Field(
        description="False when the documents do not hold an answer: `passages` are then the nearest ones."
    )
    mode: AnswerMode = Field(
        description="`gpt`: written by the language model. `extractive`: sentences of the documents (no API key set).",
        examples=["extractive"],
    )
    model: str = Field(description="The model that wrote it.", examples=["extractive"])
    citations: list[CitationOut] = Field(description="The sources that the answer cites.")
    validation: ValidationOut
    passages: list[PassageOut] = Field(description="What retrieval found, best first.")
    usage: UsageOut
    finish_reason: FinishReason = Field(description=FINISH_REASON, examples=["stop"])
    as_of: str = Field(
        default="",
        description=ANSWER_AS_OF,
        examples=["2026-01-05T12:00:00.000000Z"],
    )

    @classmethod
    def of(cls, answer: Answer) -> ChatResponse:
        return cls(
            answer=answer.text,
            answer_id=answer.answer_id or None,
            question=answer.question,
            answered=answer.answered,
            mode=answer.mode,
            model=answer.model,
            citations=[CitationOut.of(citation) for citation in answer.citations],
            validation=ValidationOut.of(answer),
            passages=[PassageOut.of(passage) for passage in answer.passages],
            usage=UsageOut(
                prompt_tokens=answer.usage.prompt_tokens,
                completion_tokens=answer.usage.completion_tokens,
                cost_usd=answer.usage.cost_usd,
            ),
            finish_reason=answer.finish_reason,
            as_of=answer.as_of,
        )
