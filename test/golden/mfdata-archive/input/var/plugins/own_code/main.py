#!/usr/bin/env python3
"""Does nothing: only its existence is planned with."""
