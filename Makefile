# The work of `setup` is done by .ci/setup.sh.
BIN := $(CURDIR)/.venv/bin

# Where `make demo` reads and writes; the environment's values win.
VGG_HOME ?= $(CURDIR)/demo
VGG_DATA ?= $(VGG_HOME)/data/sample
VGG_EXPERIMENT ?= demo
SETTINGS := "VGG_HOME=$(VGG_HOME)" "VGG_DATA=$(VGG_DATA)" "VGG_EXPERIMENT=$(VGG_EXPERIMENT)"
DEMO := env "PATH=$(BIN):$$PATH" $(SETTINGS)

# Files in the order of tests/conftest.py: by themselves, xdist would begin with those of the most tests.
# Three at a time, of which one waits for a process of its own: with two, two cores were idle for a third of the time.
SIDE_BY_SIDE := -n 3 --dist loadfile --no-loadscope-reorder
QUICK := -m "not slow and not beam and not browser" --unoptimised
# With the variable, where a container or a shell sets it, each of hundreds of processes compiles all of our modules.
PYTEST := env -u PYTHONDONTWRITEBYTECODE "$(BIN)/python" -m pytest
SEED ?= 1
BENCHMARKS ?= $(CURDIR)/benchmarks/results

.PHONY: help setup demo check test test-debian13 test-container shuffled lint format benchmarks mutants lock clean
.DEFAULT_GOAL := help

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make .venv from the lock file that this machine can use (nothing where it is up to date); GPU=1 adds CUDA
	@.ci/setup.sh

demo: setup ## make sample data and run the whole pipeline on it, in ./demo
	@echo 'vgg data sample --out $(VGG_DATA)'
	@$(DEMO) vgg data sample --out "$(VGG_DATA)"
	@echo '$(SETTINGS) tfx run create --pipeline vgg'
	@$(DEMO) tfx run create --pipeline vgg

check: lint ## lint, and the tests that need no TFX run, no full-width net and no browser
	$(PYTEST) $(SIDE_BY_SIDE) $(QUICK)

test: setup ## run every test, three files at a time
	$(PYTEST) $(SIDE_BY_SIDE) --durations=20

test-debian13: ## every test under Debian 13 with TFX 1.21, in a root made by debootstrap (as root; 3.5 GB)
	.ci/debian13.sh make test
	.ci/two_platforms.sh

test-container: ## the Dockerfile's steps in roots made by debootstrap, and the demo in the image (as root; 15 GB)
	.ci/container.sh

shuffled: setup ## the tests of `check` in an order drawn from SEED
	$(PYTEST) $(SIDE_BY_SIDE) $(QUICK) -p randomly --randomly-seed=$(SEED)

lint: setup ## check style and formatting
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .

format: setup ## rewrite the code in the project's format
	"$(BIN)/ruff" check --fix .
	"$(BIN)/ruff" format .

benchmarks: setup ## every benchmark at a small size (about 15 minutes); BENCHMARKS= is the folder for the results
	"$(BIN)/python" -m benchmarks.every --out "$(BENCHMARKS)"

mutants: setup ## MODULES="models/protocols.py ...": small changes that their tests let pass (long; not for CI)
	"$(BIN)/python" -m benchmarks.mutants $(MODULES)

# The first platform's lock is of one Python; the second's of three, which its markers tell apart.
COMPILE := UV_CUSTOM_COMPILE_COMMAND="make lock" .ci/setup.sh uv pip compile --quiet --generate-hashes \
    --no-emit-index-url --no-emit-find-links
ON_1.16 := --python-version 3.10
ON_1.21 := --universal --python-version 3.11

lock: ## resolve requirements.in anew for both platforms into requirements-tfx-*.lock
	@$(foreach tfx,1.16 1.21,echo "TFX $(tfx)" && \
	    $(COMPILE) $(ON_$(tfx)) requirements.in requirements-tfx-$(tfx).in -o requirements-tfx-$(tfx).lock && \
	    $(COMPILE) $(ON_$(tfx)) -c requirements-tfx-$(tfx).lock requirements-gpu.in \
	        -o requirements-tfx-$(tfx)-gpu.lock &&) true

clean: ## remove .venv, .tools and what builds and tools leave behind
	rm -rf .venv .tools build dist *.egg-info .pytest_cache .ruff_cache
	find models serving components pipeline tests -name __pycache__ -prune -exec rm -rf {} +
