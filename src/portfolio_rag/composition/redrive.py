"""Failed documents, tried again: by check-health, by the API and by `rag redrive`."""

from __future__ import annotations

from functools import cached_property

from portfolio_rag.composition.intake import IntakeParts
from portfolio_rag.pipeline.ingestion.redrive import Redrive
from portfolio_rag.pipeline.ingestion.rollback import Rollback


class RedriveParts(IntakeParts):
    @cached_property
    def redrive(self) -> Redrive:
        return Redrive(self.registry, self.intake, self.rollback, self.lifecycle, self.dead_letter_queues)

    @cached_property
    def rollback(self) -> Rollback:
        return Rollback(self.store, self.registry, self.intake, self.lifecycle)
