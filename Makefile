# SPDX-License-Identifier: GPL-2.0-or-later
# `make help` lists what can be asked of this tree.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

python := .venv/bin/python
pytest := $(python) -m pytest
topology := lab/isp-vendors.clab.yml

# $(call step,NAME,COMMAND): runs it, prints how long it took, and names the step that failed.
define step
@SECONDS=0; echo "== $(1)"; \
if $(2); then echo "-- $(1): ok, $$SECONDS s"; else echo "-- $(1): FAILED after $$SECONDS s" >&2; exit 1; fi
endef

.PHONY: help install debian demo test check static tests fmt lock bench soak docs clean \
	format lint types import-rules unit storage service routers kernel lab-tests lab-isp lab-bgp

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)$$/  make \1\t\2/p' Makefile | expand -t 22

install: debian .venv/.stamp ## Debian packages and the virtual environment from the lock file (root)

debian:
	@scripts/install-debian

# Debian's own Python and its site-packages: python3-nftables comes from there.
.venv/.stamp: requirements.lock pyproject.toml scripts/debian-packages.txt scripts/gobgp-stubs
	$(call step,virtual environment,$(MAKE) venv)
	@touch $@

.PHONY: venv
venv:
	@$(python) -c '' 2>/dev/null || /usr/bin/python3 -m venv --clear --system-site-packages .venv
	@$(python) -m pip install --quiet --disable-pip-version-check --only-binary :all: \
		--require-hashes --requirement requirements.lock
	@PYTHON=$(python) scripts/gobgp-stubs
	@$(python) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .

demo: install ## the lab, the controller and every order of the mission, with real packets (KEEP=1 leaves it up)
	@$(python) -m lab.demo $(if $(KEEP),--keep)

test: install ## install, then every check and test (root)
	@$(MAKE) check

check: ## every check and test, in an installed tree (root)
	@SECONDS=0; $(MAKE) --jobs=2 --output-sync=target static unit; $(MAKE) tests; echo "== all passed in $$SECONDS s"

static: format lint types import-rules docs ## format, lint, types, import rules, documentation

format:
	$(call step,format,.venv/bin/ruff format --quiet --check .)

lint:
	$(call step,lint,.venv/bin/ruff check --quiet .)

types:
	$(call step,types,.venv/bin/mypy --no-error-summary)

import-rules:
	$(call step,import rules,.venv/bin/lint-imports --no-logo)

docs: ## the documentation, into site/
	$(call step,documentation,NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs --quiet build --strict)

unit: ## unit tests
	$(call step,unit tests,$(pytest) -q -n 2 tests/unit)

tests: ## contract, integration and lab tests (root)
	@$(MAKE) storage
	@$(MAKE) service
	@$(MAKE) kernel
	@$(MAKE) --jobs=3 --output-sync=target waiting

# Each has its own databases and servers, so several may run at once.
apart := tests/integration/storage tests/integration/inventory

storage:
	$(call step,storage and inventory tests,$(pytest) -q -n 2 $(apart))

# Servers on loopback, and the browser that drives them; a module's tests share theirs.
served := $(foreach kind,accounts api intake notify,tests/integration/$(kind))

service: ## API, accounts, intake, notices, and the desk in a browser
	$(call step,service and desk tests,$(pytest) -q -n 2 --dist loadfile tests/browser $(wildcard $(served)))

# Emulated routers and SSH servers of their own, which mostly wait for each other.
emulated := $(wildcard $(foreach kind,ios junos router ssh xr emulator,tests/integration/test_$(kind)_*.py))

routers:
	$(call step,contract and faults of emulated routers,$(pytest) -q -n 4 -m 'not root' tests/contract $(emulated))

# Namespaces and daemons of their own; a module's tests share theirs, so they stay together. The
# longest first, so that at the end no worker is left alone with one of them.
first := killed_placing rtbh_guarantee killed_later rtbh_blackholes two_controllers database_away nft_netlink
first := $(first:%=tests/integration/test_%.py)
found = $(sort $(shell find tests/integration -name 'test_*.py'))
rest = $(filter-out $(first) $(emulated) $(apart:%=%/%) $(served:%=%/%),$(found))

kernel:
	$(call step,contract tests with a kernel and daemons,$(pytest) -q -n 2 -m root tests/contract)
	$(call step,integration tests,$(pytest) -q -n 2 --dist loadfile --no-loadscope-reorder $(first) $(rest))

# What mostly waits, side by side.
.PHONY: waiting
waiting: lab-isp lab-bgp routers

# Two labs with namespaces of their own, side by side: each mostly waits.
lab-tests: ## tests in the labs (root)
	@$(MAKE) --jobs=2 --output-sync=target lab-isp lab-bgp

lab-isp:
	$(call step,lab tests,$(python) -m lab.clabns $(topology) -- $(pytest) -q tests/lab --ignore tests/lab/bgp)

lab-bgp:
	$(call step,BGP lab tests,$(python) -m lab.clabns lab/isp-bgp.clab.yml -- $(pytest) -q tests/lab/bgp)

fmt: ## format the tree and apply safe lint fixes
	@.venv/bin/ruff check --quiet --fix .
	@.venv/bin/ruff format .

lock: ## renew requirements.lock from pyproject.toml (UPGRADE=1: with the newest versions)
	@UV_CUSTOM_COMPILE_COMMAND='make lock' .venv/bin/uv --no-config pip compile --quiet \
		--python-version 3.11 --python-platform linux --all-extras --generate-hashes --no-annotate \
		$(if $(UPGRADE),--upgrade) --output-file requirements.lock pyproject.toml

bench: ## paired measurements into docs/benchmarks.md (root; goes on where it was interrupted)
	@$(python) -m tests.bench

soak: ## ten real minutes of everything at once, with kills and an oracle (root; docs/soak.md)
	@$(python) -m tests.soak --minutes 10

clean: ## remove what was built; keep the virtual environment
	@rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist site
	@find . -path ./.venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
