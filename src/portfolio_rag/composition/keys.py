"""The keys of the API, for the API and for `rag keys`."""

from __future__ import annotations

from functools import cached_property

from portfolio_rag.access.keyring import Keyring
from portfolio_rag.adapters.dynamodb.api_key_store import DynamoApiKeyStore
from portfolio_rag.composition.clients import Clients


class KeyParts(Clients):
    @cached_property
    def api_key_store(self) -> DynamoApiKeyStore:
        return DynamoApiKeyStore(self._table(self.settings.dynamodb_keys_table))

    @cached_property
    def keyring(self) -> Keyring:
        return Keyring(
            self.api_key_store,
            self.clock,
            self.settings.api_key,
            # Whoever comes without a key sees everything: no way in where somebody has switched lists on.
            always_required=self.settings.access_lists == "true",
        )
