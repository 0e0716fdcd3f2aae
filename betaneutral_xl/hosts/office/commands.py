"""The buttons of this host, for the ribbon and for the pane: those of every host, and two that only show."""

from __future__ import annotations

from dataclasses import dataclass

from betaneutral_xl.hosts.sheets.buttons import BUTTONS


@dataclass(frozen=True, slots=True)
class Command:
    """One button.

    Attributes
    ----------
    name, label, help
        As in ``BUTTONS``.
    shows
        The tab of the pane that it shows; empty if it presses a button of ``BUTTONS``.
    icon
        The name of its picture.

    """

    name: str
    label: str
    help: str
    shows: str = ""

    @property
    def icon(self) -> str:
        """The start of its pictures' file names."""
        return self.name


COMMANDS: tuple[Command, ...] = (
    *(Command(one.name, one.label, one.help) for one in BUTTONS.values()),
    Command("settings", "Settings", "Show and change the settings of this workbook.", "settings"),
    Command("help", "Help", "Show the functions and what to do when something does not work.", "help"),
)

CONNECT = Command(
    "connect",
    "Connect formulas",
    "Enter formulas that show #NAME? again: of a workbook that was opened before the add-in, or is from "
    "another program.",
)
"""A button of the pane alone."""
