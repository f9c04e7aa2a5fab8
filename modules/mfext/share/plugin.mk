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

# Node dependencies, where package.json names some; package-lock.json and node_modules go into the release.
prereqs:
	@if test -s package.json && grep -Eq '"(dependencies|devDependencies)"[[:space:]]*:[[:space:]]*\{[[:space:]]*"' package.json; then \
		npm install --no-audit --no-fund; \
	fi

custom::

precustom::

clean::
	@rm -rf local *.plugin *.tar.gz src tempolayer* node_modules .configuration_cache __pycache__ .metadata.json .files.json

superclean: clean
	@rm -f requirements3.txt package-lock.json python3_virtualenv_sources/requirements3.txt
