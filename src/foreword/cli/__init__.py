"""The command line: verbs over the rooms. Each command imports what it needs when it runs, so `--help` loads no torch."""

from foreword.cli.app import main

__all__ = ["main"]
