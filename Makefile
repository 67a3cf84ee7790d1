# Needs Python 3.11 or newer with venv, and make. Everything else is installed into .venv.

PYTHON ?= python3
BIN := .venv/bin
FUZZ_N := 400000
ROOMS := __init__.py __main__.py py.typed grammar compiler runtime sql cli

.DEFAULT_GOAL := help

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

.venv/ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "dfsql needs Python 3.11 or newer, which '$(PYTHON)' is not. Name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { \
	  echo "'$(PYTHON) -m venv .venv' failed. On Debian and Ubuntu it needs: apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]'
	@touch $@

demo: .venv/ready ## lint, compile and draw every workflow of examples/ into build/demo/, and run one through a crash
	@rm -rf build/demo && mkdir -p build/demo
	$(BIN)/dfsql lint examples
	$(BIN)/dfsql compile examples/*.dfsql -o build/demo/
	@set -e; for file in examples/*.dfsql; do $(BIN)/dfsql explain "$$file" --format svg -o build/demo; done
	@printf '\n== one workflow as a tree: dfsql explain examples/approval.dfsql\n\n'
	@$(BIN)/dfsql explain examples/approval.dfsql
	@printf '\n== a deliberate mistake: dfsql lint tests/data/demo/mistake.dfsql\n\n'
	@$(BIN)/dfsql lint tests/data/demo/mistake.dfsql; code=$$?; \
	  test $$code -eq 1 || { echo "expected a finding (exit 1), got exit $$code" >&2; exit 1; }
	@env -u DFSQL_DSN -u PGHOST -u PGHOSTADDR -u PGSERVICE \
	  PATH="$(CURDIR)/$(BIN):$$PATH" DFSQL_DATA_DIR="$(CURDIR)/build/demo/data" sh examples/survive.sh
	@printf '\n== drawn:\n'; ls build/demo/*.svg

# Twice as many processes as cores: the tests of the engine wait for sleeps, signals and servers most of the time.
test: .venv/ready ## run the whole test suite
	$(BIN)/pytest -n $$(( $$($(BIN)/python -c 'import os; print(min(os.cpu_count() or 1, 4))') * 2 ))

# Checkers take a package's name from its folder; .links gives them one that is called dfsql.
links: .venv/ready
	@rm -rf .links && mkdir -p .links/dfsql
	@for room in $(ROOMS); do test ! -e $$room || ln -s ../../$$room .links/dfsql/$$room; done

lint: links ## ruff, mypy, import contracts, and a proof that mypy still sees mistakes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	@mkdir -p build
	@printf 'from dfsql import Span\n\nwrong: str = Span(0, 1)\n' > build/planted.py
	@! $(BIN)/mypy build/planted.py > build/planted.out && grep -q 'planted.py:3: .*\[assignment\]' build/planted.out || { \
	  echo "mypy did not see the planted mistake, so its green is worth nothing:" >&2; cat build/planted.out >&2; exit 1; }

bench: .venv/ready ## measure speed; never part of the tests
	$(BIN)/python bench/run.py
	$(BIN)/python bench/engine.py

fuzz: .venv/ready ## only the fuzz tests, with many more inputs (FUZZ_N=...)
	DFSQL_FUZZ_N=$(FUZZ_N) $(BIN)/pytest -n auto --maxprocesses 8 tests/property -k fuzz

chaos: .venv/ready ## kill workers and the server while 5,000 instances run (CHAOS="--instances 500 ...")
	$(BIN)/python tests/chaos/run.py $(CHAOS)

gallery: .venv/ready ## draw docs/gallery/ again from examples/
	@rm -f docs/gallery/*.svg && mkdir -p docs/gallery
	@set -e; for file in examples/*.dfsql; do $(BIN)/dfsql explain "$$file" --format svg -o docs/gallery; done

docs: .venv/ready ## write the generated pages of docs/ again
	$(BIN)/python docs/generate.py

table: .venv/ready ## build the parse table again after a change of grammar/sql.lark
	$(BIN)/python -c 'from dfsql.grammar import tables; tables.write()'

clean: ## remove everything that the other targets made
	rm -rf build dist .links .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info .venv

.PHONY: help demo test links lint bench fuzz chaos gallery docs table clean
