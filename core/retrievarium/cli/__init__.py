"""The command line. Every command returns a value: `--json` prints it, otherwise it is put into words."""

from retrievarium.cli.main import main

__all__ = ["main"]
