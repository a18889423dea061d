"""What people say of answers, and the lists of it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from portfolio_rag.domain.answers import AnswerMode
from portfolio_rag.domain.feedback import MAX_COMMENT_CHARACTERS, AnswerPage, AnswerRecord, AnswerSource, Rating

_ID = "7d3c0c55-1f0e-4f0f-9a55-0c2c53a4f5f1"


class FeedbackRequest(BaseModel):
    """What somebody thinks of an answer."""

    model_config = ConfigDict(extra="forbid")

    rating: Rating = Field(description="`up` or `down`.", examples=["down"])
    comment: str = Field(
        default="",
        max_length=MAX_COMMENT_CHARACTERS,
        description="Why, in up to 2,000 characters.",
        examples=["The limit was raised last year."],
    )


class AnswerSourceOut(BaseModel):
    """A document that the answer cites."""

    document_id: str = Field(description="The document.", examples=["5b0f8a52-6c8e-5a0f-9d5e-0f6a5b1f7c11"])
    version: int = Field(description="Its version then.", examples=[1])
    logical_key: str = Field(
        description="Its key in the raw bucket, without the folder of the stage.", examples=["sqs-queues.md"]
    )

    @classmethod
    def of(cls, source: AnswerSource) -> AnswerSourceOut:
        return cls(document_id=source.document_id, version=source.version, logical_key=source.logical_key)


class RatedAnswer(BaseModel):
    """An answer as it is kept: the question and the sources, not the text."""

    answer_id: str = Field(description="Its id.", examples=[_ID])
    question: str = Field(
        description="What was answered: in a conversation, the question made to stand alone.",
        examples=["How long does Amazon SQS keep a message by default?"],
    )
    asked_at: str = Field(description="When (UTC).", examples=["2026-01-05T10:12:00.000000Z"])
    answered: bool = Field(description="False for a refusal.", examples=[True])
    mode: AnswerMode = Field(description="`gpt` or `extractive`.", examples=["extractive"])
    sources: list[AnswerSourceOut] = Field(description="The documents that it cites.")
    rating: Rating | None = Field(description="Null where nobody has rated it.", examples=["down"])
    comment: str = Field(description="Why.", examples=["The limit was raised last year."])
    rated_at: str | None = Field(description="When it was rated last (UTC).", examples=["2026-01-05T10:15:00.000000Z"])

    @classmethod
    def of(cls, record: AnswerRecord) -> RatedAnswer:
        feedback = record.feedback
        return cls(
            answer_id=record.answer_id,
            question=record.question,
            asked_at=record.asked_at,
            answered=record.answered,
            mode=record.mode,
            sources=[AnswerSourceOut.of(source) for source in record.sources],
            rating=feedback.rating if feedback else None,
            comment=feedback.comment if feedback else "",
            rated_at=feedback.rated_at if feedback else None,
        )


class AnswerList(BaseModel):
    """One page of a list of answers."""

    items: list[RatedAnswer] = Field(description="Newest first.")
    next_cursor: str | None = Field(description="For the next page; null on the last one.", examples=[None])

    @classmethod
    def of(cls, page: AnswerPage) -> AnswerList:
        return cls(items=[RatedAnswer.of(record) for record in page.items], next_cursor=page.cursor)
