"""What the pane shows besides the answer: buttons, settings with their help, functions, and notices."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from betaneutral_xl import __version__
from betaneutral_xl.errors import UnreadableFile
from betaneutral_xl.hosts.office.commands import ANSWER, COMMANDS, CONNECT, Command
from betaneutral_xl.hosts.office.place import Place
from betaneutral_xl.hosts.remote.client import wire
from betaneutral_xl.hosts.sheets.entries import Function
from betaneutral_xl.hosts.sheets.functions import FUNCTIONS
from betaneutral_xl.hosts.sheets.layout import LIMIT_ROWS, LIMITS, SETTINGS, Setting
from betaneutral_xl.job.options import Kind


def model(notices: list[str]) -> dict[str, Any]:
    """Return all that the page has to know, as plain data, with notices for the user."""
    return {
        "version": __version__,
        "protocol": wire.PROTOCOL,
        "commands": [_command(one) for one in COMMANDS],
        "connect": _command(CONNECT),
        "answer": _command(ANSWER),
        "functions": [_function(one) for one in FUNCTIONS],
        "settings": [
            {"group": group, "cells": [_setting(one) for one in cells]} for group, cells in SETTINGS.items()
        ],
        "limits": {"range": LIMITS, "rows": [_setting(one) for one in LIMIT_ROWS]},
        "notices": notices,
    }


def notices(place: Place, now: datetime) -> list[str]:
    """Return what the user should know of the installation."""
    from betaneutral_xl.hosts.office import certificate

    try:
        known = certificate.read(place.certificate)
    except UnreadableFile as error:
        return [str(error)]
    if known is None or not known.is_due(now):
        return []
    return [
        f"The add-in's certificate ends on {known.ends:%Y-%m-%d}; Excel does not start it afterwards. "
        "Renew it: betaneutral-xl office install"
    ]


def _command(command: Command) -> dict[str, str]:
    return {"name": command.name, "label": command.label, "help": command.help, "shows": command.shows}


def _function(function: Function) -> dict[str, Any]:
    return {
        "name": function.name,
        "help": function.help,
        "example": function.example,
        "arguments": [
            {"name": one.name, "help": one.help, "optional": one.optional} for one in function.arguments
        ],
    }


def _setting(setting: Setting) -> dict[str, Any]:
    return {
        "name": setting.name,
        "range": setting.range_name,
        "label": setting.label,
        "hint": setting.hint,
        "choices": list(setting.choices),
        "default": setting.default,
        "day": setting.kind is Kind.DAY,
    }
