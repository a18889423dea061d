SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
ifdef CI
export BROWSER_TESTS := required
endif

# Variables given to make (EMULATOR_PORT, CHROMA_PORT, API_PORT, LAMBDA_HOST_PORT, PORTFOLIO_HOME and those of
# .env.example) reach every command: make exports what stands on its command line.

##@ Run

.PHONY: up
up: install ## Start everything: emulator, Chroma, functions, API; create the AWS resources; ingest the samples
	@$(BIN)/rag up

.PHONY: status
status: install ## Show processes, documents, jobs and queues
	@$(BIN)/rag status

.PHONY: logs
logs: install ## Follow all logs (NAME=lambda for one)
	@$(BIN)/rag logs $(NAME) --follow

.PHONY: down
down: ## Stop everything; documents and vectors are kept
	@if [ -x $(BIN)/rag ]; then $(BIN)/rag down; else echo "Nothing was running."; fi

.PHONY: clean
clean: ## Stop everything and delete documents, vectors and logs
	@if [ -x $(BIN)/rag ]; then $(BIN)/rag clean; else echo "Nothing to clean."; fi

##@ Test

.PHONY: test
test: lint test-terraform test-unit test-e2e ## Run everything: linters, types, Terraform, unit and end-to-end tests

.PHONY: lint
lint: install ## Check style, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.PHONY: test-terraform
test-terraform: install ## Check Terraform's formatting, validate it, run its own tests
	$(BIN)/python -m portfolio_rag.local.terraform_check

.PHONY: test-unit
test-unit: install ## Run the tests that need no processes
	$(PYTEST) tests --ignore=tests/e2e --ignore=tests/containers

.PHONY: test-e2e
test-e2e: install chromium ## Run the end-to-end tests on a stack of their own (a running one is left alone)
	$(PYTEST) tests/e2e

.PHONY: chromium
chromium:
	@scripts/chromium.sh

##@ Develop

.PHONY: install
install: $(VENV)/.installed ## Create the virtual environment and install what is pinned

$(VENV)/.installed: requirements/dev.txt requirements/uv.txt pyproject.toml scripts/install.sh
	@scripts/install.sh $(VENV)
	@touch $@

.PHONY: bake
bake: install ## Convert and check the embedding model (make up does it when it is missing)
	$(BIN)/python -m portfolio_rag.bake --output .portfolio/model

.PHONY: fmt
fmt: install ## Format Python and Terraform, mend what the linter can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	terraform fmt -recursive terraform

PIP_COMPILE := $(BIN)/pip-compile --quiet --strip-extras \
	--no-emit-find-links --no-emit-index-url --no-emit-trusted-host pyproject.toml

.PHONY: lock
lock: install ## Pin all requirements anew (UPGRADE=--upgrade for the newest that pyproject.toml allows)
	$(PIP_COMPILE) $(UPGRADE) --unsafe-package=torch --unsafe-package=pip -o requirements/dev.txt \
		--extra=processing --extra=inference --extra=api --extra=bake --extra=stack --extra=dev
	$(PIP_COMPILE) -c requirements/dev.txt -o requirements/lambda.txt --extra=processing --extra=chroma --extra=lambda
	$(PIP_COMPILE) -c requirements/dev.txt -o requirements/lambda-embedding.txt \
		--extra=processing --extra=inference --extra=chroma --extra=lambda
	$(PIP_COMPILE) -c requirements/dev.txt -o requirements/api.txt --extra=api --extra=inference --extra=chroma
	$(PIP_COMPILE) -c requirements/dev.txt -o requirements/bake.txt --extra=bake

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} \
		/^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z0-9-]+:.*## / {printf "  \033[36m%-16s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)
