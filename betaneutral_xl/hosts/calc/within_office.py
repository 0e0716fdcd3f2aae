"""Install or remove an extension of LibreOffice, run by a Python that has LibreOffice's module ``uno``.

This module is not imported: its text is sent to that Python, which may be as old as 3.8 and has only
the standard library. It starts a headless LibreOffice, calls its ExtensionManager, and ends it. It
needs only the user's permissions, and works where ``unopkg`` is missing or refuses.

Arguments: ``add`` or ``remove``; the command ``soffice``; the profile's URL, or "" for the default;
time-out in seconds; the extension's file or identifier; the file's name. An error is one line on
standard error with exit code 1; without ``uno`` the exit code is 3.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

NO_UNO = 3
RESTART = (79, 81)
"""Exit codes with which LibreOffice requests a restart."""


def main(arguments: list[str]) -> int:
    """Install or remove an extension, and return the exit code."""
    action, soffice, profile, seconds, extension, file_name = arguments
    try:
        import uno
    except ImportError:
        return NO_UNO
    try:
        with office(uno, soffice, profile, float(seconds)) as context:
            manager = context.getByName("/singletons/com.sun.star.deployment.ExtensionManager")
            if action == "add":
                from com.sun.star.beans import NamedValue

                no_licence = (NamedValue("SUPPRESS_LICENSE", "1"),)
                url = Path(extension).as_uri()
                manager.addExtension(url, no_licence, "user", None, answers())
            else:
                manager.removeExtension(extension, file_name, "user", None, answers())
    except Exception as error:  # noqa: BLE001 - UNO's own errors derive from nothing narrower
        first = (str(getattr(error, "Message", "") or error).splitlines() or [""])[0]
        sys.stderr.write(f"{type(error).__name__}: {first}\n")
        return 1
    return 0


def answers() -> Any:
    """Return a command environment that approves every prompt of the ExtensionManager."""
    import uno
    import unohelper
    from com.sun.star.task import XInteractionHandler
    from com.sun.star.ucb import XCommandEnvironment

    yes = uno.getTypeByName("com.sun.star.task.XInteractionApprove")

    class Answers(unohelper.Base, XCommandEnvironment, XInteractionHandler):  # type: ignore[misc] # untyped
        def getInteractionHandler(self) -> Any:  # noqa: N802 - UNO's name
            return self

        def getProgressHandler(self) -> None:  # noqa: N802 - UNO's name
            return None

        def handle(self, request: Any) -> None:
            approve = [one for one in request.getContinuations() if one.queryInterface(yes) is not None]
            if approve:
                approve[0].select()

    return Answers()


@contextlib.contextmanager
def office(uno: Any, soffice: str, profile: str, seconds: float) -> Any:
    """Start a headless LibreOffice, yield its component context, and end it."""
    pipe = "betaneutral" + uuid.uuid4().hex
    command = [
        soffice,
        "--headless",
        "--norestore",
        "--nologo",
        "--nodefault",
        f"--accept=pipe,name={pipe};urp;StarOffice.ComponentContext",
        *([f"-env:UserInstallation={profile}"] if profile else []),
    ]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - LibreOffice's own command
    try:
        local = uno.getComponentContext()
        resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
        end = time.monotonic() + seconds
        while True:
            try:
                context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
                break
            except Exception:
                if process.poll() in RESTART:
                    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - again
                elif process.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.05)
        try:
            yield context
        finally:
            with contextlib.suppress(Exception):  # the connection ends with LibreOffice
                desktop = "com.sun.star.frame.Desktop"
                context.ServiceManager.createInstanceWithContext(desktop, context).terminate()
            process.wait(seconds)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
