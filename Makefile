# `make` lists what there is. Everything is installed into .venv in this folder, nothing outside it,
# save for the Debian packages of `make test-deps`, which asks first.

.DEFAULT_GOAL := help
.PHONY: help lab test test-deps install-lab install-test clean

help: ## this list
	@awk -F ':[^#]*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

lab: install-lab ## open the course in JupyterLab; more: make lab ARGS="--no-browser --port 9999"
	@exec .venv/bin/labkit lab $(ARGS)

test: test-deps install-test ## run every test; some of them: make test LANES="lint unit"
	@.venv/bin/python -m tests.lanes $(LANES)

test-deps: ## install the Debian packages that the tests need (asks first)
	@$(or $(PYTHON),python3) -m tests.debian

clean: ## remove .venv and what tests wrote
	rm -rf .venv test-results

# The newest Python that can make a .venv; one without ensurepip will do when it has pip.
find-python = $(firstword $(foreach name,python3.13 python3.12 python3.11 python3,$(shell \
  $(name) -c 'import sys, venv, $1; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))
PYTHON = $(or $(call find-python,ensurepip),$(call find-python,pip))

# Whole: no install was cut off in it, it was made in this folder, and its Python still runs.
is-whole = [ ! -e .venv/.installing ] && grep -qsF "$(CURDIR)/.venv/bin/python" .venv/bin/pip && \
  .venv/bin/python -I -c 'import pip' 2>/dev/null

# One after the other: two that install into one .venv spoil it. The lock ends with those who hold it.
in-turn = exec 9< Makefile; ! command -v flock >/dev/null || flock -n 9 || { \
  echo "Another make installs in this folder: waiting for its end …"; flock 9; }

install-lab install-test: install-%:
	@$(in-turn); \
	[ ! -e .venv ] || { $(is-whole); } || { echo "The .venv here is not whole: making it anew."; rm -rf .venv; }; \
	$(MAKE) --silent --no-print-directory .venv/.labkit-$* $(MORE_$*)

# What Jupyter reads is copied at the install: a change of it is one of the project.
COPIED = $(shell find labkit/machine/kernelspec labkit/jupyter/lab -type f -not -name '*.py*' 2>/dev/null)

.venv/.labkit-lab .venv/.labkit-test: .venv/.labkit-%: pyproject.toml $(COPIED) | .venv/bin/pip
	@echo "Installing labkit and $(NEEDS_$*) into .venv: a minute or two, this once …"
	@touch .venv/.installing
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable "$(PACKAGE_$*)" || { \
	  echo >&2 "The install did not finish: the reason stands above. \`make $*\` tries again."; exit 1; }
	@rm .venv/.installing
	@touch $@

# kubectl and helm for the tests of the cluster, in .make/clients.
.PHONY: clients
clients: | .venv/.labkit-test
	@.venv/bin/python -m tests.support.clients

MORE_test = clients
PACKAGE_lab = .
NEEDS_lab = JupyterLab
PACKAGE_test = .[test]
NEEDS_test = the tools of its tests

.venv/bin/pip:
	@python="$(PYTHON)"; \
	if [ -z "$$python" ]; then echo >&2 "$$NO_PYTHON"; exit 1; fi; \
	echo "Making .venv with $$($$python --version) …"; \
	if $$python -c 'import ensurepip' 2>/dev/null; then \
	  $$python -m venv .venv; \
	else \
	  $$python -m venv --without-pip .venv && $$python -m pip --python .venv/bin/python install --quiet pip; \
	fi

define NO_PYTHON
labkit needs Python 3.11 or newer, with its venv module. One of these brings it:
  sudo apt install python3-venv      Debian 12, Ubuntu 24.04 and newer
  sudo dnf install python3           Fedora
  sudo pacman -S python              Arch
Then type make lab again.
endef
export NO_PYTHON
