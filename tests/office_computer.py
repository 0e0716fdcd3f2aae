"""The commands of macOS, Windows and Linux that an installation runs, with what they remember."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from betaneutral_xl.hosts.office import certificate
from betaneutral_xl.hosts.office.systems.system import Ended


class Computer:
    """The commands of the three systems, with what they remember."""

    def __init__(self) -> None:
        """Start with nothing trusted and nothing registered."""
        self.commands: list[list[str]] = []
        self.trusted: set[str] = set()
        self.registry: dict[tuple[str, str], str] = {}
        self.loaded: set[str] = set()
        self.browser: dict[str, str] = {}
        self.declines = False

    def __call__(self, command: Sequence[str]) -> Ended:
        """Run a command."""
        self.commands.append(list(command))
        if command[:2] == ["certutil", "-d"]:
            return self._on_browser(list(command[2:]))
        return self._on_registry(list(command)) if command[0] == "reg" else self._on_trust(list(command))

    def _on_browser(self, command: list[str]) -> Ended:
        """Run a command on the certificates of a browser on Linux."""
        match command:
            case [store, "-N", *_]:
                (Path(store.removeprefix("sql:")) / "cert9.db").touch()
            case [_, "-A", "-n", name, "-t", _, "-i", file]:
                self.browser[name] = Path(file).read_text(encoding="ascii")
            case [_, "-D", "-n", name]:
                return Ended(255 if self.browser.pop(name, None) is None else 0)
            case [_, "-L", "-n", name, "-a"]:
                return Ended(0, self.browser[name]) if name in self.browser else Ended(255, "could not find")
            case [_, "-L"]:
                return Ended(0, "\n".join(f"{name}   P,," for name in self.browser))
        return Ended(0)

    def _on_trust(self, command: list[str]) -> Ended:
        match command:
            case [_, ("add-trusted-cert" | "-user"), *_, file] if "-addstore" in command or "-r" in command:
                if self.declines:
                    return Ended(1, "The authorization was cancelled by the user.")
                self.trusted.add(_sha1(file))
            case ["security", "verify-cert", "-c", file, *_]:
                return Ended(0 if _sha1(file) in self.trusted else 1)
            case ["security", "delete-certificate", "-Z", sha1, _] | [*_, "-delstore", "Root", sha1]:
                self.trusted.discard(sha1)
            case [*_, "-verifystore", "Root", sha1]:
                return Ended(0 if sha1 in self.trusted else 1)
            case ["launchctl", "bootstrap", _, file]:
                self.loaded.add(file)
            case ["launchctl", "bootout", _]:
                self.loaded.clear()
        return Ended(0)

    def _on_registry(self, command: list[str]) -> Ended:
        match command:
            case ["reg", "add", key, "/v", name, "/t", "REG_SZ", "/d", value, "/f"]:
                self.registry[key, name] = value
            case ["reg", "query", key, "/v", name]:
                found = self.registry.get((key, name))
                return Ended(1) if found is None else Ended(0, f"\n{key}\n    {name}    REG_SZ    {found}\n")
            case ["reg", "delete", key, "/v", name, "/f"]:
                return Ended(1 if self.registry.pop((key, name), None) is None else 0)
        return Ended(0)


def _sha1(file: str) -> str:
    known = certificate.read(Path(file))
    return known.sha1 if known else ""
