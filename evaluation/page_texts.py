"""What docs/quality.md says around its figures."""

from __future__ import annotations

HEAD = """# Quality

Measured on data that this project did not write, but for the cases on structure, with the model and the code that are
shipped, and no language model.
`make eval` measures anew and renders this page; the figures are also in [quality.json](quality.json).
"""

RETRIEVAL = """## Finding the document

Documents are ranked by their best chunk or window.

- *{as_written}* embeds each 1,000-token chunk once; the model reads its first 256 word pieces.
- *{dense}* embeds 128-token windows under their headings.
- *{hybrid}* is what the API does.

Gains are of the shipped search, with a 95 % interval of a paired bootstrap over the questions.
The questions of SQuAD were written with the passage in view, which flatters words; the AWS guides and SciFact say more.
Whole chunks of all AWS guides are slow to embed, so that baseline is measured on *{fifth}*: every fifth document and
those that hold answers, which is easier.

![hit@5](quality-retrieval.svg)
"""

PEERS = """### Beside other libraries

The same documents, questions and model (all-MiniLM-L6-v2, as sentence-transformers runs it), each library as its own
documentation shows it: LlamaIndex cuts with its sentence splitter and searches its default vector index, or fuses that
with BM25 by reciprocal rank; txtai's hybrid index has LlamaIndex's pieces. Fetched are 50 pieces; documents are ranked
by their best. {versions}; `PEERS=1 make eval` measures them anew.
"""

ABSTENTION = """## Saying "not in the documents"

Each question is asked twice: of all documents, and with the article or guide that answers it taken away. The shipped
threshold refuses what scores below it: {threshold} up to 1,000 windows and {growth} more for each tenfold, as the best
of more windows comes nearer to any question by chance. Both numbers were chosen on these two sets, so that other
documents may do less well. *Lost* are answerable questions that are refused, *rejected* those
without their document. *Misleading* questions of SQuAD were written by people to look answerable from a passage that
does not answer them; nothing but a reader tells those, and nothing is claimed of them.

![abstention](quality-abstention.svg)
"""

ANSWERS = """## Answers and citations

The extractive answer (no key needed) to questions that have one. *In the passages found* bounds what any answer can
hold. A citation is right when it cites the document that holds the answer. Containment wants the gold answer word for
word, whatever the case and punctuation.
The reader that helps to choose sentences was trained on SQuAD's training articles. The ones here are others, but like
them, and flatter it; the guides do not.
"""

SENTENCES = """### By sentence

The same answers, by each sentence that they show. A sentence is *of the right document* when it cites, and every
document that it cites holds the answer. *Whose quote holds the answer* wants the gold answer word for word in a quote
of the sentence's own: those of its sources that have the sentence, or a part of it, word for word. The figures above
count by answer, so that a long answer weighs as much as a short one; these count every sentence alike.
"""

STRUCTURED = """## Answers on structure

Our own questions and drafted claims (`evaluation/structured/`) on invented documents whose meaning is in their
structure: codes and versions under sub-headings, plans and prices in tables, questions with short answers, steps and
rules. *Right section* and *right row* want the answer's words, none of a neighbour's, no other document, and every
citation under the right heading (where the file has headings), or a quote of the row. A false claim takes a
neighbour's value or turns a sign, a unit, an agent or a negation; it is *shown unmarked* when the check lets it pass
as supported or repaired. The answer to a claim is what the API would show if a language model had written it and
cited its document.
"""

VALIDATION = """## Validation

Claims that their source holds against claims that it does not. *As shipped* is the decision that the API takes before
it shows a sentence: *caught* and *false alarms* are flagged (shown with a question mark) or dropped, and the columns
behind each say how many of those were dropped. A true sentence copied word for word scores full marks, and a changed
one less, so that a ranking of those is perfect by construction: of the planted rows only the shipped decision counts.
The claims of wice sum up whole articles; a check that reads a few sentences loses more of those than of answers.

The score is a logistic model of {features} features, fitted on claims of all these sets and of others
(`python -m bench.calibrate_validation`), so that these figures flatter it. What it makes of a set that was left out of
the fit stands further below, where it has been measured. The claims of rgb_fact are questions with an answer behind
them. The chat knows the question, and does not ask a source to name again what that names; *question not known* judges
the same claims without.

The judge (`VALIDATION_JUDGE=true`) is a second reading by the language model. It needs a key and is not measured here:
the tests hold it to being stricter only, to its deadline, and to saying when it failed.

![validation](quality-validation.svg)
"""

STRATEGIES = """The strategies that an ingestion rule can choose for a prefix, with the shipped search; documents are
those of {set_name}. The guides have headings; the long texts of the first column have next to none.
"""

CALIBRATION = """### With the set left out of the fit

The same features, with weights fitted on the claims of all sets, and with weights fitted while every claim made of that
set was left out. *False alarms* are true claims below {supported_from}, the score from which a sentence is supported;
*caught* are false ones below it. The columns of what was left out say what the check can do on texts that its weights
have never seen; the thresholds were chosen on all sets, and the exact weights that are shipped may be rounded.
"""

SAMPLES = """## How it was measured

Answers: a fixed choice of at most {sample} questions a set. Planted numbers and SciFact claims: a fixed choice of at
most {plants}. Retrieval and abstention: all questions of a set.
The intervals say how far so few questions carry.
"""
