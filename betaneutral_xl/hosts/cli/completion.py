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


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "completion",
        help="print a shell's completion script",
        description="Print the script with which a shell completes commands and options.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", choices=SHELLS, help="the shell")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Print the script."""
    import shtab

    from betaneutral_xl.hosts.cli import build_parser

    sys.stdout.write(shtab.complete(build_parser(), shell=args.shell) + "\n")
