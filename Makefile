# perfops: two commands do everything: `make demo` runs the main job on this machine, `make test` runs the tests.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help demo test lint bench soak molecule docs env constraints clean

help: ## what can be made
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

$(VENV)/.done: pyproject.toml constraints.txt scripts/setup
	@scripts/setup $(VENV)
	@touch $@

demo: $(VENV)/.done ## sample this machine for 20 s under a small load, load PostgreSQL, draw a report; prints its path
	@scripts/demo

test: $(VENV)/.done ## lint, types and every test (installs what they need where it may: sshd, sysstat, Chromium)
	@scripts/test-packages
	@$(BIN)/pytest -n 3 --dist worksteal $(PYTEST_ARGS)

lint: $(VENV)/.done ## the linters and type checks alone
	@$(BIN)/pytest -q tests/test_lint.py

bench: $(VENV)/.done ## the benchmarks; each prints a ratio to a peer or to a limit measured in the same run
	@for script in benchmarks/bench_*.py; do $(BIN)/python $$script || exit 1; done

soak: $(VENV)/.done ## the tests of faults, with their full counts
	@PERFOPS_SOAK=1 $(BIN)/pytest -m soak $(PYTEST_ARGS)

molecule: $(VENV)/.done ## the roles on machines made for it, all scenarios: check, converge, idempotence, verify, clean (root)
	@PERFOPS_SOAK=1 $(BIN)/pytest tests/test_molecule.py $(PYTEST_ARGS)

docs: $(VENV)/.done ## write the reference pages in docs/reference and the READMEs of roles from the code
	@$(BIN)/python scripts/reference

env: ## write .env, the passwords of docker-compose.yml
	@scripts/env

constraints: $(VENV)/.done ## refresh constraints.txt
	@scripts/refresh-constraints

clean: ## remove the environment and what the tools cached
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
