"""Whether a question asks about something that the documents do not have, where they say the same of its like.

`What does the crane of the harbour cost?` is answered by the row of the crane. Where there is none, the rows of other
things come nearest, and are wrong however near: none of them is named, and what is named stands nowhere.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from portfolio_rag.answering.grounding.claim import Claim
from portfolio_rag.answering.grounding.evidence import SourceText
from portfolio_rag.answering.grounding.labels import Label, Mention, are_parallel, cells_of, label_of_row, labels_of
from portfolio_rag.answering.grounding.source_sentences import Sentence
from portfolio_rag.domain.chunks import BlockKind
from portfolio_rag.text.language.content_words import terms, words_of
from portfolio_rag.text.language.identifiers import identifiers, named_identifiers, shape
from portfolio_rag.text.language.language_detection import language_of
from portfolio_rag.text.language.name_variants import missing_names

_GENERAL_LIST = """
    able accept across actually add against agree allow alone along already always among amount anybody anyone
    anything anyway anywhere apart appear apply approximately around ask assume automatically available avoid away
    become began begin begun believe belong beside best better beyond big bring brought build built call came carry
    cause charge choose chose chosen close collect come compare complete consider contain continue cost count create
    date day decide default depend describe differ do else end enough enter event ever everybody everyone everything
    everywhere exactly exceed exist expect explain fail fallen fast fee feel felt fill find finish fit follow forget
    gave get give given go goes gone good got gotten grew grown happen hear height held high hold hope include
    increase instead keep kept kind knew know known large last later learn least leave length let like likely list
    long look lose lost low made make manage many matter maybe mean meet met money month most mostly move name need
    never next nobody none nothing now nowhere number occur offer old one onto operate order paid part pay people
    perhaps person pick place possible prefer prevent price provide pull purpose push put raise ran rate reach react
    really reason receive recommend reduce reject remain remember remove require respond roughly run said saw say
    see seem seen send sent serve set several show shown shut simply sit size slow small somebody someone something
    somewhere soon sort spend start state stay still stop suggest suppose sure take taken talk tell tend thing think
    thought threw throw thrown time together told tomorrow took total toward towards try turn type typical typically
    understand understood unless use user usual usually value wait want way week went whether width wish without
    wonder work worry write written wrong wrote year
"""
_GENERAL = frozenset(terms(_GENERAL_LIST))
"""Words by which a question says how it asks: they name no thing that a document would have to have."""

_KIND_LIST = "edition licence model package plan release subscription tariff tier variant version"
_KINDS = frozenset(terms(_KIND_LIST))

_HOW_MUCH = re.compile(r"\bhow much\s+([^\W\d_]+)", re.IGNORECASE)
"""What is asked for so is no kind of thing but the thing itself: `how much salt`."""
_CODE_NAME = re.compile(r"\b(?:[^\W_]+(?:_[^\W_]+)+|[a-z]+(?:[A-Z][a-z]+)+)\b")
_THING = re.compile(
    r"\b(?:an?|the|my|your|our|their|any|some|many|much|which|per|on|at|during|for|each|every"
    r"|eine?[nmrs]?|de[rnm]|die|das|meine?[nmrs]?|viele|wieviele|welche[rsnm]?)\s+([^\W\d_]+)",
    re.IGNORECASE,
)
"""What a question asks of, which is no verb."""
_SERIES = 2
_JOINT = re.compile(r"[-_.\s]")
"""What joins the words of a name in code is written one way here and another there."""
_SENTENCE_END = re.compile(r"[.:;!?\n]")
_NAMES_HAVE_CAPITALS = ("en", "")
"""In German all nouns have."""

_ASKS_WHO = re.compile(r"\W*who[ms]?e?\b", re.IGNORECASE)
_ASKED_KIND = re.compile(
    r"\b(?:which|what|whose|how (?:many|much))\s+(?:(?:kinds?|types?|sorts?|other)\s+(?:of\s+)?)?(?P<kind>[^\W\d_]+)"
    r"|\bhow\s+[^\W\d_]+|\b[^\W\d_]{3,}(?:est|ly)\b",
    re.IGNORECASE,
)
"""The kind of thing that is asked for, and how: a document need not name either."""


def absent_subject(
    question: str,
    best: Sentence,
    source: SourceText,
    sources: Sequence[SourceText],
    told: frozenset[str] = frozenset(),
) -> str:
    """The word of the question that names what no source has, when `best` is about another thing of its kind.

    Empty where the question names what the sentence is about, or where the sentence has nothing of its kind beside it
    and shares a word with the question. `told` are words of it that name the sentence, which need not stand anywhere.
    """
    asked = Claim("", question).asked_terms - told
    if name := _unknown_code_name(question, sources) or _unknown_of_series(question, sources):
        return name
    if asked <= (known := frozenset().union(*(text.all_terms for text in sources))):
        return ""
    general = _general_words(question)
    unknown = asked - known - general
    much = frozenset(terms(" ".join(_HOW_MUCH.findall(question))))
    wanted = unknown - (frozenset(terms(" ".join(m.group() for m in _ASKED_KIND.finditer(question)))) - much)
    texts = [f"{text.context}\n{text.text}" for text in sources]
    missing = missing_names(wanted, question, texts) if wanted else frozenset()
    if not missing:
        return ""
    named = (
        _names_of_kinds(question, sources) | _names_beside(question, best) | _names_of_siblings(question, best, source)
    )
    if missing & named:
        return min(missing & named)
    if _is_all_but_title(missing | general, asked, best, source) and _says_nothing_to_it(question, asked, best):
        return min(missing)
    if any(_tells_apart(labels, asked) is False for labels in _sibling_labels(best, source)):
        return min(missing)
    if (names := missing & _later_names(question)) and _is_said_of_several(best, source, sources, asked):
        return min(names)
    return ""


def absent_question(question: str, best: Sentence, sources: Sequence[SourceText]) -> str:
    """The word of the question that no source has, when `best` answers another one that is asked of several things.

    `How long may I keep a book?` and `... a film?` beside each other answer no question about a game.
    """
    own = Label(best.heading_path[-1]).terms
    headings = {sentence.heading_path[-1] for text in sources for sentence in text.sentences if sentence.heading_path}
    alike = [
        label.terms
        for heading in sorted(headings)
        if heading.rstrip().endswith("?") and own & (label := Label(heading)).terms and label.terms - own
    ]
    asked = Claim("", question).asked_terms
    beside = ([its for its in alike if own - its == {word} and len(its - own) == 1] for word in own)
    if not any(_tells_apart([own, *others], asked) is False for others in beside):
        return ""
    known = frozenset().union(*(text.all_terms for text in sources))
    texts = [f"{text.context}\n{text.text}" for text in sources]
    things = frozenset(terms(" ".join(_THING.findall(question))))
    wanted = (asked & things) - known - _general_words(question)
    return min(missing_names(wanted, question, texts), default="")


def _general_words(question: str) -> frozenset[str]:
    """Those that name no thing in this question; with a capital inside it they may: `the Best plan`."""
    return _GENERAL - _later_names(question)


def _unknown_code_name(question: str, sources: Sequence[SourceText]) -> str:
    """What the question writes as code does, and no source writes however it joins the words; empty for none."""
    names = [match.group() for match in _CODE_NAME.finditer(question)]
    written = "\n".join(_JOINT.sub("", f"{text.context}\n{text.text}").casefold() for text in sources) if names else ""
    return next((name for name in names if _JOINT.sub("", name).casefold().removesuffix("s") not in written), "")


def _unknown_of_series(question: str, sources: Sequence[SourceText]) -> str:
    """A code in the question that no source has, where one of them has several of its series."""
    codes = {code for code in named_identifiers(question) if "#" not in code and not code[0].isdigit()}
    if not codes:
        return ""
    held = [identifiers(f"{source.context}\n{source.text}") for source in sources]
    unknown = codes - frozenset().union(*held)
    of_series = (
        code for code in unknown if any(sum(shape(code) == shape(own) for own in its) >= _SERIES for its in held)
    )
    return min(of_series, default="")


def _names_beside(question: str, best: Sentence) -> frozenset[str]:
    """The names in the question before a word before which the sentence or its place has a name: `the Plus add-on`."""
    if language_of(question) not in _NAMES_HAVE_CAPITALS:
        return frozenset()
    kinds = {kind for _, kind in _names_before(f"{best.context}\n{best.text}")}
    return frozenset(name for name, kind in _names_before(question) if kind in kinds)


def _names_before(text: str) -> Iterator[tuple[str, str]]:
    """Each word with a capital inside a sentence before one without, as terms."""
    for before, word, following in zip(words := words_of(text), words[1:], words[2:], strict=False):
        is_inside = not _SENTENCE_END.search(text, before.end, word.start)
        if word.term and word.capital and following.term and not following.capital and is_inside:
            yield word.term, following.term


def _later_names(question: str) -> frozenset[str]:
    """The words with a capital behind the first one: `Africa` in `What does the plan cost in Africa?`."""
    return frozenset(word.term for word in words_of(question)[1:] if word.term and word.capital)


def _is_said_of_several(
    best: Sentence, source: SourceText, sources: Sequence[SourceText], asked: frozenset[str]
) -> bool:
    """Whether another section says the same with another value, and no word of the question tells which is meant."""
    own = frozenset(terms("\n".join(best.heading_path)))
    return any(
        sentence.heading_path != best.heading_path
        and sentence.quantities
        and best.quantities
        and are_parallel(best, sentence)
        and asked.isdisjoint(own ^ frozenset(terms("\n".join(sentence.heading_path))))
        for text in sources
        if text.document == source.document
        for sentence in text.sentences
    )


def _is_all_but_title(unknown: frozenset[str], asked: frozenset[str], best: Sentence, source: SourceText) -> bool:
    """Whether all that is asked about the document's subject, beyond naming that, is unknown."""
    titles = frozenset(terms("\n".join((*best.heading_path[:1], source.context.split("\n", 1)[0]))))
    return bool(asked & titles) and asked - titles <= unknown


def _says_nothing_to_it(question: str, asked: frozenset[str], best: Sentence) -> bool:
    """Whether the sentence has no word of the question, or names nobody where it is asked who."""
    return asked.isdisjoint(best.terms) or (bool(_ASKS_WHO.match(question)) and not best.facts.names - asked)


def _names_of_kinds(question: str, sources: Sequence[SourceText]) -> frozenset[str]:
    """The names in the question before a word by which a document calls such things: `the Regional plan`.

    Those words are the columns that name the rows of its tables, the headings above several others, and the usual ones.
    """
    kinds = set(_KINDS)
    below: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for source in sources:
        for sentence in source.sentences:
            if cells := cells_of(sentence):
                kinds.update(terms(cells[0][0]))
            path = sentence.heading_path
            for depth in range(2, len(path)):  # The first heading is that of the document.
                below[source.document, *path[:depth]].add(path[depth])
    for (*_, heading), headings in below.items():
        if len(headings) > 1:
            kinds.update(terms(heading)[-1:])
    words = words_of(question)
    return frozenset(
        word.term for word, following in pairwise(words[1:]) if word.term and word.capital and following.term in kinds
    )


def _names_of_siblings(question: str, best: Sentence, source: SourceText) -> frozenset[str]:
    """The words of the question before the last one of headings: `icy pool` of `Warm pool` and `Sports pool`.

    None where it has a word that tells those headings apart.
    """
    *above, own = best.heading_path or ("",)
    paths = (sentence.heading_path for sentence in source.sentences)
    beside = sorted({path[len(above)] for path in paths if path[: len(above)] == (*above,) and len(path) > len(above)})
    kind = terms(own)[-1:]
    alike = [frozenset(terms(heading)) for heading in beside if terms(heading)[-1:] == kind]
    if not kind or _tells_apart(alike, Mention(question).terms) is not False:
        return frozenset()
    words = words_of(question)
    return frozenset(word.term for word, following in pairwise(words) if word.term and following.term == kind[0])


def _tells_apart(labels: Sequence[frozenset[str]], asked: frozenset[str]) -> bool | None:
    """Whether the question has a word that tells one of the labels from the others; None of fewer than two."""
    if len(labels) < 2:
        return None
    telling = frozenset().union(*labels) - frozenset.intersection(*labels)
    return not asked.isdisjoint(telling)


def _sibling_labels(best: Sentence, source: SourceText) -> Iterator[list[frozenset[str]]]:
    """What the rows, the items or the sentences are called that say the same of other things as `best` does."""
    beside = [
        sentence
        for sentence in source.sentences
        if sentence.heading_path == best.heading_path and sentence.kind is not BlockKind.HEADING
    ]
    if len(own_cells := cells_of(best)) == 1:
        name = own_cells[0][0]
        alike = (sentence for sentence in source.sentences if [cell for cell, _ in cells_of(sentence)] == [name])
        yield list(dict.fromkeys(sentence.context_terms for sentence in alike))
    if own_cells:
        rows = [cells_of(sentence) for sentence in beside if sentence.lead_in == best.lead_in]
        yield [frozenset(terms(label_of_row(row))) for row in rows if row]
        return
    own = {slot for slot, _ in labels_of(source, best) if slot[0] == "item"}
    for slot in own:
        named = (label for sentence in beside for at, label in labels_of(source, sentence) if at == slot)
        yield [frozenset(terms(label)) for label in dict.fromkeys(named)]
    dimensions = {quantity.dimension for quantity in best.quantities}
    yield [
        sentence.wording
        for sentence in beside
        if best.wording & sentence.wording and dimensions & {quantity.dimension for quantity in sentence.quantities}
    ]
