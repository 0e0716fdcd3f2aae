"""``betaneutral-xl completion``: completion of commands and options in a shell."""

from __future__ import annotations

import argparse
import sys

SHELLS = ("bash", "zsh", "tcsh")

EPILOG = """\
examples:
  betaneutral-xl completion bash > ~/.local/share/bash-completion/completions/betaneutral-xl
  betaneutral-xl completion zsh > ~/.zfunc/_betaneutral-xl       (with ~/.zfunc in fpath)
  betaneutral-xl completion tcsh >> ~/.tcshrc

Open a new shell; then the Tab key completes commands, options, choices and file names.
"""


def define(parser: argparse.ArgumentParser) -> None:
    """Describe the command and its arguments."""
    parser.description = "Print the script with which a shell completes commands and options."
    parser.add_argument("shell", choices=SHELLS, help="the shell")


def run(args: argparse.Namespace) -> None:
    """Print the script."""
    import shtab

    from betaneutral_xl.hosts.cli import build_parser

    sys.stdout.write(shtab.complete(build_parser(), shell=args.shell) + "\n")
