# What a newcomer needs: make run, make test. Everything else they need, they install into .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
export PORT ?= 8000

.DEFAULT_GOAL := help
.PHONY: help install run test lint bench

help:
	@echo "make run    start Heed on http://localhost:$(PORT) with demo data (DEMO=0: without)"
	@echo "make test   run the tests; with TEST_POSTGRES_URL on PostgreSQL too"
	@echo "make lint   ruff and mypy"
	@echo "make bench  every figure of the docs, in its quick form"

install: $(INSTALLED)

$(INSTALLED): requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Heed needs Python 3.11 or later: set PYTHON to one, such as make run PYTHON=python3.12."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python has no venv module: install it (Debian and Ubuntu: apt-get install python3-venv)."; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

run: install
	@DEBUG=1 $(BIN)/python manage.py dev

test: install
	$(BIN)/python -m pytest -n 2
	@if [ -n "$$TEST_POSTGRES_URL" ]; then \
		echo "Once more on PostgreSQL:"; DATABASE_URL="$$TEST_POSTGRES_URL" $(BIN)/python -m pytest -n 2; \
	else \
		echo "PostgreSQL: skipped. Set TEST_POSTGRES_URL=postgres://user:password@host/database (the user must be allowed to create databases)."; \
	fi

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	DEBUG=1 $(BIN)/mypy .

bench: install
	@for script in bench/*.py; do echo "== $$script"; $(BIN)/python $$script --quick || exit 1; done
