"""Settings of Excel, by the user or by administrators, that keep macros from running."""

from __future__ import annotations

from betaneutral_xl.hosts.excel import registry
from betaneutral_xl.hosts.sheets.findings import Finding, met, unmet

SECURITY = rf"{registry.OFFICE}\Excel\Security"
POLICIES = r"Software\Policies\Microsoft\Office\16.0\Excel\Security"
"""The same values, set by administrators; these go first."""

DEVELOPER = rf"{registry.OFFICE}\Wef\Developer"
"""The key of the Office add-ins that were added by their manifest."""

SIGNED_ONLY, DISABLED = "3", "4"
"""Values of ``VBAWarnings``; 2 asks the user, 1 allows all."""


def findings() -> list[Finding]:
    """Return what keeps the macros from running, and what would answer in their place."""
    found = [_macros()]
    if any(
        "betaneutral" in text.lower() for text in registry.values("HKEY_CURRENT_USER", DEVELOPER).values()
    ):
        text = (
            "is registered too, with functions of the same names: Excel then takes those of one of them. "
            "Remove one: betaneutral-xl office uninstall, or excel uninstall"
        )
        found.append(unmet("Office add-in", text))
    return found


def _macros() -> Finding:
    if _setting("DisableAllAddins") == "1":
        return unmet("Macros", "Excel loads no add-in at all: File, Options, Trust Center, Add-ins")
    warnings = _setting("VBAWarnings")
    if _setting("RequireAddinSig") == "1" or warnings == SIGNED_ONLY:
        return unmet("Macros", "Excel runs signed macros only. To sign: betaneutral-xl excel sign --help")
    if warnings == DISABLED:
        text = (
            "Excel runs no macros, but those in trusted locations: File, Options, Trust Center, "
            "Trusted Locations"
        )
        return unmet("Macros", text)
    return met("Macros", "allowed by Excel's settings")


def _setting(name: str) -> str | None:
    roots = ("HKEY_CURRENT_USER", "HKEY_LOCAL_MACHINE")
    policies = [registry.value(root, POLICIES, name) for root in roots]
    known = (one for one in (*policies, registry.value("HKEY_CURRENT_USER", SECURITY, name)) if one)
    return next(known, None)
