"""Versions: questions as of a time, comparisons, rollbacks."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StringConstraints

from portfolio_rag.domain.comparison import Comparison, SectionChange, SectionDifference, TextChange
from portfolio_rag.domain.versions import Publications, period_of

AsOfField = (
    Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
    | Annotated[StrictInt, Field(ge=1, le=10**9)]
)
AS_OF = (
    "Answer from what answered then: an ISO 8601 time (without an offset UTC; a date alone means its end) or, with a "
    "`document_id`, the number of a version, which means the moment in which it began to answer. Versions are kept for "
    "as long as `HISTORY_VERSIONS` and `HISTORY_DAYS` say; of a document that is deleted by now nothing is found."
)
DOCUMENT = "Only this document is searched."


class PeriodOut(BaseModel):
    """From when to when a version answered."""

    version: int = Field(description="The version.", examples=[2])
    since: str = Field(description="When it began to answer (UTC).", examples=["2026-01-05T10:12:03.000000Z"])
    until: str | None = Field(
        description="When another one took its place (UTC); null: it still answers.", examples=[None]
    )

    @classmethod
    def all_of(cls, publications: Publications) -> list[PeriodOut]:
        """Newest first."""
        periods = [(entry.version, period_of(publications, entry.version)) for entry in publications if entry.version]
        return [
            cls(version=version, since=period.since, until=period.until)
            for version, period in reversed(periods)
            if period is not None
        ]


class RollbackRequest(BaseModel):
    """Which version is to answer again."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[StrictInt, Field(ge=1, le=10**9)] = Field(
        description="One of the document's `history`.", examples=[1]
    )


class TextChangeOut(BaseModel):
    """Sentences, or lines of lists, tables and code, in place of others; either may be empty."""

    removed: list[str] = Field(description="As they stood in the older text.", examples=[["It keeps messages 4 days."]])
    added: list[str] = Field(description="As they stand in the newer text.", examples=[["It keeps messages 7 days."]])

    @classmethod
    def of(cls, change: TextChange) -> TextChangeOut:
        return cls(removed=list(change.removed), added=list(change.added))


class SectionDifferenceOut(BaseModel):
    """A section that differs."""

    heading_path: list[str] = Field(description="Headings of the section.", examples=[["Amazon SQS", "Limits"]])
    change: SectionChange = Field(
        description="Only in `to`, only in `from`, or in both and not the same.", examples=["changed"]
    )
    changes: list[TextChangeOut] = Field(description="What was taken out and what came, in order.")

    @classmethod
    def of(cls, difference: SectionDifference) -> SectionDifferenceOut:
        return cls(
            heading_path=list(difference.heading_path),
            change=difference.change,
            changes=[TextChangeOut.of(change) for change in difference.changes],
        )


class ComparisonOut(BaseModel):
    """What is not the same in two versions of a document."""

    document_id: str = Field(description="The document.", examples=["5b0f8a52-6c8e-5a0f-9d5e-0f6a5b1f7c11"])
    from_version: int = Field(description="The one that is compared with.", examples=[1])
    to_version: int = Field(description="The one that is looked at.", examples=[2])
    sections: list[SectionDifferenceOut] = Field(description="Those that differ, in the order of the text.")
    unchanged: int = Field(description="How many sections are the same.", examples=[7])
    truncated: bool = Field(
        description="Whether there is more than is told: 200 sections, 200,000 characters.", examples=[False]
    )

    @classmethod
    def of(cls, comparison: Comparison) -> ComparisonOut:
        return cls(
            document_id=comparison.document_id,
            from_version=comparison.from_version,
            to_version=comparison.to_version,
            sections=[SectionDifferenceOut.of(section) for section in comparison.sections],
            unchanged=comparison.unchanged,
            truncated=comparison.truncated,
        )
