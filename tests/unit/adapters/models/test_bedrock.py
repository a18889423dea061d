"""Bedrock's Converse: against the emulator's, and in the shapes that AWS documents where that always says the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError, NoCredentialsError, ReadTimeoutError
from botocore.stub import Stubber

from portfolio_rag.adapters.models.bedrock import BedrockModel
from portfolio_rag.adapters.models.openai import LONGER_ANSWER_TOKENS, MAX_ANSWER_TOKENS
from portfolio_rag.answering.generation.cost import cost_of
from portfolio_rag.composition.answering import AnsweringParts
from portfolio_rag.domain.answers import FinishReason
from portfolio_rag.domain.errors import ConfigurationError, LanguageModelUnavailable
from portfolio_rag.local.throwaway_emulator import throwaway_emulator
from portfolio_rag.ports.language_model import ChatCompletion
from portfolio_rag.settings.environment import Settings

MODEL = "us.amazon.nova-lite-v1:0"
MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hello?"},
    {"role": "assistant", "content": "Hello."},
    {"role": "user", "content": "And now?"},
]


def client(endpoint_url: str | None = None) -> Any:
    return boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=endpoint_url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with throwaway_emulator(tmp_path_factory.mktemp("emulator")) as url:
        yield url


def test_an_answer_of_the_emulator(emulator: str) -> None:
    completion = BedrockModel(client(emulator), lambda: MODEL).complete(MESSAGES, temperature=0.1)
    assert completion.text
    assert (completion.model, completion.finish_reason) == (MODEL, FinishReason.STOP)
    assert completion.prompt_tokens > 0
    assert completion.completion_tokens > 0


def test_a_stream_of_the_emulator_ends_with_the_whole(emulator: str) -> None:
    *pieces, whole = BedrockModel(client(emulator), lambda: MODEL).stream(MESSAGES, temperature=0.1)
    assert isinstance(whole, ChatCompletion)
    assert len(pieces) > 1
    assert "".join(str(piece) for piece in pieces) == whole.text
    assert whole.finish_reason is FinishReason.STOP
    assert whole.completion_tokens > 0


def answer(text: str, reason: str = "end_turn", tokens: int = 7) -> dict[str, Any]:
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
        "stopReason": reason,
        "usage": {"inputTokens": 11, "outputTokens": tokens, "totalTokens": 11 + tokens},
        "metrics": {"latencyMs": 5},
    }


def request(max_tokens: int = MAX_ANSWER_TOKENS, **more: Any) -> dict[str, Any]:
    return {
        "modelId": MODEL,
        "system": [{"text": "Be brief."}],
        "messages": [
            {"role": "user", "content": [{"text": "Hello?"}]},
            {"role": "assistant", "content": [{"text": "Hello."}]},
            {"role": "user", "content": [{"text": "And now?"}]},
        ],
        "inferenceConfig": {"maxTokens": max_tokens, "temperature": 0.1},
        **more,
    }


def asked(script: Callable[[Stubber], None], schema: Mapping[str, Any] | None = None) -> ChatCompletion:
    stubbed = client()
    with Stubber(stubbed) as stub:
        script(stub)
        completion = BedrockModel(stubbed, lambda: MODEL).complete(MESSAGES, temperature=0.1, schema=schema)
        stub.assert_no_pending_responses()
    return completion


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("end_turn", FinishReason.STOP),
        ("stop_sequence", FinishReason.STOP),
        ("content_filtered", FinishReason.CONTENT_FILTER),
        ("guardrail_intervened", FinishReason.CONTENT_FILTER),
        ("malformed_model_output", FinishReason.INCOMPLETE),
    ],
)
def test_the_end_is_told_by_its_reason(said: str, meant: FinishReason) -> None:
    completion = asked(lambda stub: stub.add_response("converse", answer("Now.", said), request()))
    assert completion == ChatCompletion("Now.", MODEL, 11, 7, meant)


def test_an_answer_that_is_cut_is_asked_for_once_more_at_more_length() -> None:
    def script(stub: Stubber) -> None:
        stub.add_response("converse", answer("Now and", "max_tokens", 1000), request())
        stub.add_response("converse", answer("Now and then.", tokens=1200), request(LONGER_ANSWER_TOKENS))

    assert asked(script) == ChatCompletion("Now and then.", MODEL, 22, 2200, FinishReason.STOP)


def test_a_cut_answer_is_kept_where_the_model_has_no_more_room() -> None:
    def script(stub: Stubber) -> None:
        stub.add_response("converse", answer("Now and", "max_tokens", 1000), request())
        stub.add_client_error("converse", "ValidationException", "too many tokens")

    assert asked(script) == ChatCompletion("Now and", MODEL, 11, 1000, FinishReason.LENGTH)


SCHEMA = {"type": "object", "properties": {"supported": {"type": "boolean"}}}
FORM = {
    "textFormat": {
        "type": "json_schema",
        "structure": {
            "jsonSchema": {
                "name": "reply",
                "schema": '{"type": "object", "properties": {"supported": {"type": "boolean"}}}',
            }
        },
    }
}


def test_a_schema_is_asked_for() -> None:
    reply = '{"supported": true}'
    completion = asked(lambda stub: stub.add_response("converse", answer(reply), request(outputConfig=FORM)), SCHEMA)
    assert completion.text == reply


def test_a_model_that_follows_no_schema_is_asked_without() -> None:
    def script(stub: Stubber) -> None:
        stub.add_client_error("converse", "ValidationException", "outputConfig is not supported", expected_params=None)
        stub.add_response("converse", answer("{}"), request())

    assert asked(script, SCHEMA).text == "{}"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AccessDeniedException", "bedrock:InvokeModel"),
        ("ResourceNotFoundException", "Check BEDROCK_MODEL"),
        ("ValidationException", "Check BEDROCK_MODEL"),
        ("ThrottlingException", "quota"),
        ("InternalServerException", "Try again later"),
    ],
)
def test_a_refusal_says_what_to_do(code: str, words: str) -> None:
    with pytest.raises(LanguageModelUnavailable, match=words):
        asked(lambda stub: stub.add_client_error("converse", code, "no"))


class Broken:
    """A client whose calls end so, the stream after its first piece where it has one."""

    def __init__(self, error: Exception, piece: str = "") -> None:
        self._error = error
        self._piece = piece

    def converse(self, **_: Any) -> dict[str, Any]:
        raise self._error

    def converse_stream(self, **_: Any) -> dict[str, Any]:
        if not self._piece:
            raise self._error
        return {"stream": self._events()}

    def _events(self) -> Iterator[dict[str, Any]]:
        yield {"contentBlockDelta": {"delta": {"text": self._piece}, "contentBlockIndex": 0}}
        raise self._error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NoCredentialsError(), "no AWS credentials"),
        (ReadTimeoutError(endpoint_url="https://bedrock"), "in time"),
        (ConnectTimeoutError(endpoint_url="https://bedrock"), "cannot be reached"),
    ],
)
def test_what_does_not_reach_it_says_so(error: Exception, words: str) -> None:
    model = BedrockModel(Broken(error), lambda: MODEL)
    with pytest.raises(LanguageModelUnavailable, match=words):
        model.complete(MESSAGES, temperature=0.1)
    with pytest.raises(LanguageModelUnavailable, match=words):
        list(model.stream(MESSAGES, temperature=0.1))


def test_a_stream_that_breaks_off_is_no_answer() -> None:
    pieces = BedrockModel(Broken(ReadTimeoutError(endpoint_url="https://bedrock"), "Now"), lambda: MODEL).stream(
        MESSAGES, temperature=0.1
    )
    assert next(pieces) == "Now"
    with pytest.raises(LanguageModelUnavailable, match="broke off"):
        next(pieces)


def test_a_stream_without_an_end_is_incomplete() -> None:
    class Endless:
        def converse_stream(self, **_: Any) -> dict[str, Any]:
            def events() -> Iterator[dict[str, Any]]:
                yield {"contentBlockDelta": {"delta": {"text": "Now"}, "contentBlockIndex": 0}}

            return {"stream": events()}

    *_, whole = BedrockModel(Endless(), lambda: MODEL).stream(MESSAGES, temperature=0.1)
    assert whole == ChatCompletion("Now", MODEL, 0, 0, FinishReason.INCOMPLETE)


def test_it_is_chosen_by_the_provider(tmp_path: Path) -> None:
    def parts(**options: str) -> AnsweringParts:
        return AnsweringParts(Settings(model_dir=str(tmp_path), **options))  # type: ignore[arg-type]

    chosen = parts(chat_provider="bedrock", bedrock_model=MODEL, validation_judge="true")
    assert isinstance(chosen.language_model, BedrockModel)
    assert chosen.chat_model() == MODEL
    assert chosen.judge is not None
    assert parts(chat_provider="none", openai_api_key="sk-test").language_model is None
    assert parts().language_model is None
    assert parts(openai_api_key="sk-test").language_model is not None


def test_a_provider_that_cannot_work_is_named_at_the_start() -> None:
    with pytest.raises(ConfigurationError, match="CHAT_PROVIDER must be"):
        Settings.from_env({"CHAT_PROVIDER": "ollama"})
    with pytest.raises(ConfigurationError, match="OPENAI_API_KEY is not set"):
        Settings.from_env({"CHAT_PROVIDER": "openai"})


def test_an_inference_profile_costs_what_its_model_costs() -> None:
    assert cost_of(MODEL, 1_000_000, 1_000_000, {}).cost_usd == pytest.approx(0.30)
