# Everything a person or a build machine types. Each target first makes ready what it needs.
.PHONY: help run test check format bench package smoke clean

VENV_PYTHON := .venv/bin/python

help:
	@echo 'make run      set up and open the window        (ARGS="--demo")'
	@echo 'make test     set up and run all tests          (ARGS="tests/engine -k ring")'
	@echo 'make check    format, lint, types, import rules'
	@echo 'make format   mend what make check says about format'
	@echo 'make bench    measure, beside peers             (AREA=voice, ui, cache, gateway, gpu or analytics)'
	@echo 'make package  what people install, in dist/      (ARGS="standard", KINDS="deb")'
	@echo 'make smoke    install the .deb in a bare system, and use it there (as root)'
	@echo 'make clean    remove what can be made again; settings and history stay'

run:
	@packaging/setup.sh run
	@exec .venv/bin/universal-ai-tools $(ARGS)

test:
	@packaging/setup.sh test
	@$(VENV_PYTHON) -m pytest $(ARGS)

check:
	@packaging/setup.sh check
	@$(VENV_PYTHON) -m ruff format --check .
	@$(VENV_PYTHON) -m ruff check .
	@$(VENV_PYTHON) -m mypy
	@.venv/bin/lint-imports --no-logo

format:
	@packaging/setup.sh check
	@$(VENV_PYTHON) -m ruff check --fix-only --quiet .
	@$(VENV_PYTHON) -m ruff format .

bench:
	@packaging/setup.sh test
	@test -n "$(AREA)" || { echo 'which area? make bench AREA=voice, AREA=ui, AREA=cache, AREA=gateway, AREA=gpu or AREA=analytics'; exit 2; }
	@$(VENV_PYTHON) -m tests.bench.$(AREA) $(ARGS)

package:
	@packaging/setup.sh package
	@packaging/package.sh $(ARGS)

smoke:
	@packaging/setup.sh test
	@packaging/smoke.sh $(ARGS)

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage \
		build dist tests/.output tests/clients/node_modules
	find app engine resources tests -name __pycache__ -type d -prune -exec rm -rf {} +
