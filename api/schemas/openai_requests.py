"""What OpenAI's two ways to ask have in common: messages, of which the user's last one is the question."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from api.front_ends import is_task
from api.schemas.filters import FilterField
from api.schemas.passages import TOP_K, TopK
from api.schemas.versions import AS_OF, DOCUMENT, AsOfField
from portfolio_rag.answering.generation.question_rewriting import MAX_TURNS
from portfolio_rag.domain.answers import ConversationTurn
from portfolio_rag.domain.errors import InvalidRequest

MODEL = "portfolio-rag"

_TEXT_PARTS = ("text", "input_text", "output_text")

_NO_TOOLS = (
    "{name} cannot be called: every sentence of an answer comes from the documents and is checked against them. "
    'Ask without, or with tool_choice "none".'
)
_NO_FORM = "An answer is made of checked sentences with their citations, which {name} has no place for. Leave it out."


def _only_text(value: Any) -> Any:
    if value != "text":
        raise PydanticCustomError("unsupported", _NO_FORM, {"name": str(value)[:100]})
    return value


TextForm = Annotated[Literal["text"], BeforeValidator(_only_text)]


def _no_functions(value: Any) -> Any:
    if value not in (None, [], "none"):
        raise PydanticCustomError("unsupported", _NO_TOOLS, {"name": "Functions"})
    return None


NoFunctions = Annotated[None, BeforeValidator(_no_functions)]


class ContentPart(BaseModel):
    """A part of a message; only text can be answered."""

    model_config = ConfigDict(extra="ignore")

    type: str = Field(description="`text`, or `input_text` and `output_text` of responses.", examples=["text"])
    text: str = Field(default="", description="The text.", examples=["How long does SQS keep a message?"])


class ChatMessage(BaseModel):
    """One message of the conversation."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant", "tool", "function"] = Field(
        description="Who says it.", examples=["user"]
    )
    content: str | list[ContentPart] | None = Field(
        default=None, description="The text.", examples=["How long does Amazon SQS keep a message by default?"]
    )

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type in _TEXT_PARTS).strip()
        return (self.content or "").strip()

    @property
    def other_parts(self) -> list[str]:
        """The kinds of its parts that are no text."""
        parts = self.content if isinstance(self.content, list) else []
        return [part.type for part in parts if part.type not in _TEXT_PARTS]


class AskingRequest(BaseModel):
    """What is not listed here is accepted and has no effect: the documents decide the answer.

    A field that is null is as if it were not there.
    """

    model_config = ConfigDict(extra="ignore")

    model: str = Field(description="One of `GET /v1/models`.", examples=[MODEL])
    stream: StrictBool | None = Field(default=False, description="Answer as it comes about.")
    temperature: StrictFloat | None = Field(
        default=None, ge=0, le=2, description="Of the language model; above 1 counts as 1.", examples=[0.1]
    )
    tool_choice: Any = Field(
        default=None,
        description='`"none"` and `"auto"`; what demands the call of a tool is refused.',
        examples=["none"],
    )
    tools: list[Any] | None = Field(
        default=None, description='Refused, unless `tool_choice` is `"none"`: no tool is ever called.', examples=[[]]
    )
    top_k: TopK | None = Field(default=None, description=TOP_K)
    filter: FilterField | None = Field(default=None, description="Only documents that pass may answer.")
    as_of: AsOfField | None = Field(default=None, description=AS_OF, examples=["2026-01-05T12:00:00Z"])
    document_id: UUID | None = Field(
        default=None, description=DOCUMENT, examples=["5b0f8a52-6c8e-5a0f-9d5e-0f6a5b1f7c11"]
    )

    @field_validator("tool_choice")
    @classmethod
    def _no_demand(cls, value: Any) -> Any:
        if value not in (None, "none", "auto"):
            raise PydanticCustomError("unsupported", _NO_TOOLS, {"name": "A tool"})
        return value

    @field_validator("tools")
    @classmethod
    def _no_tools(cls, value: list[Any] | None, info: ValidationInfo) -> list[Any] | None:
        if value and info.data.get("tool_choice") != "none":
            raise PydanticCustomError("unsupported", _NO_TOOLS, {"name": "Tools"})
        return value

    def spoken(self) -> list[ChatMessage]:
        """The conversation, oldest message first."""
        raise NotImplementedError

    def question(self) -> str:
        """Raises InvalidRequest unless the last message of the user is a text of 1 to 4,000 characters.

        The prompts with which chat windows ask for a title hold whole answers, and may be longer.
        """
        asked = next((message for message in reversed(self.spoken()) if message.role == "user"), None)
        if asked is not None and asked.other_parts:
            raise InvalidRequest(f"Only text can be asked, not {asked.other_parts[0]:.100}.")
        text = asked.text if asked is not None else ""
        if not 1 <= len(text) <= 4000 and not is_task(text):
            raise InvalidRequest("The last message of the user must be the question: text of 1 to 4,000 characters.")
        return text

    def history(self) -> list[ConversationTurn]:
        """Each earlier question of the user with the answer after it, the last six."""
        messages = self.spoken()
        question = max((place for place, message in enumerate(messages) if message.role == "user"), default=0)
        said = [message for message in messages[: question + 1] if message.role in ("user", "assistant")]
        return [
            ConversationTurn(asked.text, asked.text, answered.text)
            for asked, answered in pairwise(said)
            if (asked.role, answered.role) == ("user", "assistant")
        ][-MAX_TURNS:]
