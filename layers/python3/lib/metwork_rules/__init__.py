"""Answers for switch rules that are Python functions of a plugin."""
