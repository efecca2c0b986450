# Counterseal. `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
SERVE ?= 1
# Debian builds its Python with profile-guided optimisation; one that was compiled without it is slower.
PYTHON ?= $(shell /usr/bin/python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo /usr/bin/python3 || echo python3)
VENV := .venv
UV := .tools/bin/uv
export PYTHONDONTWRITEBYTECODE :=  # bytecode is written: what tests start need not compile the whole tree anew

.PHONY: help setup demo august test lint types architecture unit spark stories fuzz controls release ci fix lock clean bench

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(UV):
	@python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target .tools uv

STYLE := src/counterseal/web/uswds_package

$(VENV)/.set-up: requirements/dev.txt pyproject.toml $(STYLE)/package-lock.json $(UV)
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
	@$(UV) pip sync --quiet --compile-bytecode --python $(VENV) --require-hashes requirements/dev.txt
	@$(UV) pip install --quiet --python $(VENV) --no-deps --editable .
	@mkdir -p .tools/style && cp $(STYLE)/package.json $(STYLE)/package-lock.json .tools/style/
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" npm ci --silent --ignore-scripts --no-audit --no-fund --prefix .tools/style
	@$(VENV)/bin/python -m counterseal.web.collect .tools/style/node_modules
	@touch $@

setup: $(VENV)/.set-up ## make the environment in .venv

test: setup lint types architecture unit ## everything that has to hold, in under five minutes

lint: setup ## ruff, every rule but the reasoned exceptions
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check .

types: setup ## mypy, strict
	@$(VENV)/bin/mypy

architecture: setup ## the import directions
	@$(VENV)/bin/lint-imports

unit: setup ## the tests
	@$(VENV)/bin/pytest -n 2

SPARK := .venv-spark
$(SPARK)/.set-up: requirements/spark.txt requirements/dev.txt pyproject.toml $(UV)
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) $(SPARK)
	@$(UV) pip sync --quiet --compile-bytecode --python $(SPARK) --require-hashes requirements/spark.txt
	@touch $@

spark: $(SPARK)/.set-up ## screening and identity on Spark, held against DuckDB; needs a Java runtime
	@PYTHONPATH=src $(SPARK)/bin/python -m pytest -p no:cacheprovider -n 0 -m "spark and not long"

STORIES := $(VENV)/bin/pytest -n 0 -m browser tests/web/test_casework_browser.py
stories: setup ## casework by two people in a browser, on PostgreSQL and on SQLite
	@.ci/with-postgresql $(STORIES) && $(STORIES)

OSCAL := .venv-oscal
$(OSCAL)/.set-up: requirements/oscal.txt $(UV)
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) $(OSCAL)
	@$(UV) pip sync --quiet --compile-bytecode --python $(OSCAL) --require-hashes requirements/oscal.txt
	@touch $@

controls: $(OSCAL)/.set-up ## the table of security controls as an OSCAL component definition, in var/controls
	@$(OSCAL)/bin/python -m controls.component var/controls/component-definition.json

RELEASE := .venv-release
$(RELEASE)/.set-up: requirements/release.txt $(UV)
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) $(RELEASE)
	@$(UV) pip sync --quiet --compile-bytecode --python $(RELEASE) --require-hashes requirements/release.txt
	@touch $@

release: $(RELEASE)/.set-up ## wheels built twice alike, a bill of materials, every pin audited; all of it or nothing
	@.ci/release

FUZZ := .venv-fuzz
SECONDS ?= 60
$(FUZZ)/.set-up: requirements/fuzz.txt requirements/dev.txt pyproject.toml $(UV)
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) $(FUZZ)
	@$(UV) pip sync --quiet --compile-bytecode --python $(FUZZ) --require-hashes requirements/fuzz.txt
	@touch $@

fuzz: $(FUZZ)/.set-up ## every reader of what strangers send, SECONDS=60 each, on what earlier runs found
	@mkdir -p var/fuzz; for target in csv lines parquet sheet manifest agreement pattern note keys package \
	  checkpoint receipt entry policy key; do \
	  PYTHONPATH=src:. nice $(FUZZ)/bin/python -m fuzz $$target var/fuzz/$$target -max_total_time=$(SECONDS) \
	    -timeout=20 -rss_limit_mb=3000 -print_final_stats=1 > var/fuzz/$$target.log 2>&1 \
	    || { tail -40 var/fuzz/$$target.log; exit 1; }; \
	  echo "$$target: $$(grep -E '^Done' var/fuzz/$$target.log)"; done

fix: setup ## format, and mend what ruff can mend
	@$(VENV)/bin/ruff check --fix . ; $(VENV)/bin/ruff format .

lock: $(UV) ## pin the dependencies anew, with hashes and without addresses
	@$(UV) pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --upgrade pyproject.toml --extra dev -o requirements/dev.txt
	@$(UV) pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --no-annotate -c requirements/dev.txt pyproject.toml --extra dev --extra spark -o requirements/spark.txt
	@$(UV) pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --no-annotate -c requirements/dev.txt pyproject.toml -o requirements/run.txt
	@printf 'pip-audit\ncyclonedx-bom\n' | $(UV) pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --no-annotate - -o requirements/release.txt
	@$(UV) pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --no-annotate -c requirements/dev.txt pyproject.toml --extra dev --extra fuzz -o requirements/fuzz.txt
	@echo compliance-trestle | $(UV) pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --no-annotate - -o requirements/oscal.txt

RAN := var/ran.txt
ci: export COUNTERSEAL_RAN := $(CURDIR)/$(RAN)
ci: ## what .ci/run runs: the tests, then PostgreSQL, the browser and Spark; then each control's tests must have passed
	@.ci/provide
	@mkdir -p var && rm -f $(RAN)
	@$(MAKE) --no-print-directory setup lint types architecture
	@CI=true .ci/with-postgresql $(VENV)/bin/pytest -n 3 -m "not long and not browser and not spark" tests/flow tests/store tests/web tests/ledger/test_postgresql.py --ignore tests/web/test_asvs.py
	@CI=true $(MAKE) --no-print-directory --jobs=2 --output-sync=target stories spark
	@CI=true $(VENV)/bin/pytest -n 2 -m "not long and not postgresql and not spark" --ignore tests/web/test_casework_browser.py
	@$(MAKE) --no-print-directory controls
	@$(VENV)/bin/python -m controls.ran $(RAN)

DEMO := var/demonstration
august: setup ## August 2025 replayed on made-up people: both sides on one file, as one page in var/august
	@$(VENV)/bin/python bench/august.py

demo: setup ## synthetic people, a request of 2,000 rows, the run, its table, then the pages (SERVE=0: stop after the table)
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(VENV)/bin/python -m counterseal.synth demonstration --out $(DEMO) --serve $(SERVE)
