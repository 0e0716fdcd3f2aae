"""What an installation of the add-in keeps: port, secret, certificate, Microsoft's files."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from betaneutral_xl.errors import HostError
from betaneutral_xl.system.files import read_bytes
from betaneutral_xl.system.saving import make_folder, save

PORT = 8444
"""The port of the server, if no other program uses it."""

PORTS = (1024, 65535)
"""First and last port that a user's program can have."""

SECRET_BYTES = 24
"""Length of the secret part of the server's addresses: 192 bits."""

RECORD = "server.json"


@dataclass(frozen=True, slots=True)
class Place:
    """The add-in's folder, which its user alone can read, and what addresses of its server begin with.

    The secret is in the path of every address: a page of another site, or another user of the machine, does
    not know it. A cookie would be a third party's in Excel on the web.
    """

    folder: Path
    port: int = PORT
    secret: str = field(default="", repr=False)

    @classmethod
    def read(cls, folder: Path) -> Place:
        """Return what is installed.

        Raises
        ------
        HostError
            If nothing is installed, or the record is damaged.
        UnreadableFile
            If there is a record that cannot be read.

        """
        if not (folder / RECORD).exists():
            msg = "The add-in is not installed. Run: betaneutral-xl office install"
            raise HostError(msg)
        try:
            record = json.loads(read_bytes(folder / RECORD))
            return cls(folder, int(record["port"]), str(record["secret"]))
        except (ValueError, KeyError, TypeError):
            msg = f"{folder / RECORD} is damaged. Run: betaneutral-xl office install"
            raise HostError(msg) from None

    @classmethod
    def make(cls, folder: Path, port: int) -> Place:
        """Return what is installed, with a port; make folder and secret where there are none.

        Raises
        ------
        UnreadableFile
            If there is a record that cannot be read: another secret would make Excel's manifest invalid.
        Unwritable
            If the folder or the record cannot be written.

        """
        try:
            secret = cls.read(folder).secret
        except HostError:
            secret = secrets.token_urlsafe(SECRET_BYTES)
        place = cls(folder, port, secret)
        make_folder(folder, private=True)
        save(folder / RECORD, json.dumps({"port": port, "secret": secret}).encode(), private=True)
        return place

    @property
    def origin(self) -> str:
        """The origin of the server's pages."""
        return f"https://localhost:{self.port}"

    @property
    def base(self) -> str:
        """The beginning of every address, without a slash at its end."""
        return f"{self.origin}/{self.secret}"

    @property
    def certificate(self) -> Path:
        """The file of the server's certificate."""
        return self.folder / "localhost.pem"

    @property
    def key(self) -> Path:
        """The file of its private key."""
        return self.folder / "localhost.key"

    @property
    def office_js(self) -> Path:
        """The folder of Microsoft's files, if they were fetched."""
        return self.folder / "office-js"

    @property
    def has_office_js(self) -> bool:
        """Whether Microsoft's files were fetched, so that no other machine is asked for them."""
        return (self.office_js / "office.js").is_file()
