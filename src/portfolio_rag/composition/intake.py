"""document-intake; and registering uploads for whoever else finds one."""

from __future__ import annotations

from functools import cached_property

from portfolio_rag.composition.documents import DocumentParts
from portfolio_rag.pipeline.ingestion.intake import DocumentIntake


class IntakeParts(DocumentParts):
    @cached_property
    def intake(self) -> DocumentIntake:
        return DocumentIntake(self.store, self.registry, self.ingestion_queue, self.lifecycle, self.config, self.clock)
