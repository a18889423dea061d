"""Text in a document that speaks to a language model: it is no evidence, nor is the rest of its line or paragraph."""

from __future__ import annotations

import re

_ORDERS_TO_SAY = (
    # With what is to be said right behind it, or "answer", "say" and "reply" would be words like any other.
    r"\b(?:must|should|shall|always|only|please|now)\s+(?:only |always |just )?"
    r"(?:answer|reply|respond|say|output|print|write)\b[^.\n]{0,30}[:\u201c\"]"
    r"|\b(?:answer|reply|respond|repeat|output|say|print)\s+"
    r"(?:only|with|after me|back|verbatim|exactly|this|the following)\b[^.\n]{0,40}[:\u201c\"]"
    r"|\byour (?:answer|reply|response|output) (?:must|should|shall|has to|is to|will) be\b"
    r"|(?:^|[.!?]\s)\s*(?:now\s+)?(?:say|repeat|output)\s*:"
)
_IN_OTHER_LANGUAGES = (
    r"\b(?:ignorier|missacht|vergiss|vergesse)\w*\b[^.\n]{0,60}\b(?:anweisung|regel|vorgabe|instruktion)"
    r"|\b(?:ignor[ae]|ignorez|olvid[ae]|oubli(?:e|ez)|dimentica|esque[çc]a)\b[^.\n]{0,60}"
    r"\b(?:instruc|istruzion|instru[çc]|consigne|regla|regra|regol|règle)"
    r"|(?:игнориру|забудь)\w*\b[^.\n]{0,60}\b(?:инструкц|правил|указани)"
    r"|(?:忽略|无视|無視|忘记|忘れ)[^。\n]{0,20}(?:指令|说明|規則|规则|提示|指示)|指示[^。\n]{0,10}(?:無視|忘れ)"
)
_SPEAKS_TO_MODEL = re.compile(
    r"\b(?:ignore|disregard|forget|overrides?|bypass)\b[^.\n]{0,60}\b(?:instruction|prompt|rule|guideline|direction)s?\b"
    r"|\b(?:ignore|disregard|forget)\b[^.\n]{0,20}\b(?:everything|anything|all)\b[^.\n]{0,20}\b(?:above|before|previous)"
    r"|\b(?:system|developer) (?:prompt|message|override)\b|\bnew instructions?\s*:"
    r"|\b(?:you are|act as|as) (?:now )?an? (?:ai|llm|language model|assistant|chatbot)\b"
    r"|\b(?:ai|llms?|language models?|chatbots?)\b[^.\n]{0,30}\b(?:must|should|shall|please)\b"
    r"[^.\n]{0,20}\b(?:say|answer|reply|respond|output|tell|print)\b"
    r"|<\|?/?(?:im_start|im_end|system|assistant|user|inst)\|?>|\[/?INST\]"
    # The delimiters of our own prompt, and a conversation that never was.
    r"|</documents>|<document number=|^(?:user|human)\s*:.*\n\s*(?:assistant|ai|model|bot)\s*:"
    rf"|{_ORDERS_TO_SAY}|{_IN_OTHER_LANGUAGES}",
    re.IGNORECASE | re.MULTILINE,
)
_PARAGRAPH_END = re.compile(r"\n\s*\n")


def injected_spans(text: str) -> list[tuple[int, int]]:
    """[start, end) in characters of each."""
    spans = []
    for match in _SPEAKS_TO_MODEL.finditer(text):
        end = _PARAGRAPH_END.search(text, match.end())
        spans.append((match.start(), end.start() if end else len(text)))
    return spans
