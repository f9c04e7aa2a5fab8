#!/usr/bin/env python3
"""Django's commands: plugin_wrapper {{name}} -- python3 manage.py COMMAND, in the plugin's directory."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "{{name}}.settings")
    execute_from_command_line(sys.argv)
