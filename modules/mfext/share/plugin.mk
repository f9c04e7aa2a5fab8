# Included by every plugin's Makefile: include $(MFEXT_HOME)/share/plugin.mk
# Targets: all (default), develop, release, check, clean, superclean; hooks: precustom::, custom::

# First line of the label file: plugin_<name>@<module>.
PLUGIN_NAME := $(shell sed -n '1s/^plugin_\(.*\)@.*$$/\1/p' .layerapi2_label)
# This module's commands first, whatever directory make is run from.
export PATH := $(MFMODULE_HOME)/bin:$(PATH)

.DEFAULT_GOAL := all
.PHONY: all develop release check clean superclean custom precustom prereqs prerelease_check

all: precustom check prereqs custom

develop: all
	@_plugins.develop --ignore-already-installed $(PLUGIN_NAME)

# A release is made from a clean directory, so that nothing gets in that was lying about.
release: precustom check prerelease_check
	@$(MAKE) --no-print-directory clean
	@$(MAKE) --no-print-directory precustom prereqs custom
	@_plugins.make --show-plugin-path

check:
	@plugins.check .

prerelease_check:
	@if test "$$(plugins.info --just-home $(PLUGIN_NAME) 2>/dev/null)" != "" && test -L "$$(plugins.info --just-home $(PLUGIN_NAME) 2>/dev/null)"; then \
		echo "the plugin $(PLUGIN_NAME) is installed as a link to a working directory: plugins.uninstall it first" >&2; \
		exit 1; \
	fi

# What the plugin needs of Node and Python packages, shipped in its release. Local packages are copied, not linked: a release
# holds all it needs. Python's own environment (local/) is made where the plugin is installed.
prereqs:
	@if test -s package.json && grep -zEq '"(dependencies|devDependencies)"[[:space:]]*:[[:space:]]*\{[[:space:]]*"' package.json; then \
		plugin_wrapper "$(CURDIR)" -- npm install --install-links --no-audit --no-fund --loglevel=error; \
	fi
	@if test -d python3_virtualenv_sources; then \
		python3 -I $(MFEXT_HOME)/share/requirements.py freeze python3_virtualenv_sources; \
	fi

custom::

precustom::

clean::
	@rm -rf local *.plugin *.tar.gz src tempolayer* node_modules python3_virtualenv_sources/tempolayer .configuration_cache __pycache__ .metadata.json .files.json

superclean: clean
	@rm -f requirements3.txt package-lock.json python3_virtualenv_sources/requirements3.txt
	@rm -rf python3_virtualenv_sources/src
