"""Which language a sentence is in, as far as its function words tell: enough to know that two texts share no words."""

from __future__ import annotations

import re
from functools import cache

from portfolio_rag.text.language.function_words import FUNCTION_WORDS
from portfolio_rag.text.language.stemming import alike_stem

# Articles, pronouns, prepositions, conjunctions, question words, and the forms of to be, to have and of the modals.
_LISTS = {
    "de": (
        "der die das den dem des ein eine einer einem einen eines kein keine keiner keinem keinen und oder "
        "aber sondern wenn weil dass ob als wie so denn ich du er sie es wir ihr man mich mir dich dir ihm "
        "ihn ihnen uns euch sich mein meine meinen meinem meiner dein deine ihre ihrem ihren ihrer sein seine "
        "seinem seinen seiner unser unsere dieser diese dieses diesem diesen jeder jede jedes jedem jeden "
        "alle allen von zu zum zur mit auf für im in am an aus bei beim bis nach vor über unter um durch "
        "gegen ohne seit während zwischen wegen vom ins ans auch nur noch schon sehr mehr hier dort da dann "
        "nicht ist sind war waren sein wird werden wurde wurden worden hat haben hatte kann können darf "
        "dürfen muss müssen soll sollen will wollen mag möchte was wer wem wen wessen wann wo woher wohin "
        "warum wieso welche welcher welches welchem welchen viel viele wieviel"
    ),
    "fr": (
        "le la les l un une des du de d au aux et ou mais donc or ni car que qui quoi dont où quand comment "
        "combien pourquoi quel quelle quels quelles lequel laquelle je j tu il elle on nous vous ils elles me "
        "m te t se s lui leur leurs y en mon ma mes ton ta tes son sa ses notre nos votre vos ce c cet cette "
        "ces cela ça chaque tout toute tous toutes dans par pour sur sous avec sans chez vers entre depuis "
        "pendant avant après jusqu jusque ne n pas plus très aussi si comme est sont était étaient être été a "
        "à ont avait avoir eu peut peuvent pouvoir doit doivent devoir faut fait quelque"
    ),
    "es": (
        "el la los las lo un una unos unas de del al y e o u pero sino que quien quienes cual cuales cuyo qué "
        "quién cuál cuáles cuánto cuánta cuántos cuántas cuándo cómo dónde cuando como donde yo tú él ella "
        "usted nosotros ellos ellas ustedes me te se le les nos mi mis tu tus su sus nuestro nuestra este "
        "esta estos estas ese esa esto eso cada todo toda todos todas en por para con sin sobre entre desde "
        "hasta hacia según a ante no sí más muy también si es son era eran ser sido está están estar fue hay "
        "ha han haber había puede pueden poder debe deben deber tiene tienen tener"
    ),
    "it": (
        "il lo la gli le l un uno una di del dello della dei degli delle a al allo alla ai agli alle da dal "
        "dalla in nel nella nei nelle con su sul sulla per tra fra e ed o ma che chi cui quale quali quanto "
        "quanta quanti quante quando come dove perché io tu lui lei noi voi loro mi ti si ci vi suo sua suoi "
        "sue nostro nostra questo questa questi queste quello quella ogni tutto tutti non più molto anche se "
        "è sono era erano essere stato ha hanno avere può possono potere deve devono dovere"
    ),
    "pt": (
        "o a os as um uma uns umas de do da dos das em no na nos nas ao aos à às por pelo pela pelos pelas "
        "para com sem sobre entre desde até e ou mas que quem qual quais quanto quanta quantos quantas quando "
        "como onde porque eu ele ela nós eles elas me se lhe seu sua seus suas nosso nossa este esta esse "
        "essa isto isso cada todo toda todos todas não mais muito também é são era eram ser foi está estão há "
        "tem têm pode podem deve devem"
    ),
    "nl": (
        "de het een en of maar dat die dit deze wie wat waar wanneer hoe hoeveel waarom welke ik je jij u hij "
        "zij ze we wij jullie hun hem haar zijn mijn uw ons onze in op aan van voor met bij naar uit door "
        "over onder tussen tot om te als dan niet geen ook nog er is was waren wordt worden werd heeft hebben "
        "had kan kunnen mag mogen moet moeten zal zullen"
    ),
}
_DETECTED = {"en": FUNCTION_WORDS, **{language: frozenset(words.split()) for language, words in _LISTS.items()}}
_WORD = re.compile(r"[^\W\d_]+")
_MIN_WORDS = 2
"""Different function words that must be found: one alone is a chance hit, as the `Plus` of a table of plans."""


def language_of(text: str) -> str:
    """One of `en`, `de`, `fr`, `es`, `it`, `pt`, `nl`; empty when its words do not tell."""
    words = [word.lower() for word in _WORD.findall(text)]
    counts = {language: sum(word in known for word in words) for language, known in _DETECTED.items()}
    first, second = sorted(counts, key=lambda language: -counts[language])[:2]
    is_told = len(_DETECTED[first].intersection(words)) >= _MIN_WORDS
    return first if is_told and counts[first] > counts[second] else ""


@cache
def function_terms(language: str) -> frozenset[str]:
    """The function words of another language than English, as terms: they say how something is asked or said."""
    if language in ("", "en"):
        return frozenset()
    return frozenset(alike_stem(word) for word in _DETECTED[language])
