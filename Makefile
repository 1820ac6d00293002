# Each target sets up what it needs: a virtual environment with the locked packages.

PYTHON ?= python3
# The experiment that somebody names, as `make ab` has another usual one.
NAMED := $(EXPERIMENT)
EXPERIMENT ?= c10k
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Where somebody wants no byte code beside the sources, it is kept elsewhere: without any, each
# process would compile the lab anew, a second or two of the processor's time for each command.
ifdef PYTHONDONTWRITEBYTECODE
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX ?= $(CURDIR)/.cache/bytecode
endif
# SERVER=image:tag PORT=8000 asks an experiment of that server, SERVER=shop.yaml of the one that the
# file describes; REFERENCES=1 adds nginx and others; REPEATS=21 measures everything that often, and
# BUDGET=20m what is open for so long after that (half the plan's time; BUDGET=0: not at all).
# A PORT without SERVER is refused, unless it is the environment's and meant for something else.
CHOICE = $(if $(SERVER),--server '$(SERVER)') \
	$(if $(and $(PORT),$(or $(SERVER),$(filter command,$(origin PORT)))),--port '$(PORT)') \
	$(if $(REFERENCES),--references) $(if $(REPEATS),--repeats '$(REPEATS)') \
	$(if $(BUDGET),--budget '$(BUDGET)') $(if $(HOSTS),--hosts '$(HOSTS)')
TWO = --a '$(A)' --b '$(B)' $(if $(PORT),--port '$(PORT)') $(if $(NAMED),--experiment '$(NAMED)') \
	$(if $(REPEATS),--repeats '$(REPEATS)') $(if $(BUDGET),--budget '$(BUDGET)') \
	$(if $(TOLERANCE),--tolerance '$(TOLERANCE)') $(if $(HOSTS),--hosts '$(HOSTS)')

CHECKUP = $(if $(SERVER),--server '$(SERVER)') $(if $(PORT),--port '$(PORT)') \
	$(if $(RULES),--rules '$(RULES)') $(if $(QUESTIONS),--questions '$(QUESTIONS)') \
	$(if $(BESIDE),--beside '$(BESIDE)') $(if $(QUICK),--quick) \
	$(if $(A)$(B),--a '$(A)' --b '$(B)') $(if $(TOLERANCE),--tolerance '$(TOLERANCE)') \
	$(if $(HOSTS),--hosts '$(HOSTS)')

# Two processes for each core where most of a test's time is waiting; quick tests never wait.
CORES := $(shell getconf _NPROCESSORS_ONLN)
SIDE_BY_SIDE := --numprocesses $(shell echo $$((2 * $(CORES)))) --dist loadgroup

.DEFAULT_GOAL := help
.PHONY: help experiment checkup plan resume report claims ab compare history bench-analysis ui down doctor check test lint types unit bench bench-loadgen bench-servers crosscheck foreign truths hostile faults test-engines test-hosts clean lock

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; \
		sys.exit(None if (3, 11) <= v <= (3, 14) else \
		"error: Python 3.11 to 3.14 is needed, not %d.%d; name one: make PYTHON=python3.13 ..." % v)'
	@test ! -L $(VENV) || { echo "error: $(VENV) is a link, and what it leads to would be emptied; remove the link"; exit 5; }
	@echo "setting up $(VENV) (once)"
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "error: no venv module; on Debian: apt install python3-venv"; exit 5; }
	@$(PYTHON) -m venv --clear $(VENV) || { echo "error: $(VENV) could not be made, for the reason above"; exit 5; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@touch $@

experiment: $(READY) ## Run an experiment and report on it (EXPERIMENT=name, SERVER=image PORT=n or SERVER=file.yaml, REFERENCES=1, REPEATS=n, BUDGET=20m, HOSTS=hosts.yaml)
	@$(BIN)/python -m experiments run $(CHOICE) '$(EXPERIMENT)'

checkup: $(READY) ## Ask one server what it holds, costs and survives, on one page (SERVER=image PORT=n or SERVER=file.yaml, RULES=file.yaml, QUESTIONS=a,b, BESIDE=a,b, QUICK=1, HOSTS=hosts.yaml); two side by side: A=image:1 B=image:2
	@$(BIN)/python -m experiments checkup $(CHECKUP)

plan: $(READY) ## Print the trials of an experiment and their duration (EXPERIMENT=name; A=, B= of make ab)
	@$(BIN)/python -m experiments $(if $(A)$(B),ab --plan $(TWO),plan $(CHOICE) '$(EXPERIMENT)')

resume: $(READY) ## Go on with a run that was stopped (RUN=folder, default the newest that is unfinished)
	@$(BIN)/python -m experiments resume $(if $(RUN),'$(RUN)')

report: $(READY) ## Write the report of a run again (RUN=folder, default the latest)
	@$(BIN)/python -m experiments report $(if $(RUN),'$(RUN)')

ab: $(READY) ## Compare two servers side by side: A=image:1 B=image:2 PORT=n, or files (EXPERIMENT=name, REPEATS=n, BUDGET=20m, TOLERANCE=10%, HOSTS=hosts.yaml)
	@$(BIN)/python -m experiments ab $(TWO)

compare: $(READY) ## Compare runs: A=folder B=folder (MORE=folders, TOLERANCE=10%)
	@$(BIN)/python -m experiments compare '$(A)' '$(B)' $(MORE) $(if $(TOLERANCE),--tolerance '$(TOLERANCE)')

history: $(READY) ## The trend over all runs of an experiment (EXPERIMENT=name)
	@$(BIN)/python -m experiments history '$(EXPERIMENT)'

bench-analysis: $(READY) ## Time reports and comparisons of runs, beside pandas reading them
	@$(BIN)/python -m experiments bench-analysis

claims: $(READY) ## List the claims of the argument with their last verdicts
	@$(BIN)/python -m experiments claims

ui: $(READY) ## Start every server with the Locust web UI on http://127.0.0.1:8089 (WORKERS=n)
	@$(BIN)/python -m experiments ui $(if $(WORKERS),--workers '$(WORKERS)')

down: $(READY) ## End what `make ui` started
	@$(BIN)/python -m experiments down

doctor: $(READY) ## Check what the lab needs and say what to do (HOSTS=hosts.yaml: of several machines)
	@$(BIN)/python -m experiments doctor $(if $(HOSTS),--hosts '$(HOSTS)')

check: ## Lint, format, types, and the quick tests, which need no Docker and no browser
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target lint types unit

test: lint types ## Lint, format, types and all tests, but for those of make foreign and of three hosts (make test-hosts)
	$(BIN)/pytest $(SIDE_BY_SIDE) -m 'not others and not hosts'

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy contract servers loadgen experiments analysis tests

unit: $(READY)
	$(BIN)/pytest --quiet --numprocesses $(CORES) -m 'not slow and not docker and not browser'

bench-loadgen: $(READY) ## Compare the load engine with wrk, ab and Locust's clients (ROUNDS=5, ONLY=peers,features)
	@$(BIN)/python -m experiments bench-loadgen --only "$(ONLY)" $(if $(ROUNDS),--rounds $(ROUNDS))

bench: bench-loadgen

bench-servers: $(READY) ## Compare the servers with epoll_level in one table (SERVERS=a,b, default all)
	@$(BIN)/python -m experiments bench-servers --servers "$(SERVERS)"

crosscheck: $(READY) ## Compare the lab's figures with those of ab, wrk, httperf, ss, nstat, strace
	@$(BIN)/python -m experiments crosscheck

foreign: $(READY) ## Measure servers of others as they come, three of them also with wrk (docs/foreign-servers.md)
	$(BIN)/pytest --quiet --numprocesses 0 -m others
	@$(BIN)/python -m tests.foreign

truths: $(READY) ## Check up servers whose answers are known, and count how many are told rightly (N=10, ONLY=a,b, WHOLE=1)
	@$(BIN)/python -m tests.foreign.truths $(if $(N),--times $(N)) --only "$(ONLY)" $(if $(WHOLE),--whole)

hostile: $(READY) ## Throw hostile inputs at the servers (N=inputs for each, SERVERS=a,b, SEED=, INPUT=)
	@$(BIN)/python -m experiments hostile $(if $(N),--inputs $(N)) --servers "$(SERVERS)" \
		$(if $(SEED),--seed $(SEED)) $(if $(INPUT),--input $(INPUT))

faults: $(READY) ## End trials in every way; the next one has to be valid (N=endings, SEED=)
	@$(BIN)/python -m experiments faults $(if $(N),--endings $(N)) $(if $(SEED),--seed $(SEED))

test-engines: $(READY) ## Use the lab beside engines of other Debian releases, as root (ENGINES=trixie, CASES=smoke,clean)
	@$(BIN)/python -m tests.engines --engines "$(ENGINES)" --cases "$(CASES)"

test-hosts: $(READY) ## Run on several machines: this one, and further engines behind cables, as root
	$(BIN)/pytest --quiet --numprocesses 0 tests/docker/test_two_hosts.py tests/docker/test_three_hosts.py

clean: $(READY) ## Remove what the lab made in Docker, and nothing else (HOSTS=hosts.yaml: on several machines)
	@$(BIN)/python -m experiments clean $(if $(HOSTS),--hosts '$(HOSTS)')

lock: ## Lock the dependencies anew (needs uv)
	uv pip compile -q pyproject.toml --group dev --group load --group servers \
		--universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url -o requirements.lock
	uv pip compile -q --group load -c requirements.lock --python-version 3.13 --python-platform linux \
		--generate-hashes --no-annotate --no-header --no-emit-index-url -o loadgen/requirements.lock
	uv pip compile -q --group servers -c requirements.lock --python-version 3.13 --python-platform linux \
		--generate-hashes --no-annotate --no-header --no-emit-index-url -o servers/requirements.lock
	uv pip compile -q --group references -c requirements.lock --python-version 3.13 --python-platform linux \
		--generate-hashes --no-annotate --no-header --no-emit-index-url -o experiments/foreign/requirements.lock
	uv pip compile -q --group others -c requirements.lock --python-version 3.13 --python-platform linux \
		--generate-hashes --no-annotate --no-header --no-emit-index-url -o tests/foreign/others/requirements.lock
