"""A source text as evidence, and a claim to be checked against it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from portfolio_rag.answering.grounding.value_attribution import WordPositions
from portfolio_rag.domain.chunks import BlockKind, ChunkPart
from portfolio_rag.text.language.abbreviations import spelled_out
from portfolio_rag.text.language.content_words import Word, terms, words_of
from portfolio_rag.text.language.facts import Facts, extract_facts
from portfolio_rag.text.language.identifiers import identifiers
from portfolio_rag.text.language.language_detection import function_terms, language_of
from portfolio_rag.text.language.name_variants import NameForms
from portfolio_rag.text.language.negations import NEGATION
from portfolio_rag.text.language.quantities import Quantity
from portfolio_rag.text.language.sentences import sentences
from portfolio_rag.text.language.struck_out import blanked

_NEAR_SENTENCES = 2
"""A value may stand this far from the sentences that hold the rest of the claim; further off it is another value."""

_PASSAGE_SENTENCES = 6
"""What a text says of a matter stands this near to the sentence that says most of it."""

_FACT_WEIGHT = 2.0
"""A name or number weighs as much as this many plain content words."""

# Text in a document that speaks to a language model is no evidence, nor is the rest of its line or paragraph.
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
_BLANKS = re.compile(r"\s+")
_LINE = re.compile(r"[^\n]+")
LIST_ITEM = re.compile(r"^[ \t]*((?:[-*+•–]|(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{2,5})[.)])[ \t]+)", re.MULTILINE)
_LONG_ITEM = 200
"""Characters beyond which an item of a list is read by its sentences."""
_LONG_SENTENCE = 350
"""Characters beyond which a `sentence` is a table or a list: its lines are its sentences."""


_CLAUSE_START = re.compile(r"[.!?;:,|]\s")
_CLAUSE_CHARACTERS = 60
"""Before what stands there word for word in which a negation may stand that turns it."""


def folded(text: str) -> str:
    """`text` as it is compared word for word: case and blanks do not count."""
    return _BLANKS.sub(" ", text).strip(" .").casefold()


@dataclass(frozen=True)
class Sentence:
    """[start, end) in the source's text: a sentence, an item of a list, a row of a table or a heading.

    `heading_path` is the one that it stands under; `lead_in` what leads its list or table in, and the item above it in
    a list of lists. `kind` is None where the source does not say.
    """

    start: int
    end: int
    text: str
    heading_path: tuple[str, ...] = ()
    lead_in: str = ""
    kind: BlockKind | None = None

    @property
    def context(self) -> str:
        return "\n".join((*self.heading_path, self.lead_in)) if self.lead_in else "\n".join(self.heading_path)

    @property
    def is_question(self) -> bool:
        """A question states nothing, whatever it is that it asks."""
        return self.text.rstrip().endswith("?")

    @cached_property
    def terms(self) -> frozenset[str]:
        """Those of its words and of the words that its abbreviations stand for."""
        return frozenset(terms(self.text)) | spelled_out(self.text)

    @cached_property
    def context_terms(self) -> frozenset[str]:
        return frozenset(terms(self.context))

    @cached_property
    def identifiers(self) -> frozenset[str]:
        """Those of its text."""
        return identifiers(self.text)

    @cached_property
    def context_identifiers(self) -> frozenset[str]:
        return identifiers(self.context).union(*(heading_number(heading) for heading in self.heading_path))

    @cached_property
    def facts(self) -> Facts:
        return extract_facts(self.text)

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        return self.facts.quantities

    @cached_property
    def wording(self) -> frozenset[str]:
        """Its content words without numbers and dates."""
        return frozenset(terms(self.facts.wording))


_NUMBER_FIRST = re.compile(r"\s*(?:v|version\s)?(\d+(?:\.\d+)*)[.)]?(?=\s|$)", re.IGNORECASE)


def heading_number(heading: str) -> frozenset[str]:
    """The number that a heading begins with, as an identifier: `3. Payment` gives `#3`, `2.1 Rent` gives `2.1`."""
    match = _NUMBER_FIRST.match(heading)
    if match is None:
        return frozenset()
    return frozenset([match[1] if "." in match[1] else f"#{int(match[1])}"])


def split_sentences(text: str, parts: Sequence[ChunkPart] = ()) -> list[Sentence]:
    """The sentences of a source that may serve as evidence, in order, each with the place that its part has."""
    barred = _barred(text)
    return [
        sentence
        for sentence in _in_parts(text, parts or [ChunkPart(0)], is_known=bool(parts))
        if not any(sentence.start < stop and begin < sentence.end for begin, stop in barred)
    ]


def _in_parts(text: str, parts: Sequence[ChunkPart], *, is_known: bool) -> Iterator[Sentence]:
    for part, following in zip(parts, [*(part.start for part in parts[1:]), len(text)], strict=True):
        body = text[part.start : following]
        kind = part.kind if is_known else None
        above: list[tuple[int, str]] = []
        for start, end in _pieces(body, kind):
            piece = body[start:end]
            lead_in = part.lead_in
            if kind is BlockKind.LIST:
                indent = start - (body.rfind("\n", 0, start) + 1)
                above = [item for item in above if item[0] < indent]
                lead_in = "\n".join(filter(None, (lead_in, *(item for _, item in above))))
                above.append((indent, piece))
            yield Sentence(part.start + start, part.start + end, piece, part.heading_path, lead_in, kind)


def _pieces(text: str, kind: BlockKind | None) -> list[tuple[int, int]]:
    match kind:
        case BlockKind.TABLE:
            return _lines(text, 0, len(text))
        case BlockKind.HEADING:
            return [(0, len(text.rstrip()))] if text.strip() else []
        case BlockKind.LIST:
            bounds = [match.start(1) for match in LIST_ITEM.finditer(text)] or [0]
            if text[: bounds[0]].strip():
                bounds.insert(0, 0)
            return [
                piece
                for start, end in zip(bounds, [*bounds[1:], len(text)], strict=True)
                for piece in _item_pieces(text, start, end)
            ]
    pieces: list[tuple[int, int]] = []
    for start, end in sentences(text):
        body = text[start:end]
        if "\n" in body and (end - start > _LONG_SENTENCE or "|" in body):
            pieces += _lines(text, start, end)
        else:
            pieces.append((start, end))
    return pieces


def _lines(text: str, start: int, end: int) -> list[tuple[int, int]]:
    lines = (line for line in _LINE.finditer(text, start, end) if line.group().strip())
    return [(line.start(), line.end()) for line in lines]


def _item_pieces(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """An item whole; a long one by its sentences."""
    item = text[start:end].rstrip()
    if not item:
        return []
    if len(item) <= _LONG_ITEM:
        return [(start, start + len(item))]
    return [(start + first, start + last) for first, last in sentences(item)]


def _barred(text: str) -> list[tuple[int, int]]:
    spans = []
    for match in _SPEAKS_TO_MODEL.finditer(text):
        end = _PARAGRAPH_END.search(text, match.end())
        spans.append((match.start(), end.start() if end else len(text)))
    return spans


@dataclass(frozen=True)
class SourceText:
    """One source as evidence. `context` are headings and file name: they may hold a claim's words, not its numbers.

    `document` tells which sources are of one document. `left_out` are sentences about something else than the claim,
    and `set_aside` says why those near to it are.
    """

    number: int
    text: str
    context: str
    sentences: tuple[Sentence, ...]
    document: str = ""
    left_out: tuple[Sentence, ...] = ()
    set_aside: str = ""

    @classmethod
    def build(
        cls, number: int, text: str, context: str, parts: Sequence[ChunkPart] = (), document: str = ""
    ) -> SourceText:
        text = blanked(text)  # what is struck out holds no more
        return cls(number, text, context, tuple(split_sentences(text, parts)), document)

    def without(self, sentences: Sequence[Sentence], reason: str) -> SourceText:
        """The source as if those sentences did not stand in it."""
        kept = tuple(own for own in self.sentences if own not in sentences)
        return replace(self, sentences=kept, left_out=tuple(sentences), set_aside=reason)

    @cached_property
    def left_out_terms(self) -> frozenset[str]:
        """Content words that stand in what was left out, and nowhere else."""
        return frozenset().union(*(sentence.wording for sentence in self.left_out)) - self.all_terms

    def touched(self, start: int, end: int) -> list[Sentence]:
        """The sentences that [start, end) of the text touches."""
        return [sentence for sentence in self.sentences if sentence.start < end and start < sentence.end]

    @cached_property
    def context_terms(self) -> frozenset[str]:
        return frozenset(terms(self.context))

    @cached_property
    def context_identifiers(self) -> frozenset[str]:
        return identifiers(self.context)

    @cached_property
    def all_terms(self) -> frozenset[str]:
        return self.context_terms.union(*(own.terms | own.context_terms for own in self.sentences))

    @cached_property
    def body(self) -> str:
        """What may serve as evidence, without the headings."""
        return "\n".join(sentence.text for sentence in self.sentences)

    @cached_property
    def facts(self) -> Facts:
        """Of the body."""
        return extract_facts(self.body)

    @cached_property
    def word_positions(self) -> WordPositions:
        """Of the words in the body."""
        return WordPositions(words_of(self.body), self._starts)

    @cached_property
    def _starts(self) -> list[int]:
        """Where the sentences begin in the body, and where it ends."""
        starts = [0]
        for sentence in self.sentences:
            starts.append(starts[-1] + len(sentence.text) + 1)
        return starts

    @cached_property
    def lower_terms(self) -> frozenset[str]:
        """Of words that the source writes in lower case somewhere."""
        return frozenset(word.term for word in words_of(f"{self.context}\n{self.body}") if not word.capital)

    @cached_property
    def folded(self) -> str:
        """The body as it is compared word for word."""
        return folded(self.body)

    def has_verbatim(self, text: str) -> bool:
        """Whether the text stands there word for word, and nothing before it in its clause denies it."""
        wanted = folded(text)
        place = self.folded.find(wanted)
        while place >= 0:
            clause = _CLAUSE_START.split(self.folded[max(0, place - _CLAUSE_CHARACTERS) : place])[-1]
            if not NEGATION.search(clause):
                return True
            place = self.folded.find(wanted, place + 1)
        return False

    @cached_property
    def name_forms(self) -> NameForms:
        return NameForms([f"{self.context}\n{self.body}"])

    @cached_property
    def language(self) -> str:
        """Of the body; empty when it does not tell."""
        return language_of(self.body)

    @cached_property
    def context_quantities(self) -> tuple[Quantity, ...]:
        return extract_facts(self.context).quantities

    def held_terms(self, start: int, end: int) -> frozenset[str]:
        """The content words of [start, end) of the text and of the places in which it stands."""
        contexts = (sentence.context_terms for sentence in self.touched(start, end))
        text = self.text[start:end]
        return frozenset(terms(text)).union(spelled_out(text), self.context_terms, *contexts)

    def passage(self, start: int, end: int) -> tuple[frozenset[str], tuple[Quantity, ...]]:
        """The content words and the values of what stands around [start, end) of the text, that included."""
        first, last = self._reach(start, end, _PASSAGE_SENTENCES)
        near = self.sentences[first:last]
        held = self.context_terms.union(*(own.terms | own.context_terms for own in near))
        return held, tuple(quantity for own in near for quantity in own.quantities)

    def around(self, start: int, end: int) -> tuple[int, int]:
        """[start, end) in the body of the sentences that [start, end) of the text touches and those near them."""
        first, last = self._reach(start, end, _NEAR_SENTENCES)
        return self._starts[first], self._starts[last]

    def _reach(self, start: int, end: int, further: int) -> tuple[int, int]:
        """The sentences that [start, end) of the text touches and so many on both sides, as [first, last)."""
        touched = [n for n, one in enumerate(self.sentences) if one.start < end and start < one.end] or [0]
        return max(0, touched[0] - further), min(len(self.sentences), touched[-1] + 1 + further)


@dataclass(frozen=True)
class Claim:
    """A sentence to be checked. `question` is what it answers: what that names, the source need not name again."""

    text: str
    question: str = ""

    @cached_property
    def terms(self) -> frozenset[str]:
        return frozenset(terms(self.text)) - self._function_terms

    @cached_property
    def words(self) -> list[Word]:
        return words_of(self.text)

    @cached_property
    def facts(self) -> Facts:
        return extract_facts(self.text)

    @cached_property
    def language(self) -> str:
        """Empty when its words do not tell."""
        return language_of(self.text)

    @cached_property
    def asked(self) -> Facts:
        return extract_facts(self.question)

    @cached_property
    def asked_terms(self) -> frozenset[str]:
        return frozenset(terms(self.question)) - function_terms(language_of(self.question))

    @cached_property
    def _function_terms(self) -> frozenset[str]:
        return function_terms(language_of(f"{self.question}\n{self.text}"))

    @cached_property
    def wording(self) -> frozenset[str]:
        """The content words without numbers and dates, which are compared by value."""
        return frozenset(terms(self.facts.wording)) - self._function_terms

    def covered(self, held: frozenset[str], quantities: Sequence[Quantity]) -> float:
        """Weighted share, 0 to 1, of the claim's words and values that a text with these ones holds."""
        total = got = 0.0
        for term in self.wording:
            weight = _FACT_WEIGHT if term in self.facts.names else 1.0
            total += weight
            got += weight if term in held else 0.0
        for wanted in self.facts.quantities:
            total += _FACT_WEIGHT
            got += _FACT_WEIGHT if any(wanted.same(other) for other in quantities) else 0.0
        return got / total if total else 0.0
