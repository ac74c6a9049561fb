# What a newcomer needs: make run, make test. Everything else they need, they install into .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
NO_POSTGRES := PostgreSQL: skipped. Set TEST_POSTGRES_URL=postgres://user:password@host/database (a user who may create databases).

.DEFAULT_GOAL := help
.PHONY: help install run test lint machine verdicts bench

help:
	@echo "make run    start Heed on http://localhost:8000 with demo data (PORT=8001: on another port, DEMO=0: without data)"
	@echo "make test   run the tests; with TEST_POSTGRES_URL on PostgreSQL too"
	@echo "make lint   ruff and mypy"
	@echo "make machine  2,000 random sequences of everything that can happen to consent, against a model (make test: 200)"
	@echo "make verdicts  3,000 random populations prepared, every verdict compared with a model (make test: 150)"
	@echo "make bench  every figure of the docs, in its quick form"

install: $(INSTALLED)

$(INSTALLED): requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "Heed needs Python 3.11 or later: set PYTHON to one, such as make run PYTHON=python3.12."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "This Python has no venv module: install it (Debian and Ubuntu: apt-get install python3-venv)."; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# exec: a signal for make's child is one for the process manager, not for a shell in between.
run: install
	@DEBUG=1 exec $(BIN)/python manage.py dev

test: install
	@test -n "$$TEST_POSTGRES_URL" || echo "$(NO_POSTGRES)"
	$(BIN)/python -m pytest -n 2
	@test -z "$$TEST_POSTGRES_URL" || echo "Once more on PostgreSQL:"
	@test -z "$$TEST_POSTGRES_URL" || DATABASE_URL="$$TEST_POSTGRES_URL" $(BIN)/python -m pytest -n 2

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	DEBUG=1 $(BIN)/mypy .

machine: install
	SEQUENCES=2000 $(BIN)/python -m pytest tests/profiles/test_consent_machine.py
	@test -z "$$TEST_POSTGRES_URL" || SEQUENCES=2000 DATABASE_URL="$$TEST_POSTGRES_URL" $(BIN)/python -m pytest tests/profiles/test_consent_machine.py

verdicts: install
	POPULATIONS=3000 $(BIN)/python -m pytest tests/deliveries/test_verdict_model.py
	@test -z "$$TEST_POSTGRES_URL" || POPULATIONS=3000 DATABASE_URL="$$TEST_POSTGRES_URL" $(BIN)/python -m pytest tests/deliveries/test_verdict_model.py

bench: install
	@for script in main_job import ledger_check profile_list audience_count landing_page preparation exclusion_effect; do echo "== bench/$$script.py"; $(BIN)/python bench/$$script.py --quick || exit 1; done
