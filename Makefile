# Each target wraps commands that the README also shows. `make demo` needs Python 3.11 or newer with venv, and nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ORDERS ?= 2000
PORT ?= 8000
CODE := backoffice stores orders notifications manage.py

.PHONY: demo serve work lint test test-long chromium
.DEFAULT_GOAL := demo

demo: $(VENV)/.installed ## everything on this machine: shops, mails, web, worker
	@exec $(BIN)/python manage.py demo --orders $(ORDERS) --port $(PORT)

serve: $(VENV)/.installed ## the web site alone
	@$(BIN)/python manage.py migrate --verbosity 0
	@exec $(BIN)/python -m backoffice.web --port $(PORT)

work: $(VENV)/.installed ## the queue's workers alone
	@exec $(BIN)/python manage.py work

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(CODE)
	$(BIN)/python manage.py check
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py translations --check

test: lint chromium ## what every change must pass
	$(BIN)/pytest -n 2 -m "not long"

test-long: $(VENV)/.installed-dev chromium ## everything, with the tests that take longer
	$(BIN)/pytest -n 2 --timeout 900

chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
		printf '\n*** Chromium is missing: the browser tests are SKIPPED. Install the package "chromium". ***\n\n'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements.txt requirements-dev.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/.installed
