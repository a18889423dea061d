"""OpenAI's chat completions, as far as a question to the documents needs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_serializer

from api.schemas.answers import ANSWER_AS_OF, ANSWER_ID, FINISH_REASON, CitationOut, ValidationOut
from api.schemas.openai_requests import MODEL, AskingRequest, ChatMessage, NoFunctions, TextForm
from portfolio_rag.domain.answers import Answer, AnswerMode, FinishReason

OpenAIFinishReason = Literal["stop", "length", "content_filter"]
_ID = "chatcmpl-0d8f4c0e52f15a9f8a0e3f5f6f0c9b1a"
_CREATED = 1767607920


class StreamOptions(BaseModel):
    """Of a stream."""

    model_config = ConfigDict(extra="ignore")

    include_usage: StrictBool | None = Field(default=False, description="Whether a last chunk carries the usage.")


class ResponseFormat(BaseModel):
    """The form of the answer: sentences with their citations, which JSON has no place for."""

    model_config = ConfigDict(extra="ignore")

    type: TextForm = Field(description="`text`; `json_object` and `json_schema` are refused.", examples=["text"])


class ChatCompletionRequest(AskingRequest):
    """OpenAI's request. What is not listed here is accepted and has no effect: the documents decide the answer.

    A field that is null is as if it were not there.
    """

    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=1000)] = Field(
        description="The last one of the user is the question. Instructions of other roles do not reach the model, nor "
        "does the beginning of an answer behind the question."
    )
    stream_options: StreamOptions | None = Field(default=None, description="Of a stream.")
    n: Literal[1] | None = Field(default=1, description="One answer.")
    response_format: ResponseFormat | None = Field(default=None, description="The form of the answer.")
    function_call: NoFunctions = Field(default=None, description="Refused: no function is ever called.")
    functions: NoFunctions = Field(default=None, description="Refused: no function is ever called.")

    def spoken(self) -> list[ChatMessage]:
        return self.messages


class CompletionUsage(BaseModel):
    """Tokens of the language model over all calls for this answer; 0 for an extractive one."""

    prompt_tokens: int = Field(description="Tokens read.", examples=[0])
    completion_tokens: int = Field(description="Tokens written.", examples=[0])
    total_tokens: int = Field(description="Both.", examples=[0])
    cost_usd: float | None = Field(
        description="What they cost, by a list of prices; null when the model is not on it.", examples=[0.0]
    )

    @classmethod
    def of(cls, answer: Answer) -> CompletionUsage:
        read, written = answer.usage.prompt_tokens, answer.usage.completion_tokens
        return cls(
            prompt_tokens=read, completion_tokens=written, total_tokens=read + written, cost_usd=answer.usage.cost_usd
        )


def openai_finish_reason(reason: FinishReason) -> OpenAIFinishReason:
    """The reason as OpenAI's clients know it. For a draft that broke off they have none, only `length` for cut ones."""
    match reason:
        case FinishReason.STOP:
            return "stop"
        case FinishReason.CONTENT_FILTER:
            return "content_filter"
        case FinishReason.LENGTH | FinishReason.INCOMPLETE:
            return "length"


class Evidence(BaseModel):
    """What OpenAI's format has no place for; clients find it as additional fields."""

    answer_id: str | None = Field(description=ANSWER_ID, examples=["7d3c0c55-1f0e-4f0f-9a55-0c2c53a4f5f1"])
    answered: bool = Field(description="False when the documents do not hold an answer.", examples=[True])
    mode: AnswerMode = Field(description="`gpt` or `extractive`.", examples=["extractive"])
    citations: list[CitationOut] = Field(description="The sources that the answer cites.")
    validation: ValidationOut
    finish_reason: FinishReason = Field(description=FINISH_REASON, examples=["stop"])
    as_of: str = Field(description=ANSWER_AS_OF, examples=["2026-01-05T12:00:00.000000Z"])

    @classmethod
    def of(cls, answer: Answer) -> Evidence:
        return cls(
            answer_id=answer.answer_id or None,
            answered=answer.answered,
            mode=answer.mode,
            citations=[CitationOut.of(citation) for citation in answer.citations],
            validation=ValidationOut.of(answer),
            finish_reason=answer.finish_reason,
            as_of=answer.as_of,
        )


class AssistantMessage(BaseModel):
    """The answer."""

    role: Literal["assistant"] = Field(default="assistant", description="Always `assistant`.")
    content: str = Field(
        description="The answer, with source numbers in brackets.",
        examples=["Amazon SQS keeps a message for 4 days by default [1]."],
    )


class Choice(BaseModel):
    """The one choice."""

    index: Literal[0] = Field(default=0, description="Always 0.")
    message: AssistantMessage
    finish_reason: OpenAIFinishReason = Field(
        description="Why the answer ends, in OpenAI's words: a draft that broke off reads `length` too.",
        examples=["stop"],
    )


class ChatCompletionResponse(Evidence):
    """OpenAI's chat completion, with the evidence beside it."""

    id: str = Field(description="Id of the reply.", examples=[_ID])
    object: Literal["chat.completion"] = Field(default="chat.completion", description="Always `chat.completion`.")
    created: int = Field(description="Unix time in seconds.", examples=[_CREATED])
    model: str = Field(description="The model that was asked for.", examples=[MODEL])
    choices: list[Choice] = Field(description="One.")
    usage: CompletionUsage


class Delta(BaseModel):
    """What a chunk adds to the answer."""

    role: Literal["assistant"] | None = None
    content: str | None = None

    @model_serializer
    def _only_what_is_said(self) -> dict[str, str]:
        said = {"role": self.role, "content": self.content}
        return {name: value for name, value in said.items() if value is not None}


class ChunkChoice(BaseModel):
    """The one choice of a chunk."""

    index: int = 0
    delta: Delta
    finish_reason: OpenAIFinishReason | None = None


class Chunk(BaseModel):
    """One chunk of a stream; the one with a `finish_reason` carries the evidence."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str = MODEL
    choices: Sequence[ChunkChoice]
    usage: CompletionUsage | None = None


class LastChunk(Chunk, Evidence):
    """The chunk with the `finish_reason`."""


class ModelOut(BaseModel):
    """A model in OpenAI's sense: this service."""

    id: str = Field(description="Its name in requests.", examples=[MODEL])
    object: Literal["model"] = Field(default="model", description="Always `model`.")
    created: int = Field(default=_CREATED, description="Unix time in seconds; has no meaning here.")
    owned_by: str = Field(default=MODEL, description="This service.")


class ModelList(BaseModel):
    """The models."""

    object: Literal["list"] = Field(default="list", description="Always `list`.")
    data: list[ModelOut] = Field(description="One.")
