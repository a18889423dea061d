"""The answer without a language model: the sentences of the sources that answer best, verbatim and cited.

A sentence is scored with the place that it stands in: its own headings and what leads its list in. `Two at a time.`
says nothing by itself, and all under the heading that asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from portfolio_rag.answering.generation.candidate_sentences import (
    ASKED_BY_PLACE,
    MAX_CANDIDATES,
    CandidateSentence,
    is_statement,
    rank_candidate_sentences,
)
from portfolio_rag.answering.generation.context_window import ContextSource
from portfolio_rag.answering.generation.labelled_values import labels_asked
from portfolio_rag.answering.generation.left_empty import is_left_empty
from portfolio_rag.answering.generation.named_places import asked_places, places_of
from portfolio_rag.answering.generation.reading import answer_odds
from portfolio_rag.answering.grounding.absent_subjects import absent_question, absent_subject
from portfolio_rag.answering.grounding.claim import Claim
from portfolio_rag.answering.grounding.drafted_answer import DraftSentence, source_line
from portfolio_rag.answering.grounding.evidence import SourceText
from portfolio_rag.answering.grounding.labels import are_parallel, cells_of, label_of_row
from portfolio_rag.answering.grounding.range_rows import (
    in_place_of,
    is_out_of_columns,
    is_out_of_rows,
    slot_of,
    telling_terms,
)
from portfolio_rag.answering.grounding.source_sentences import LIST_ITEM, Sentence
from portfolio_rag.domain.chunks import BlockKind
from portfolio_rag.ports.embedder import Embedder
from portfolio_rag.ports.reader import Reader
from portfolio_rag.ports.vectors import Vectors
from portfolio_rag.text.language.content_words import coverage, terms
from portfolio_rag.text.language.facts import extract_facts
from portfolio_rag.text.language.identifiers import named_identifiers
from portfolio_rag.text.language.language_detection import language_of
from portfolio_rag.text.language.name_variants import missing_names
from portfolio_rag.text.language.negations import denies

_Line = tuple[int, list[str]]
"""The number of a source, and the sentences of it that stand on one line of the answer."""

MAX_SENTENCES = 3
_READ_LANGUAGES = ("en", "")
"""Of a question: what the reader was trained on, and where its words tell no language."""

_LEANS_ON_PREVIOUS = re.compile(
    r"(?:it|its|they|their|this|these|those|such|he|she|that|however|therefore|also|in addition|for example|"
    r"otherwise)\b",
    re.IGNORECASE,
)
_ASKS_NUMBER = re.compile(
    r"\bhow (?:many|much|long|old|large|big|often|far|fast|high|deep|thick|wide|heavy|tall|warm|cold|hot)\b"
    r"|\bwhat (?:year|percentage|percent|size|number)\b"
    r"|\b(?:maximum|minimum|limit|quota|default (?:number|size|value))\b",
    re.IGNORECASE,
)
_ASKS_TIME = re.compile(r"\bwhen\b|\bwhat (?:year|date|day)\b", re.IGNORECASE)
_QUESTION = re.compile(
    r"\s*(?:.*\?|(?:how|what|when|where|which|who|whom|whose|why|can|may|do|does|is|are|must|should|will)\b.*)\s*",
    re.IGNORECASE | re.DOTALL,
)

_ASKS_WHAT = re.compile(
    r"\W*(?:how|what|when|where|which|who|whom|whose|why|wie|was|wann|wo|welche[rmns]?|wer|wem|wen|warum|wieso"
    r"|combien|comment|quand|où|qui|quel(?:le)?s?|pourquoi|cuánt[oa]s?|cómo|cuándo|dónde|quién(?:es)?|cuál(?:es)?|qué)\b",
    re.IGNORECASE,
)
_YES_OR_NO = re.compile(r"\W*(?:yes|no|ja|nein|oui|non|sí)\s*[,.;:!–—]", re.IGNORECASE)

_ONLY_POINTS = (
    r"^\W*(?:note\W+)?(?:for (?:more |further |additional )?(?:information|details|instructions)\b"
    r"|(?:to )?(?:learn|read) more\b|more information\b|see (?:also )?|refer to )"
)
_POINTER = re.compile(
    rf"{_ONLY_POINTS}|\b(?:see|refer to) [A-Z“\"\[(]"
    r"|\bthe following (?:topics?|sections?|tables?|videos?|procedures?|examples?)\b",
    re.IGNORECASE,
)
_NOTHING_BUT_POINTER = re.compile(_ONLY_POINTS, re.IGNORECASE)
_DESCRIPTION = re.compile(
    r"\b(?:are|is) (?:listed|described|documented|collected|explained|summari[sz]ed) (?:here|below|in this)\b"
    r"|^\W*this (?:page|document|guide|manual|file|section|chapter|article|list|changelog|reference) "
    r"(?:lists|describes|documents|collects|explains|covers|shows|summari[sz]es|contains)\b",
    re.IGNORECASE,
)

# Beside the cosine of the sentence, which weighs 1; chosen on 300 questions of squad2 (the answer stands in the first
# sentence for 77 % of them, in one of the three for 88 %).
_TYPE_BONUS = 0.12
_READER_WEIGHT = 0.08
"""Of each of the log-odds that a reader gives, at most MAX_ODDS of them in either direction."""
_LEAST_ODDS = -2.0
"""Log-odds below which a sentence is not added to the best one: the reader sees no answer in it."""
_LEAST_ODDS_ELSEWHERE = 0.0
"""The same of a sentence of another document, which may be about something else: there it sees an answer."""
_SURE_ODDS = 4.0
"""Nor one in which it sees an answer less than in the best one, unless it is as sure as this (54 to 1)."""
_LABELLED_BONUS = 0.4
"""Of a sentence that has the value of just what is asked for behind its label, and names nothing else of it."""
_NAMED_ROW_BONUS = 0.3
"""Of a row that the question calls by all of its name: `timeout` is the row `Timeout` and no visibility timeout."""
_DESCRIBED = 4
"""Content words of a cell that describes its row, and is no value."""
_POLAR_PENALTY = 0.3
"""Of a sentence that says yes or no, where it is asked how many, when, who or what."""
_DENIED_PENALTY = 0.5
"""Of an item of which its list says that it is *not* so, where it is asked what is."""
_POINTER_PENALTY = 0.15
"""Of a sentence that only says where more is to be read."""
_DESCRIPTION_PENALTY = 0.5
"""Of one that only says what the document is about: it names the subject of nearly every question to it."""
_ECHO_PENALTY = 0.5
"""Of a sentence with no content word but those of a question for how many, when, who or what: the text of a link."""
_SECTION_BONUS = 0.5
"""Of a sentence in the section that a version or a code of the question heads."""
_PLACE_BONUS = 0.8
"""Of the item, the clause or the option that the question calls by its number or sign: its words may say nothing."""
_FOLLOW_SHARE = 0.6
"""A further sentence of the section is added when it scores at least this share of the best one."""
_ELSEWHERE_SHARE = 0.85
"""The same of one of another section or document: nearly as good as the best one, which may be the wrong one."""
_SAME_SUBJECT = 0.8
"""Share of the question's words in the first sentence from which one that is put alike is about the same."""
_REDUNDANT = 0.9
"""Cosine from which two sentences say the same."""
_NAMED_BY_PLACE = 0.8
"""Share of the question's words in its place from which no sentence of a section says more to it than another."""
_MAX_SECTION_CHARACTERS = 400
"""What stands under a question is given whole up to this length."""
_MAX_LEAD_CHARACTERS = 200
"""What leads an item in is shown with it up to this length."""
_MAX_ITEMS = 8
"""The same of a list that is asked for as a whole."""
_SAME_QUESTION = 0.75
"""Cosine of a question and an answer under its own question from which the two ask the same in other words."""


def extract_answer(
    question: str,
    sources: Sequence[ContextSource],
    texts: Sequence[SourceText],
    embedder: Embedder,
    reader: Reader | None = None,
) -> list[DraftSentence]:
    """Up to three sentences, best first, each citing its source; empty when no sentence shares the subject.

    `texts` are the passages as evidence, of which `sources` are the numbered excerpts.
    """
    claim = Claim("", question)
    asked = claim.asked_terms
    candidates, instead = _with_held_rows(question, asked, rank_candidate_sentences(claim, sources, texts))
    if not candidates:
        return []
    held = frozenset(other for better in instead.values() for other in better)
    asks_what = bool(_ASKS_WHAT.match(question))
    is_denied = denies(question)
    named = named_identifiers(question)
    places = asked_places(question)
    row_names = [_row_name(candidate.sentence) for candidate in candidates]
    named_rows = _named_rows(row_names, asked)
    vectors = embedder.embed([question, *(_embedded_text(candidate, asked) for candidate in candidates)])
    scores = vectors[1:] @ vectors[0] + np.array(
        [
            candidate.promise
            + _type_bonus(question, candidate.sentence.text)
            + _LABELLED_BONUS * labels_asked(asked, candidate.sentence.text)
            + _NAMED_ROW_BONUS * (row_name in named_rows or number in held)
            - _POLAR_PENALTY * (asks_what and bool(_YES_OR_NO.match(candidate.sentence.text)))
            - _DENIED_PENALTY * (asks_what and not is_denied and bool(candidate.sentence.led_in_negated))
            - _POINTER_PENALTY * bool(_POINTER.search(candidate.sentence.text))
            - _DESCRIPTION_PENALTY * bool(_DESCRIPTION.search(candidate.sentence.text))
            - _ECHO_PENALTY * (asks_what and candidate.sentence.terms <= asked)
            + _SECTION_BONUS * (not named.isdisjoint(candidate.sentence.context_identifiers))
            + _PLACE_BONUS * (bool(places) and not places.isdisjoint(places_of(candidate.sentence)))
            for number, (candidate, row_name) in enumerate(zip(candidates, row_names, strict=True))
        ]
    )
    odds = np.zeros(len(candidates), np.float32)
    if reader is not None and language_of(question) in _READ_LANGUAGES:
        odds = np.array(answer_odds(question, candidates, reader), np.float32)
    first = int(np.argmax(scores))
    if row_names[first] not in named_rows:
        # What the question calls by its name is told apart better by that than by reading.
        scores += _READER_WEIGHT * _odds_of_tables(odds, candidates, first)
    for row, better in instead.items():
        # How well the table answers is said by all of its rows, and which of them is meant by the range.
        scores[better] = np.maximum(scores[better], scores[row])
        odds[better] = np.maximum(odds[better], odds[row])
    order = [int(index) for index in np.argsort(-scores, kind="stable") if int(index) not in instead]
    if row_names[order[0]] not in named_rows and order[0] not in held:
        order = _without_denied(order, scores, odds)
    best = candidates[order[0]]
    is_under_question = _is_under_question(best)
    if is_under_question and absent_question(question, best.sentence, texts):
        return []
    if is_left_empty(asked, best.sentence, best.text):
        return []
    is_same_question = is_under_question and float(vectors[1 + order[0]] @ vectors[0]) >= _SAME_QUESTION
    is_held = order[0] in held
    told = telling_terms(question, best.sentence) if is_held else frozenset()
    # What the reader prefers may be about nothing of the kind that is asked for: then the sentence that it was
    # preferred to tells whether another thing is asked for than the sources have.
    compared = [order[0]] if is_held or first in instead else dict.fromkeys((order[0], first))
    if not is_same_question and any(
        absent_subject(question, candidates[number].sentence, candidates[number].text, texts, told)
        for number in compared
    ):
        return []
    if is_out_of_columns(question, best.sentence) or (asks_what and _is_out_of_rows(question, asked, best, texts)):
        return []
    if not is_held:  # The neighbours of one whose range holds a number are those whose ranges do not.
        if section := _whole_section(best, asked):
            return _written([(best.source.number, [sentence.text for sentence in section])])
        if items := _whole_list(best, asked):
            first_item, *others = items
            texts_of_items = [_led_in(first_item, asked), *(item.text for item in others)]
            return _written((best.source.number, [text]) for text in texts_of_items)
    chosen = order[:1]
    for index in order[1:]:
        share = float(scores[index] / scores[chosen[0]])
        if len(chosen) == MAX_SENTENCES or share < _FOLLOW_SHARE:
            break
        if any({index, order[0]} <= set(better) for better in instead.values()):
            # Two whose ranges hold the number are alternatives, however alike they are put.
            if not _is_about_another(candidates[index].sentence, best.sentence, claim):
                chosen.append(index)
        elif _adds(candidates[index], share, _Odds(float(odds[index]), float(odds[order[0]])), best, claim) and all(
            float(vectors[1 + index] @ vectors[1 + other]) < _REDUNDANT for other in chosen
        ):
            chosen.append(index)
    return _written(_drafts([candidates[index] for index in chosen], asked))


def _without_denied(order: list[int], scores: Vectors, odds: Vectors) -> list[int]:
    """The order without its first one, where the reader sees no answer in that and sees one in another as good."""
    best = order[0]
    others = (index for index in order[1:] if scores[index] >= _ELSEWHERE_SHARE * scores[best])
    if (
        odds[best] < _LEAST_ODDS
        and (seen := next((index for index in others if odds[index] >= _LEAST_ODDS_ELSEWHERE), None)) is not None
    ):
        return [seen, *(index for index in order if index not in (best, seen))]
    return order


def _with_held_rows(
    question: str, asked: frozenset[str], ranked: Sequence[CandidateSentence]
) -> tuple[list[CandidateSentence], dict[int, list[int]]]:
    """The most promising candidates, with the rows that the ranges of a table put in place of one of them.

    With them which gives way to which, by their places among these.
    """
    siblings = ((slot_of(candidate.text.document, candidate.sentence), candidate.sentence) for candidate in ranked)
    gone = in_place_of(question, asked, siblings)
    kept = list(range(min(MAX_CANDIDATES, len(ranked))))
    kept += sorted({other for row in kept for other in gone.get(row, ())} - set(kept))
    places = {number: place for place, number in enumerate(kept)}
    instead = {places[row]: [places[other] for other in gone[row]] for row in kept if row in gone}
    return [ranked[number] for number in kept], instead


def _is_out_of_rows(question: str, asked: frozenset[str], best: CandidateSentence, texts: Sequence[SourceText]) -> bool:
    """Whether the table or list that the best sentence is of has no row for a value of the question."""
    slot = slot_of(best.text.document, best.sentence)
    siblings = [own for text in texts for own in text.sentences if slot_of(text.document, own) == slot]
    return is_out_of_rows(question, asked, best.sentence, siblings)


def _embedded_text(candidate: CandidateSentence, asked: frozenset[str]) -> str:
    """The sentence; of one that its heading or what leads it in makes an answer, with these."""
    sentence = candidate.sentence
    if coverage(asked, sentence.context_terms - sentence.terms) < ASKED_BY_PLACE:
        return sentence.text
    return "\n".join([*sentence.heading_path[-1:], *filter(None, [sentence.lead_in]), sentence.text])


def _odds_of_tables(odds: Vectors, candidates: Sequence[CandidateSentence], first: int) -> Vectors:
    """The odds, where rows of values beside the `first` candidate, itself one, have those of the likeliest of them.

    Which of them is meant is told by the words of the question; a reader takes `8 to 12 m` for `up to 8 m`.
    """
    cells = cells_of(candidates[first].sentence)
    if len(cells) < 2 or any(len(terms(value)) >= _DESCRIBED for _, value in cells[1:]):
        return odds
    table = (candidates[first].text.document, tuple(column for column, _ in cells))
    beside = [
        (candidate.text.document, tuple(column for column, _ in cells_of(candidate.sentence))) == table
        for candidate in candidates
    ]
    return np.where(beside, np.max(odds[beside]), odds)


def _row_name(sentence: Sentence) -> frozenset[str]:
    """The words by which a table calls its row; nothing of what is no row."""
    cells = cells_of(sentence)
    return frozenset(terms(label_of_row(cells))) if len(cells) > 1 else frozenset()


def _named_rows(names: Sequence[frozenset[str]], asked: frozenset[str]) -> frozenset[frozenset[str]]:
    """Those that the question has all of, and no longer one with them: `8 to 12 m` is not `up to 8 m`."""
    named = {name for name in names if name and name <= asked}
    return frozenset(name for name in named if not any(name < other for other in named))


def _type_bonus(question: str, sentence: str) -> float:
    """A question for a number or a time is answered by a sentence that has one."""
    if _ASKS_TIME.search(question):
        stated = extract_facts(sentence)
        return _TYPE_BONUS if stated.dates or any(quantity.is_year for quantity in stated.quantities) else 0.0
    if _ASKS_NUMBER.search(question):
        return _TYPE_BONUS if extract_facts(sentence).quantities else 0.0
    return 0.0


def _is_under_question(candidate: CandidateSentence) -> bool:
    path = candidate.sentence.heading_path
    return bool(path) and path[-1].rstrip().endswith("?")


def _whole_section(best: CandidateSentence, asked: frozenset[str]) -> list[Sentence]:
    """All that stands under the heading that asks the question, or names all that it names; nothing when it is long."""
    path = best.sentence.heading_path
    if not path:
        return []
    is_asked = _QUESTION.fullmatch(path[-1]) and coverage(asked, frozenset(terms(path[-1]))) >= ASKED_BY_PLACE
    if not is_asked and coverage(asked, best.sentence.context_terms) < _NAMED_BY_PLACE:
        return []
    section = [
        sentence
        for sentence in best.text.sentences
        if sentence.heading_path == path and sentence.kind is not BlockKind.HEADING
    ]
    length = sum(len(sentence.text) for sentence in section)
    return section if length <= _MAX_SECTION_CHARACTERS and len(section) <= MAX_SENTENCES else []


def _whole_list(best: CandidateSentence, asked: frozenset[str]) -> list[Sentence]:
    """All items of the list whose leading sentence asks for them: no item says more to the question than another.

    Nothing where the best item has a word of the question that its place lacks, or where the list is long.
    """
    own = best.sentence
    if own.kind is not BlockKind.LIST or not own.lead_in:
        return []
    leading = frozenset(terms(own.lead_in))
    headings = frozenset(terms("\n".join(own.heading_path)))
    if coverage(asked - (headings - leading), leading) < ASKED_BY_PLACE or asked & own.terms - own.context_terms:
        return []
    items = [
        sentence
        for sentence in best.text.sentences
        if (sentence.heading_path, sentence.lead_in) == (own.heading_path, own.lead_in)
        and sentence.kind is BlockKind.LIST
    ]
    length = sum(len(item.text) for item in items)
    return items if length <= _MAX_SECTION_CHARACTERS and len(items) <= _MAX_ITEMS else []


class _Odds(NamedTuple):
    """What the reader gives a sentence and the best one."""

    own: float
    of_best: float


def _adds(candidate: CandidateSentence, share: float, odds: _Odds, first: CandidateSentence, claim: Claim) -> bool:
    """Whether it says more to the same question: of the same section, or nearly as good as the best one.

    `share` is that of the best sentence's score which it has.
    """
    is_elsewhere = candidate.text.document != first.text.document
    least = max(_LEAST_ODDS_ELSEWHERE, min(odds.of_best, _SURE_ODDS)) if is_elsewhere else _LEAST_ODDS
    if odds.own < least:
        return False
    if _NOTHING_BUT_POINTER.search(candidate.sentence.text):
        return False
    if _is_about_another(candidate.sentence, first.sentence, claim):
        return False
    if not is_elsewhere and candidate.sentence.heading_path == first.sentence.heading_path:
        return True
    return share >= _ELSEWHERE_SHARE


def _is_about_another(sentence: Sentence, first: Sentence, claim: Claim) -> bool:
    """Whether it says of something else what the first says of what is asked.

    Rows are alike in their columns, steps in what they work on, and sentences in how they say it: one that holds less
    of the question is about something else. A sentence that stands in no list may lack one word in five, unless it has
    a name or a value of its own.
    """
    wanted = _named(claim, first)
    held = _named(claim, sentence)
    if wanted <= held:
        return False
    if _is_side_by_side(sentence):
        return True
    if not are_parallel(first, sentence):
        return False
    return coverage(wanted, held) < _SAME_SUBJECT or _states_another(sentence, first, claim)


def _states_another(sentence: Sentence, first: Sentence, claim: Claim) -> bool:
    """Whether it has a name or a value that neither the question nor the first sentence has."""
    if sentence.facts.names - claim.asked_terms - first.terms:
        return True
    return any(not any(value.same(known) for known in first.quantities) for value in sentence.quantities)


def _named(claim: Claim, sentence: Sentence) -> frozenset[str]:
    """The words of the question that the sentence or what is above it has, in whatever form: `Klammer`, `Klammern`."""
    held = claim.asked_terms & sentence.terms
    texts = [sentence.text, *sentence.above]
    return claim.asked_terms - missing_names(claim.asked_terms - held, claim.question, texts)


def _is_side_by_side(sentence: Sentence) -> bool:
    """Whether it is a row or an item, which says of one thing what others beside it say of another."""
    return sentence.kind in (BlockKind.TABLE, BlockKind.LIST) or bool(LIST_ITEM.match(sentence.text))


def _led_in(item: Sentence, asked: frozenset[str]) -> str:
    """The item behind what leads it in, where that says more of it than the question: that it is *not*, or for whom.

    Not behind what is long and denies nothing.
    """
    lead = item.lead
    says_more = len(lead) <= _MAX_LEAD_CHARACTERS and not frozenset(terms(lead)) <= asked
    return item.said if says_more or denies(lead) else item.text


def _drafts(chosen: Sequence[CandidateSentence], asked: frozenset[str]) -> Iterator[_Line]:
    """A line for each; of items that follow one another what leads them in stands before the first."""
    above = ""
    for candidate in chosen:
        sentence = candidate.sentence
        number, leaned_on = candidate.source.number, _leaned_on(candidate)
        is_led = bool(above) and sentence.lead == above
        yield number, [*leaned_on, sentence.text if is_led else _led_in(sentence, asked)]
        above = sentence.lead


def _leaned_on(candidate: CandidateSentence) -> list[str]:
    """The sentence before it, where it leans on that."""
    sentence = candidate.sentence
    before = [other for other in candidate.text.sentences if other.end <= sentence.start]
    leans = (
        bool(before)
        and bool(_LEANS_ON_PREVIOUS.match(_text(sentence.text)))
        and "\n" not in candidate.text.text[before[-1].end : sentence.start]
        and is_statement(before[-1], frozenset())
    )
    return [before[-1].text] if leans else []


def _written(lines: Iterable[_Line]) -> list[DraftSentence]:
    """The sentences of these lines, each with the number of its source; what stands there already is left out."""
    shown: dict[tuple[str, int], DraftSentence] = {}
    for place, (number, line) in enumerate(lines):
        for text in map(_text, line):
            shown.setdefault((text, number), DraftSentence(text, (number,), place))
    return list(shown.values())


def _text(sentence: str) -> str:
    return source_line(LIST_ITEM.sub("", sentence, count=1))
