# Fanfold. `make` lists what there is; README.md says what it is for.
# Everything is installed into .venv, once for each state of the lock files: a second run needs no network.

PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11,$(shell \
  $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))
V := .venv
RUN := $(V)/bin/python
checksum = $(shell cat $(1) | cksum | cut -d' ' -f1)
SEMGREP := $(V)/bin/semgrep scan --metrics off --disable-version-check
DEMO := $(V)/.demo-$(call checksum,requirements.txt)
DEV := $(V)/.dev-$(call checksum,requirements.txt requirements-dev.txt)
.DEFAULT_GOAL := help
.PHONY: help setup demo test bench screenshots check document messages lock sbom release mutate clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' Makefile | awk -F'|' '{ printf "  make %-11s %s\n", $$1, $$2 }'

setup: $(DEMO) ## install what demo and test need into .venv

demo: $(DEMO) ## show the product on this machine until Ctrl-C; ONCE=1: stop after the first downloads
	@exec $(RUN) -m portal.local.launch

test: $(DEMO) ## run the whole suite, four files at a time; ARGS="tests/portal/views -k link" picks
	@$(RUN) -m pytest $(if $(ARGS),$(ARGS),-n 4 --dist loadfile --no-loadscope-reorder)

bench: $(DEMO) ## measure, print each figure beside its target, write docs/benchmarks.md; FULL=1: all of it, 45 minutes
	@$(RUN) -m pytest -q -s tests/bench/*.py $(ARGS)

screenshots: $(DEMO) ## draw every page into docs/screens/, in both themes, wide and narrow
	@REQUIRE_BROWSER=1 $(RUN) -m pytest -q tests/browser/screenshots.py $(ARGS)

check: $(DEV) ## lint, format, types, known faults and our own rules, migrations, settings for production, dependencies
	$(V)/bin/ruff check .
	$(V)/bin/ruff format --check .
	$(V)/bin/mypy
	$(V)/bin/bandit --quiet --recursive --severity-level medium portal reports tenants
	$(SEMGREP) --test .ci/rules
	$(SEMGREP) --error --quiet --config .ci/rules/ours.yml portal reports tenants templates
	$(RUN) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(RUN) manage.py spectacular --validate --fail-on-warn --file /dev/null
	$(RUN) manage.py check --deploy --fail-level WARNING
	$(V)/bin/uv pip check --python $(RUN)
	$(V)/bin/cfn-lint deploy/*.yaml
	$(V)/bin/hadolint Dockerfile
# Settings as in production; nothing connects to this address.
check: export DATABASE_URL = postgresql://portal_web@db.invalid/portal
check: export DATABASE_WORKER_URL = postgresql://portal_worker@db.invalid/portal
check: export DATABASE_OWNER_URL = postgresql://portal_owner@db.invalid/portal
check: export SECRET_KEY = only-for-checks-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH
check: export PORTAL_BASE_URL = https://portal.example
check: export PORTAL_BUCKET = reports

document: $(DEMO) ## write the API's document, docs/openapi-v1.json
	$(RUN) manage.py spectacular --format openapi-json --file docs/openapi-v1.json

messages: $(DEMO) ## collect texts into locale/de/LC_MESSAGES/django.po and compile it; needs GNU gettext
	$(RUN) manage.py makemessages --locale de --no-location --no-obsolete --ignore .venv --ignore .local --ignore tests --ignore portal/local
	$(RUN) manage.py compilemessages --locale de --ignore .venv

lock: $(DEV) ## write the three lock files from requirements/*.in; ARGS=--upgrade takes newer versions
	$(call compile,requirements-prod.txt,requirements/prod.in)
	$(call compile,requirements.txt,requirements/demo.in,-c requirements-prod.txt)
	$(call compile,requirements-dev.txt,requirements/dev.in,-c requirements.txt)

sbom: $(DEV) ## list what the image holds, as CycloneDX, in dist/fanfold.cdx.json
	@mkdir -p dist
	@$(V)/bin/cyclonedx-py requirements --spec-version 1.6 --output-format JSON --output-reproducible --output-file dist/fanfold.cdx.json requirements-prod.txt

release: $(DEV) ## put the files of a release into dist/: VERSION=2026.3; CONTRIBUTING.md has the rest
	@.ci/release "$(VERSION)"

mutate: $(DEMO) ## remove each tenant filter and each policy in turn: what do the tests notice?
	@exec $(RUN) -m tests.mutate

clean: ## remove .venv and everything the demo and the tests made
	rm -rf $(V) .local dist staticfiles .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

compile = $(V)/bin/uv pip compile --quiet --universal --python-version 3.11 --only-binary :all: --generate-hashes \
  --custom-compile-command "make lock" $(3) --output-file $(1) $(2) $(ARGS)

# $(call install,lock file): by uv where it is at hand, because it is ten times as fast; else by pip.
install = if command -v uv >/dev/null 2>&1; \
  then uv pip install --quiet --compile-bytecode --python $(RUN) --only-binary :all: --require-hashes -r $(1); \
  else $(RUN) -m pip install -qq --disable-pip-version-check --only-binary :all: --require-hashes -r $(1); fi

$(DEMO):
	@test -n "$(PYTHON)" || { echo "Fanfold needs Python 3.11 or newer, and there is none on the PATH. Or name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || command -v uv >/dev/null 2>&1 \
	  || { echo "$(PYTHON) has no venv. On Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	@echo "Installing into $(V) ..."
	@rm -rf $(V)
	@if command -v uv >/dev/null 2>&1; then uv venv --quiet --python $(PYTHON) $(V); else $(PYTHON) -m venv $(V); fi
	@$(call install,requirements.txt)
	@touch $@

$(DEV): $(DEMO)
	@echo "Installing the tools for development ..."
	@$(call install,requirements-dev.txt)
	@touch $@
