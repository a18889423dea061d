"""`rag verify` and `rag redrive`."""

from __future__ import annotations

from functools import cached_property

from portfolio_rag.composition.maintenance import MaintenanceParts
from portfolio_rag.pipeline.maintenance.full_scan import Verification


class RepairParts(MaintenanceParts):
    @cached_property
    def verification(self) -> Verification:
        return Verification(
            self.reconciler,
            self.store,
            self.registry,
            self.chunks,
            self.vectors,
            self.backup,
            self.vector_index,
            self.jobs,
            self.intake,
            self.purge,
            self.settings.s3_raw_bucket,
        )
