"""Function words: they say how something is asked, not what about.

Apart from `content_words`, whose stemmer is not in the image of the document-processor.
"""

from __future__ import annotations

_FUNCTION_WORD_LIST = """
    a an the this that these those there here it its itself he she him her his hers they them their theirs we us our
    ours you your yours i me my mine myself yourself himself herself themselves ourselves who whom whose which what
    when where why how and or but nor so yet if then than as of at by for from in into on onto to toward with within
    over under up down out off about after before between through during via per am is are was were be been being do
    does did doing done have has had having can could will would shall should may might must not no yes please tell
    explain describe also just only very too more most much many some any each every both all such own same other
    another again further once while because until although though however therefore thus s t d ll re ve m
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORD_LIST.split())
