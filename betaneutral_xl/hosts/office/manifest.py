"""The manifest by which Excel knows the add-in (XML, the form for add-ins only)."""

from __future__ import annotations

from typing import Any

from betaneutral_xl import __version__
from betaneutral_xl.hosts.office.commands import COMMANDS, Command

ID = "6b9f5a4e-3c1d-4f57-9c58-0d4b6f6b7a11"
"""Of the add-in; never changed, for formulas in saved workbooks belong to it."""

PANE = "Office.AutoShowTaskpaneWithDocument"
"""The pane's id; with this one a workbook can open it by itself (``template``)."""

APP = "http://schemas.microsoft.com/office/appforoffice/1.1"
OVERRIDES = "http://schemas.microsoft.com/office/taskpaneappversionoverrides"
TYPES = "http://schemas.microsoft.com/office/officeappbasictypes/1.0"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

SIZES = (16, 32, 80)
"""Sizes of pictures in the ribbon, pixels."""

KINDS = {"Images": "Image", "Urls": "Url", "ShortStrings": "String", "LongStrings": "String"}
"""The elements of each section of resources."""


def manifest(base: str) -> bytes:
    """Return the manifest for a server at an address, which has no slash at its end."""
    from lxml import etree

    text: bytes = etree.tostring(
        _Manifest(base).root(), xml_declaration=True, encoding="UTF-8", pretty_print=True
    )
    return text


def version() -> str:
    """Return the package's version as a manifest has it: four numbers.

    >>> version().count(".")
    3
    """
    numbers = [part for part in __version__.split("+")[0].split(".") if part.isdigit()]
    return ".".join([*numbers, "0", "0", "0", "0"][:4])


class _Manifest:
    """A manifest while it is made: elements refer to resources, which are collected for the end."""

    def __init__(self, base: str) -> None:
        from lxml.builder import ElementMaker

        self._base = base
        self._resources: dict[str, dict[str, str]] = {section: {} for section in KINDS}
        self._app = ElementMaker(namespace=APP, nsmap={None: APP, "xsi": XSI, "bt": TYPES})
        self._over = ElementMaker(namespace=OVERRIDES, nsmap={None: OVERRIDES, "xsi": XSI, "bt": TYPES})
        self._types = ElementMaker(namespace=TYPES)

    def root(self) -> Any:
        """Return the whole of it."""
        app = self._app
        one = {tag: {"DefaultValue": value} for tag, value in self._described().items()}
        return app.OfficeApp(
            _typed("TaskPaneApp"),
            app.Id(ID),
            app.Version(version()),
            app.ProviderName("betaneutral_xl"),
            app.DefaultLocale("en-US"),
            *(getattr(app, tag)(values) for tag, values in one.items()),
            app.Hosts(app.Host(Name="Workbook")),
            app.Requirements(
                app.Sets(app.Set(Name="SharedRuntime", MinVersion="1.1"), DefaultMinVersion="1.1")
            ),
            app.DefaultSettings(app.SourceLocation(DefaultValue=f"{self._base}/taskpane.html")),
            app.Permissions("ReadWriteDocument"),
            self._overrides(),
        )

    def _described(self) -> dict[str, str]:
        return {
            "DisplayName": "Beta Neutral",
            "Description": "Make a stock portfolio beta-neutral to ETFs.",
            "IconUrl": f"{self._base}/icons/pane-32.png",
            "HighResolutionIconUrl": f"{self._base}/icons/pane-64.png",
            "SupportUrl": f"{self._base}/taskpane.html",
        }

    def _overrides(self) -> Any:
        over = self._over
        page = self._url("Page", "taskpane.html")
        host = over.Host(
            _typed("Workbook"),
            over.Runtimes(over.Runtime(resid=page, lifetime="long")),
            over.AllFormFactors(self._functions(page)),
            over.DesktopFormFactor(over.FunctionFile(resid=page), self._ribbon(page)),
        )
        return over.VersionOverrides(_typed("VersionOverridesV1_0"), over.Hosts(host), self._collected())

    def _functions(self, page: str) -> Any:
        over = self._over
        return over.ExtensionPoint(
            _typed("CustomFunctions"),
            over.Script(over.SourceLocation(resid=self._url("Script", "main.js"))),
            over.Page(over.SourceLocation(resid=page)),
            over.Metadata(over.SourceLocation(resid=self._url("Functions", "functions.json"))),
        )

    def _ribbon(self, page: str) -> Any:
        over = self._over
        group = over.Group(
            over.Label(resid=self._string("ShortStrings", "Group.Label", "Beta Neutral")),
            self._icon("pane"),
            *map(self._button, COMMANDS),
            self._pane(page),
            id="bn.group",
        )
        tab = over.CustomTab(
            group, over.Label(resid=self._string("ShortStrings", "Tab.Label", "Beta Neutral")), id="bn.tab"
        )
        return over.ExtensionPoint(_typed("PrimaryCommandSurface"), tab)

    def _button(self, command: Command) -> Any:
        over = self._over
        action = over.Action(_typed("ExecuteFunction"), over.FunctionName(command.name))
        return self._control(command.name, command.label, command.help, action)

    def _pane(self, page: str) -> Any:
        over = self._over
        action = over.Action(_typed("ShowTaskpane"), over.TaskpaneId(PANE), over.SourceLocation(resid=page))
        return self._control("pane", "Pane", "Show the answer, the settings and the buttons.", action)

    def _control(self, name: str, label: str, what: str, action: Any) -> Any:
        over = self._over
        title = self._string("ShortStrings", f"{name}.Label", label)
        tip = self._string("LongStrings", f"{name}.Help", what)
        return over.Control(
            _typed("Button"),
            over.Label(resid=title),
            over.Supertip(over.Title(resid=title), over.Description(resid=tip)),
            self._icon(name),
            action,
            id=f"bn.{name}",
        )

    def _icon(self, name: str) -> Any:
        images = []
        for size in SIZES:
            address = f"{self._base}/icons/{name}-{size}.png"
            key = self._string("Images", f"{name}.{size}", address)
            images.append(self._types.Image(size=str(size), resid=key))
        return self._over.Icon(*images)

    def _url(self, name: str, page: str) -> str:
        return self._string("Urls", f"{name}.Url", f"{self._base}/{page}")

    def _string(self, section: str, key: str, value: str) -> str:
        self._resources[section][key] = value
        return key

    def _collected(self) -> Any:
        parts = []
        for section, values in self._resources.items():
            make = getattr(self._types, KINDS[section])
            resources = (make(id=key, DefaultValue=value) for key, value in values.items())
            parts.append(getattr(self._types, section)(*resources))
        return self._over.Resources(*parts)


def _typed(name: str) -> dict[str, str]:
    return {f"{{{XSI}}}type": name}
