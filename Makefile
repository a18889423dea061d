SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
# MODE=containers: the same stack as Docker images under Compose (make up, down and clean).
STACK := $(if $(filter containers,$(MODE)),$(BIN)/python scripts/containers/stack.py,$(BIN)/rag)
ifdef CI
export BROWSER_TESTS := required
endif

# Variables given to make (EMULATOR_PORT, CHROMA_PORT, API_PORT, LAMBDA_HOST_PORT, PORTFOLIO_HOME and those of
# .env.example) reach every command: make exports what stands on its command line.

##@ Run

.PHONY: up
up: install ## Start everything: emulator, Chroma, functions, API; create the AWS resources; ingest the samples
	@$(STACK) up

.PHONY: status
status: install ## Show processes, documents, jobs and queues
	@$(BIN)/rag status

.PHONY: logs
logs: install ## Follow all logs (NAME=lambda for one)
	@$(BIN)/rag logs $(NAME) --follow

.PHONY: down
down: ## Stop everything; documents and vectors are kept
	@if [ -x $(BIN)/rag ]; then $(STACK) down; else echo "Nothing was running."; fi

.PHONY: clean
clean: ## Stop everything and delete documents, vectors and logs
	@if [ -x $(BIN)/rag ]; then $(STACK) clean; else echo "Nothing to clean."; fi

##@ Containers

.PHONY: build-images
build-images: ## Build the functions' images and the API's; tells Terraform their tag
	@python3 scripts/containers/images.py build

.PHONY: push-images
push-images: install ## Push the functions' images to the ECR repositories that Terraform made
	@PATH="$(CURDIR)/$(BIN):$$PATH" python3 scripts/containers/images.py push

.PHONY: image-sizes
image-sizes: ## Measure the images: compressed and on disk, over their base
	@python3 scripts/containers/images.py sizes

.PHONY: test-containers
test-containers: install ## Build everything and test it in containers (starts an engine where none runs)
	@.ci/containers

##@ AWS

.PHONY: deploy
deploy: install ## Deploy everything to AWS (PLAN_ONLY=1 shows the plan without an account, STATE_BUCKET=name, YES=1)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python scripts/aws/deploy.py $(if $(PLAN_ONLY),plan,deploy $(if $(STATE_BUCKET),--state-bucket $(STATE_BUCKET)) $(if $(YES),--yes))

.PHONY: destroy
destroy: install ## Delete everything on AWS but Chroma's disk (DELETE_DOCUMENTS=1, STATE_BUCKET=name, YES=1)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python scripts/aws/deploy.py destroy $(if $(STATE_BUCKET),--state-bucket $(STATE_BUCKET)) $(if $(YES),--yes) $(if $(DELETE_DOCUMENTS),--delete-documents)

##@ Test

.PHONY: test
test: lint test-terraform test-unit test-e2e ## Run everything: linters, types, Terraform, unit and end-to-end tests

.PHONY: lint
lint: install ## Check style, formatting, types and what imports what
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

.PHONY: audit
audit: install ## Look for weak spots in code, Terraform, images and requirements
	@scripts/peers.sh audit
	scripts/audit.sh

.PHONY: test-terraform
test-terraform: install ## Check Terraform's formatting, validate it, run its own tests, compare its plan with the recorded one
	$(BIN)/python -m portfolio_rag.local.terraform_check
	$(PYTEST) tests/terraform

.PHONY: test-unit
test-unit: install ## Run the tests that need no processes
	$(PYTEST) tests --ignore=tests/e2e --ignore=tests/containers --ignore=tests/terraform

N ?= 10000
SEED ?= 1

.PHONY: simulate
simulate: install ## Run N seeded schedules of the pipeline from SEED on, every crash point, the state machine, planted bugs
	$(BIN)/python -m tests.simulation $(N) $(SEED)
	CRASH_POINTS=all EXAMPLES=500 STEPS=50 $(PYTEST) tests/simulation/test_crash_points.py \
		tests/simulation/test_state_machine.py tests/simulation/test_mutations.py

.PHONY: test-e2e
test-e2e: install chromium ## Run the end-to-end tests on a stack of their own (a running one is left alone)
	$(PYTEST) tests/e2e

.PHONY: screenshots
screenshots: install chromium ## Make the pictures of the console in docs/ anew, on a stack of their own
	SCREENSHOTS=1 $(PYTEST) tests/e2e/test_scenes.py

MINUTES ?= 30

.PHONY: soak
soak: install ## Ingest, ask, delete, kill and restart at random for MINUTES on a stack of its own; the stores must agree
	@[ -f .portfolio/model/manifest.json ] || $(BIN)/python -m portfolio_rag.bake --output .portfolio/model
	$(BIN)/python scripts/soak.py $(MINUTES)

.PHONY: cases
cases: install ## Run the cases of the folder CASES on a stack of its own (ONLY=kind or id, RECORD=1 notes how many passed)
	@[ -f .portfolio/model/manifest.json ] || $(BIN)/python -m portfolio_rag.bake --output .portfolio/model
	$(BIN)/python scripts/cases.py $(CASES) $(if $(ONLY),--only $(ONLY)) $(if $(RECORD),--record)

.PHONY: chromium
chromium:
	@scripts/chromium.sh

##@ Show

.PHONY: demo
demo: install chromium ## Record the demo: terminal and console, from the running stack or one of its own (docs/demo-*)
	@[ -f .portfolio/model/manifest.json ] || $(BIN)/python -m portfolio_rag.bake --output .portfolio/model
	$(BIN)/python -m scripts.demo

.PHONY: slides
slides: install chromium ## Build the slides for the certification as a PDF (.portfolio/slides/)
	$(BIN)/python -m scripts.slides

##@ Measure

.PHONY: eval
eval: install ## Measure the answers on the sets in EVAL_DATA; renders docs/quality.md (COMPARE=commit sets two runs side by side, PEERS=1 runs other libraries too)
	@[ -f .portfolio/model/manifest.json ] || $(BIN)/python -m portfolio_rag.bake --output .portfolio/model
	@$(if $(PEERS),scripts/peers.sh peers)
	$(BIN)/python -m evaluation $(if $(COMPARE),--compare $(COMPARE)) $(if $(PEERS),--peers)

# One section has libraries of its own beside it, the others share theirs.
BENCH_PEERS = $(if $(filter extraction,$(ONLY)),,peers) $(if $(filter-out extraction,$(ONLY)),,peers-extraction)

.PHONY: bench
bench: install ## Measure speed and size against what else one could use; renders docs/performance.md (QUICK=1, PEERS=1, ONLY=section)
	@[ -f .portfolio/model/manifest.json ] || $(BIN)/python -m portfolio_rag.bake --output .portfolio/model
	@$(if $(PEERS),scripts/peers.sh $(BENCH_PEERS))
	$(BIN)/python -m bench $(if $(QUICK),--quick) $(if $(PEERS),--peers) $(if $(ONLY),--only $(ONLY))

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

.PHONY: references
references: install ## Write docs/reference anew: the command line, the OpenAPI document, Terraform's inputs and outputs
	$(BIN)/python scripts/references.py

# Hashes are those that the package index tells of every file of a version, so that a lock is good for all platforms.
# No address of an index stands in a lock. Torch: see pyproject.toml and scripts/install.sh.
LOCK := $(BIN)/uv pip compile --quiet --python $(BIN)/python --generate-hashes --strip-extras --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make lock" $(UPGRADE)

.PHONY: lock
lock: install ## Pin all requirements anew, with hashes (UPGRADE=--upgrade for the newest that pyproject.toml allows)
	$(LOCK) --no-emit-package torch pyproject.toml -o requirements/dev.txt \
		--extra=processing --extra=inference --extra=api --extra=bake --extra=stack --extra=ocr --extra=tracing --extra=dev
	$(LOCK) -c requirements/dev.txt pyproject.toml -o requirements/lambda.txt \
		--extra=processing --extra=lambda --extra=tracing
	$(LOCK) -c requirements/dev.txt pyproject.toml -o requirements/lambda-embedding.txt \
		--extra=processing --extra=inference --extra=chroma --extra=lambda --extra=tracing
	$(LOCK) -c requirements/dev.txt pyproject.toml -o requirements/lambda-processor.txt \
		--extra=processing --extra=inference --extra=ocr --extra=lambda --extra=tracing
	$(LOCK) -c requirements/dev.txt pyproject.toml -o requirements/api.txt \
		--extra=api --extra=processing --extra=inference --extra=chroma --extra=tracing
	$(LOCK) -c requirements/dev.txt pyproject.toml -o requirements/bake.txt --extra=bake
	$(LOCK) requirements/uv.in -o requirements/uv.txt
	$(LOCK) requirements/audit.in -o requirements/audit.txt
	$(LOCK) --no-emit-package torch requirements/peers.in -o requirements/peers.txt
	$(LOCK) --no-emit-package torch requirements/peers-extraction.in -o requirements/peers-extraction.txt

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} \
		/^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z0-9-]+:.*## / {printf "  \033[36m%-16s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)
