"""Is the baked model the same model? Vectors of fixed texts, compared with sentence-transformers' own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from portfolio_rag.adapters.models.manifest import Parity
from portfolio_rag.domain.errors import PortfolioRagError
from portfolio_rag.ports.embedder import Embedder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_PARAGRAPH = (
    "Amazon SQS delivers a message at least once. A consumer receives it, and for the visibility timeout nobody else "
    "sees it; when the consumer does not delete it in that time, it is delivered again. After three receives the "
    "redrive policy moves it to the dead-letter queue, where an alarm finds it. Set the visibility timeout to six "
    "times the timeout of the function, so that a retry never overlaps with the attempt that it retries. "
)

TEXTS = (
    "S3",
    "What is a dead-letter queue?",
    "how long does a message stay invisible after it was received",
    "Installation > Linux\nUnpack the archive and run the installer as root.",
    "The cell divides when p53 is lost; apoptosis no longer follows DNA damage.",
    "The Treaty of Westphalia, signed in October 1648, ended the Thirty Years' War.",
    "def area(radius: float) -> float:\n    return math.pi * radius ** 2",
    "| Region | Price |\n|---|---|\n| us-east-1 | $0.023 |\n| eu-west-1 | $0.024 |",
    "aws --endpoint-url http://localhost:4566 s3 cp report.pdf s3://portfolio-raw/incoming/report.pdf",
    "Die Donaudampfschifffahrtsgesellschaft wurde 1829 gegründet; ihre Kapitäne waren berühmt.",
    "L'élève naïf a mangé sept crêpes à la crème brûlée près de l'hôtel.",
    "El murciélago hindú comía feliz cardillo y kiwi; la cigüeña tocaba el saxofón.",
    "🚀 Deployed! 👩‍👩‍👧 ✅ 3/3 checks",
    "E = mc², ∑ᵢ xᵢ² ≤ ‖x‖², α ± 0.05, 37 °C",
    "SHOUTING IN CAPITALS ABOUT NOTHING IN PARTICULAR!!!",
    "ﬁne ligatures, ½ fractions, Ⅷ numerals, ＦＵＬＬＷＩＤＴＨ letters",
    *(_PARAGRAPH[:length] for length in (40, 90, 180, 300, 420)),
    *(_PARAGRAPH * times for times in (2, 3, 4, 12)),
)
"""What the model was trained for: questions and passages, short and long, prose, code and tables, Latin script."""

EDGE_TEXTS = (
    "",
    " \n\t ",
    ".",
    "Съешь же ещё этих мягких французских булок, да выпей чаю.",
    "素早い茶色の狐がのろまな犬を飛び越える。",
    "数据保存在对象存储中，并且每个版本都有自己的标识符。",
    "نص حكيم له سر قاطع وذو شأن عظيم مكتوب على ثوب أخضر.",
    "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία.",
    "a" * 300,
    "0123456789 " * 40,
)
"""Hardly text, or scripts of which the English model's vocabulary has no more than the letters."""


class ParityError(PortfolioRagError):
    """The baked model does not give the vectors of the model that it was baked from."""

    title = "The baked model differs from the original"


def check(reference: SentenceTransformer, embedder: Embedder, *, bound: float, edge_bound: float) -> Parity:
    """Raise ParityError when a text's cosine to the reference is below its bound."""
    texts = [*TEXTS, *EDGE_TEXTS]
    # One by one: padding changes the reference's own last digits.
    expected = reference.encode(texts, batch_size=1, normalize_embeddings=True, show_progress_bar=False)
    cosines = np.sum(np.asarray(expected) * embedder.embed(texts), axis=1)
    for text, cosine, demanded in zip(
        texts, cosines, [bound] * len(TEXTS) + [edge_bound] * len(EDGE_TEXTS), strict=True
    ):
        if not cosine >= demanded:  # so that "not a number" fails too
            raise ParityError(
                f"For the text that begins {text[:40]!r} the cosine to sentence-transformers is {cosine:.5f}, and "
                f"{demanded} is demanded."
            )
    common, edge = cosines[: len(TEXTS)], cosines[len(TEXTS) :]
    return Parity(
        texts=len(texts),
        bound=bound,
        minimum=round(float(common.min()), 6),
        mean=round(float(common.mean()), 6),
        edge_bound=edge_bound,
        edge_minimum=round(float(edge.min()), 6),
    )
