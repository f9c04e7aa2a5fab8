# The commands a person types in this checkout; `make` alone lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
NODE := node --disable-warning=ExperimentalWarning
# Where the demo lives, so that status and stop speak of the same appliance.
DEMO := METWORK_RUNTIME_ROOT=$(CURDIR)/build/demo METWORK_ETC=$(CURDIR)/build/demo/etc

.PHONY: help setup setup-run demo stop status test check format golden chaos bench docs clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## install what is missing: npm packages, system packages, built plugins
	@./scripts/setup/setup.sh

setup-run: # the same without what only tests need
	@./scripts/setup/setup.sh --run

demo: setup-run ## start mfserv and mfdata, run the main job on real input, leave them running
	@$(NODE) scripts/demo.ts

stop: setup-run ## stop what demo left running
	@$(NODE) scripts/demo.ts --stop

status: setup-run ## say what of the demo runs, and why something does not
	@if [ "$$(id -u)" = 0 ]; then export METWORK_ALLOW_USAGE_BY_ROOT=1; fi; $(DEMO) bin/metwork status

test: setup ## run every check and every test; ends with "N passed, N failed"
	@$(NODE) scripts/test.ts

check: setup ## look at the code only: format, lint, types, arrows, dead code, scripts
	@$(NODE) scripts/check.ts

format: setup ## rewrite the sources in the house's format
	@biome check --write .

golden: setup ## rewrite the expected files of the golden tests; read the diff before committing it
	@$(NODE) scripts/golden.ts

chaos: setup ## hurt it for an hour: kills, faults, random edits; CHAOS=short for some minutes
	@$(NODE) scripts/chaos.ts

bench: setup ## measure what is meant to be fast
	@$(NODE) bench/run.ts

docs: setup ## regenerate docs/reference and the commented config.ini files from the option schema
	@$(NODE) scripts/docs.ts

clean: ## stop the demo and remove what was built (packages stay)
	@if [ -d build/demo ]; then $(NODE) scripts/demo.ts --stop; fi
	@rm -rf build modules/*/share/plugins
