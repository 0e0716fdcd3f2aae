"""The buttons of this host, for the ribbon and for the pane: those of every host, and two that only show."""

from __future__ import annotations

from dataclasses import dataclass

from betaneutral_xl.hosts.sheets.buttons import BUTTONS, VIEWS


@dataclass(frozen=True, slots=True)
class Command:
    """One button, as in ``BUTTONS``."""

    name: str
    label: str
    help: str
    shows: str = ""
    """The tab of the pane that it shows; empty if it presses a button of ``BUTTONS``."""


COMMANDS: tuple[Command, ...] = (
    *(Command(one.name, one.label, one.help) for one in BUTTONS.values()),
    Command("settings", "Settings", "Show and change the settings of this workbook.", "settings"),
    Command("help", "Help", "Show the functions and what to do when something does not work.", "help"),
)

ANSWER = Command("answer", "Show the answer", VIEWS["answer"].help)

CONNECT = Command(
    "connect",
    "Connect formulas",
    "Enter formulas that show #NAME? again: of a workbook that was opened before the add-in, or is from "
    "another program.",
)
"""Buttons of the pane alone."""
