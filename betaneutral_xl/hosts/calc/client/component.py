"""The components of the extension: the functions, the commands, the job."""

from __future__ import annotations

import unohelper

from .commands import HANDLER, Commands
from .functions import Functions
from .names import Names
from .office import SETTINGS

g_ImplementationHelper = unohelper.ImplementationHelper()
for _component, _name, _services in (
    (Functions, SETTINGS["service"], (SETTINGS["service"], "com.sun.star.sheet.AddIn")),
    (Commands, SETTINGS["handler"], (HANDLER,)),
    (Names, SETTINGS["job"], (SETTINGS["job"], "com.sun.star.task.Job")),
):
    g_ImplementationHelper.addImplementation(_component, _name, _services)
