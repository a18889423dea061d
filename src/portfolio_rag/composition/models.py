"""The embedding model, for whoever reads or writes vectors."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from portfolio_rag.adapters.models.factory import make_embedder, make_reader, make_tokenizer
from portfolio_rag.composition.clients import Clients
from portfolio_rag.ports.embedder import Embedder, Tokenizer
from portfolio_rag.ports.reader import Reader
from portfolio_rag.settings.environment import Settings


class ModelParts(Clients):
    @cached_property
    def model_settings(self) -> Settings:
        """The settings with the embedding model that the model configuration names; it holds as long as the process."""
        chosen = self.config.model_config()
        return replace(
            self.settings, embedding_model=chosen.embedding_model, embedding_backend=chosen.embedding_backend
        )

    @cached_property
    def embedder(self) -> Embedder:
        return make_embedder(self.model_settings)

    @cached_property
    def tokenizer(self) -> Tokenizer:
        return make_tokenizer(self.settings)

    @cached_property
    def reader(self) -> Reader | None:
        """None where the model was baked without one."""
        return make_reader(self.settings)
