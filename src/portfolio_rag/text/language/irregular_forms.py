"""Forms of English verbs that no stemmer takes for their verb: `given` for `give`, `paid` for `pay`."""

from __future__ import annotations

_VERBS = """
arise arose arisen; awake awoke awoken; become became; begin began begun; bend bent; bite bitten; blow blew blown;
break broke broken; breed bred; bring brought; build built; buy bought; catch caught; choose chose chosen; cling clung;
come came; creep crept; deal dealt; dig dug; draw drew drawn; drink drank drunk; drive drove driven; eat ate eaten;
fall fallen; feed fed; fight fought; flee fled; fly flew flown; forbid forbade forbidden; forget forgot forgotten;
forgive forgave forgiven; freeze froze frozen; get got gotten; give gave given; go went gone; grow grew grown;
hang hung; hear heard; hide hid hidden; hold held; keep kept; kneel knelt; know knew known; lend lent; lose lost;
make made; mean meant; meet met; mistake mistook mistaken; overcome overcame; overtake overtook overtaken; pay paid;
prove proven; rebuild rebuilt; repay repaid; ride rode ridden; run ran; say said; seek sought; sell sold; send sent;
shake shook shaken; shrink shrank shrunk; sing sang sung; sink sank sunk; sit sat; sleep slept; speak spoken;
spend spent; spin spun; spring sprang sprung; stand stood; steal stole stolen; stick stuck; strike struck; swear sworn;
sweep swept; swim swam swum; swing swung; take took taken; teach taught; tear tore torn; tell told; throw threw thrown;
undergo underwent undergone; understand understood; undertake undertook undertaken; wake woke woken; wear wore worn;
weave woven; weep wept; win won; withdraw withdrew withdrawn; withhold withheld; withstand withstood;
write wrote written
"""
"""Each verb with its forms. What is as often another word is left out: `found`, `left`, `saw`, `lay`, `ground`."""

_BASES = {form: verb for line in _VERBS.split(";") for verb, *forms in [line.split()] for form in forms}


def base_form(word: str) -> str:
    """The verb of an irregular form, in lower case; any other word as it is."""
    return _BASES.get(word, word)
