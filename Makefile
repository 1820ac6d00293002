# Each target sets up what it needs: a virtual environment with the locked packages.

PYTHON ?= python3
EXPERIMENT ?= c10k
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# SERVER=image:tag PORT=8000 asks an experiment of that server; REFERENCES=1 adds nginx and others.
CHOICE = $(if $(SERVER),--server '$(SERVER)' $(if $(PORT),--port '$(PORT)')) \
	$(if $(REFERENCES),--references)

.DEFAULT_GOAL := help
.PHONY: help experiment plan resume report ui down doctor test bench bench-servers hostile clean lock

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; \
		sys.exit(None if (3, 11) <= v <= (3, 14) else \
		"error: Python 3.11 to 3.14 is needed, not %d.%d; name one: make PYTHON=python3.13 ..." % v)'
	@echo "setting up $(VENV) (once)"
	@$(PYTHON) -m venv --clear $(VENV) || { echo "error: no venv module; on Debian: apt install python3-venv"; exit 5; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@touch $@

experiment: $(READY) ## Run an experiment and report on it (EXPERIMENT=name, SERVER=image PORT=n, REFERENCES=1)
	@$(BIN)/python -m experiments run $(CHOICE) $(EXPERIMENT)

plan: $(READY) ## Print the trials of an experiment and their duration (EXPERIMENT=name)
	@$(BIN)/python -m experiments plan $(CHOICE) $(EXPERIMENT)

resume: $(READY) ## Go on with a run that was stopped (RUN=folder, default the last one)
	@$(BIN)/python -m experiments resume $(RUN)

report: $(READY) ## Write the report of a run again (RUN=folder, default the latest)
	@$(BIN)/python -m experiments report $(RUN)

ui: $(READY) ## Start every server with the Locust web UI on http://127.0.0.1:8089
	@$(BIN)/python -m experiments ui

down: $(READY) ## End what `make ui` started
	@$(BIN)/python -m experiments down

doctor: $(READY) ## Check what the lab needs and say what to do
	@$(BIN)/python -m experiments doctor

test: $(READY) ## Lint, format check, strict types and all tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy servers loadgen experiments analysis tests
	$(BIN)/pytest --numprocesses 4 --dist loadgroup

bench: $(READY) ## Compare the load engine with wrk, ab and Locust's clients, as ratios
	@$(BIN)/python -m experiments bench

bench-servers: $(READY) ## Compare the servers with epoll_level in one table (SERVERS=a,b, default all)
	@$(BIN)/python -m experiments bench-servers --servers "$(SERVERS)"

hostile: $(READY) ## Throw hostile inputs at the servers (N=inputs for each, SERVERS=a,b, SEED=, INPUT=)
	@$(BIN)/python -m experiments hostile $(if $(N),--inputs $(N)) --servers "$(SERVERS)" \
		$(if $(SEED),--seed $(SEED)) $(if $(INPUT),--input $(INPUT))

clean: $(READY) ## Remove what the lab made in Docker, and nothing else
	@$(BIN)/python -m experiments clean

lock: ## Lock the dependencies anew (needs uv)
	uv pip compile -q pyproject.toml --group dev --group load --group servers \
		--universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url -o requirements.lock
	uv pip compile -q --group load -c requirements.lock --python-version 3.13 --python-platform linux \
		--generate-hashes --no-annotate --no-header --no-emit-index-url -o loadgen/requirements.lock
	uv pip compile -q --group servers -c requirements.lock --python-version 3.13 --python-platform linux \
		--generate-hashes --no-annotate --no-header --no-emit-index-url -o servers/requirements.lock
	uv pip compile -q --group references -c requirements.lock --python-version 3.13 --python-platform linux \
		--generate-hashes --no-annotate --no-header --no-emit-index-url -o experiments/references/requirements.lock
