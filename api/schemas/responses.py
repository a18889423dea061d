"""OpenAI's responses, as far as a question to the documents needs them."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from api.schemas.completions import CompletionUsage, Evidence
from api.schemas.openai_requests import MODEL, AskingRequest, ChatMessage, ContentPart, TextForm
from portfolio_rag.domain.answers import Answer, FinishReason

ResponseStatus = Literal["in_progress", "completed", "incomplete"]

_MARK = re.compile(r"\[(\d+)\??\]")
_NOT_LATER = "A response cannot be asked for and fetched later: nothing is stored here."
_NOTHING_STORED = "Nothing of a response is stored here. Send the earlier messages along in `input`."


def _refused(reason: str, *, unless: object = None) -> BeforeValidator:
    def check(value: Any) -> Any:
        if value is not None and value is not unless:
            raise PydanticCustomError("unsupported", "{reason}", {"reason": reason})
        return None

    return BeforeValidator(check)


NoReference = Annotated[None, _refused(_NOTHING_STORED)]


class InputItem(BaseModel):
    """A message of the conversation. Items of other types, such as calls of tools, have no effect."""

    model_config = ConfigDict(extra="ignore")

    type: str | None = Field(default="message", description="`message`.", examples=["message"])
    role: Literal["user", "assistant", "system", "developer"] | None = Field(
        default=None, description="Who says it.", examples=["user"]
    )
    content: str | list[ContentPart] | None = Field(
        default=None, description="The text.", examples=["How long does Amazon SQS keep a message by default?"]
    )


class TextFormat(BaseModel):
    """The form of the answer."""

    model_config = ConfigDict(extra="ignore")

    type: TextForm = Field(description="`text`; `json_object` and `json_schema` are refused.", examples=["text"])


class TextOptions(BaseModel):
    """How the answer is written."""

    model_config = ConfigDict(extra="ignore")

    format: TextFormat | None = Field(default=None, description="The form of the answer.")


class ResponseRequest(AskingRequest):
    """OpenAI's request. What is not listed here is accepted and has no effect: the documents decide the answer.

    A field that is null is as if it were not there.
    """

    input: str | Annotated[list[InputItem], Field(min_length=1, max_length=1000)] = Field(
        description="The question, or the conversation of which the user's last message is the question.",
        examples=["How long does Amazon SQS keep a message by default?"],
    )
    text: TextOptions | None = Field(default=None, description="How the answer is written.")
    metadata: dict[str, str] | None = Field(default=None, description="Comes back with the response.")
    previous_response_id: NoReference = Field(default=None, description="Refused: nothing is stored.")
    conversation: NoReference = Field(default=None, description="Refused: nothing is stored.")
    prompt: NoReference = Field(default=None, description="Refused: no prompts are stored.")
    background: Annotated[Literal[False] | None, _refused(_NOT_LATER, unless=False)] = Field(
        default=None, description="Refused when true: nothing is stored."
    )

    def spoken(self) -> list[ChatMessage]:
        if isinstance(self.input, str):
            return [ChatMessage(role="user", content=self.input)]
        said = [item for item in self.input if item.type in (None, "message")]
        return [ChatMessage(role=item.role, content=item.content) for item in said if item.role is not None]


class FileCitation(BaseModel):
    """A source of the answer, as OpenAI's clients show it. `citations` of the response has its words."""

    type: Literal["file_citation"] = Field(default="file_citation", description="Always `file_citation`.")
    file_id: str = Field(description="The document.", examples=["5b0f8a52-6c8e-5a0f-9d5e-0f6a5b1f7c11"])
    filename: str = Field(description="Its name.", examples=["sqs-queues.md"])
    index: int = Field(description="Place in the text at which it is first cited.", examples=[49])


class OutputText(BaseModel):
    """The text of the answer."""

    type: Literal["output_text"] = Field(default="output_text", description="Always `output_text`.")
    text: str = Field(
        description="The answer, with source numbers in brackets.",
        examples=["Amazon SQS keeps a message for 4 days by default [1]."],
    )
    annotations: list[FileCitation] = Field(default=[], description="Its sources.")
    logprobs: list[Any] = Field(default=[], description="Always empty.")

    @classmethod
    def of(cls, answer: Answer) -> OutputText:
        places: dict[int, int] = {}
        for mark in _MARK.finditer(answer.text):
            places.setdefault(int(mark[1]), mark.start())
        cited = {citation.number: citation for citation in reversed(answer.citations)}
        sources = [
            FileCitation(file_id=cited[number].document_id, filename=cited[number].filename, index=place)
            for number, place in places.items()
            if number in cited
        ]
        return cls(text=answer.text, annotations=sources)


class OutputMessage(BaseModel):
    """The one item of the output."""

    id: str = Field(description="Id of the message.", examples=["msg_0d8f4c0e52f15a9f8a0e3f5f6f0c9b1a"])
    type: Literal["message"] = Field(default="message", description="Always `message`.")
    role: Literal["assistant"] = Field(default="assistant", description="Always `assistant`.")
    status: ResponseStatus = Field(description="As that of the response.", examples=["completed"])
    content: list[OutputText] = Field(description="One.")


class IncompleteDetails(BaseModel):
    """Why the draft was cut; the answer has whole sentences only."""

    reason: Literal["max_output_tokens", "content_filter"] = Field(
        description="A draft that broke off reads `max_output_tokens` too.", examples=["max_output_tokens"]
    )


class InputTokensDetails(BaseModel):
    cached_tokens: int = Field(default=0, description="Not counted.")
    cache_write_tokens: int = Field(default=0, description="Not counted.")


class OutputTokensDetails(BaseModel):
    reasoning_tokens: int = Field(default=0, description="Not counted apart.")


class ResponseUsage(BaseModel):
    """Tokens of the language model over all calls for this answer; 0 for an extractive one."""

    input_tokens: int = Field(description="Tokens read.", examples=[0])
    input_tokens_details: InputTokensDetails = InputTokensDetails()
    output_tokens: int = Field(description="Tokens written.", examples=[0])
    output_tokens_details: OutputTokensDetails = OutputTokensDetails()
    total_tokens: int = Field(description="Both.", examples=[0])
    cost_usd: float | None = Field(
        description="What they cost, by a list of prices; null when the model is not on it.", examples=[0.0]
    )

    @classmethod
    def of(cls, answer: Answer) -> ResponseUsage:
        usage = CompletionUsage.of(answer)
        return cls(
            input_tokens=usage.prompt_tokens,
            output_tokens=usage.completion_tokens,
            total_tokens=usage.total_tokens,
            cost_usd=usage.cost_usd,
        )


class Response(BaseModel):
    """OpenAI's response, as it stands before the answer is there."""

    id: str = Field(description="Id of the reply.", examples=["resp_0d8f4c0e52f15a9f8a0e3f5f6f0c9b1a"])
    object: Literal["response"] = Field(default="response", description="Always `response`.")
    created_at: int = Field(description="Unix time in seconds.", examples=[1767607920])
    status: ResponseStatus = Field(default="in_progress", description="`incomplete` where the draft was cut.")
    error: None = Field(default=None, description="A response that fails is an error instead.")
    incomplete_details: IncompleteDetails | None = Field(default=None, description="Why it is `incomplete`.")
    instructions: None = Field(default=None, description="Instructions do not reach the model.")
    metadata: dict[str, str] = Field(description="As in the request.", examples=[{}])
    model: str = Field(default=MODEL, description="The model that was asked.")
    output: list[OutputMessage] = Field(default=[], description="The answer, once it is there.")
    parallel_tool_calls: Literal[False] = Field(default=False, description="No tool is called.")
    tool_choice: Literal["none"] = Field(default="none", description="No tool is called.")
    tools: list[Any] = Field(default=[], description="No tool is called.")
    temperature: float | None = Field(default=None, description="As in the request.", examples=[None])
    top_p: None = Field(default=None, description="Has no effect.")
    store: Literal[False] = Field(default=False, description="Nothing is stored.")
    usage: ResponseUsage | None = Field(default=None, description="Once the answer is there.")


class FinishedResponse(Response, Evidence):
    """OpenAI's response, with the evidence beside it."""

    @classmethod
    def finish(cls, begun: Response, message_id: str, answer: Answer) -> FinishedResponse:
        """The response `begun` with its answer."""
        incomplete = _incomplete(answer.finish_reason)
        status: ResponseStatus = "incomplete" if incomplete else "completed"
        return cls(
            **dict(Evidence.of(answer)),
            id=begun.id,
            created_at=begun.created_at,
            metadata=begun.metadata,
            temperature=begun.temperature,
            status=status,
            incomplete_details=incomplete,
            output=[OutputMessage(id=message_id, status=status, content=[OutputText.of(answer)])],
            usage=ResponseUsage.of(answer),
        )


def _incomplete(reason: FinishReason) -> IncompleteDetails | None:
    match reason:
        case FinishReason.STOP:
            return None
        case FinishReason.CONTENT_FILTER:
            return IncompleteDetails(reason="content_filter")
        case FinishReason.LENGTH | FinishReason.INCOMPLETE:
            return IncompleteDetails(reason="max_output_tokens")
