"""Which language a sentence is in, as far as its function words tell: enough to know that two texts share no words."""

from __future__ import annotations

import re

_LISTS = {
    "en": "the of and to in is that for it with as on by are this from at be or an was which not can has have its",
    "de": "der die das und ist nicht ein eine einer einem einen den dem des von zu mit auf für sich im "
    "auch wird werden als bei nach aus wie oder kann sie es dass",
    "fr": "le la les des une un et est en dans que qui pour par sur avec au aux ne pas plus ce cette sont du ou il "
    "elle peut être",
    "es": "el la los las de un una y es en que por para con no se su al del lo como más son este esta o puede ser",
    "it": "il lo gli le di un una e è in che per con non si del della dei al come più sono questo questa o può essere",
    "pt": "o os as um uma e é em que por para com não se do da dos das ao como mais são este esta ou pode ser",
    "nl": "de het een en is van in dat voor met op niet zijn aan door worden wordt als bij naar uit ook of kan",
}
_FUNCTION_WORDS = {language: frozenset(words.split()) for language, words in _LISTS.items()}
_WORD = re.compile(r"[^\W\d_]+")
_MIN_WORDS = 2
"""Function words that must be found: one alone is a chance hit, `die` is English, too."""


def language_of(text: str) -> str:
    """One of `en`, `de`, `fr`, `es`, `it`, `pt`, `nl`; empty when its words do not tell."""
    words = [word.lower() for word in _WORD.findall(text)]
    counts = {language: sum(word in known for word in words) for language, known in _FUNCTION_WORDS.items()}
    first, second = sorted(counts, key=lambda language: -counts[language])[:2]
    return first if counts[first] >= _MIN_WORDS and counts[first] > counts[second] else ""
