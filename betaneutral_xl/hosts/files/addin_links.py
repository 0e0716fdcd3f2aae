r"""Which add-in the formulas of a workbook file take our functions from.

Excel stores a function of an add-in as ``[1]!NAME(...)``: the number counts the file's links to other
workbooks, and the link has the add-in's path. Where that path is another computer's, or there is no link
because another program wrote the formula, Excel shows ``#NAME?`` or asks for the file. Excel on the web
and on a Mac stores ``_xldudf_NAME(...)`` for the functions of an Office add-in.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote, unquote

from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.files.workbook_file import (
    MAIN,
    PACKAGE,
    RELATIONS,
    WORKBOOK,
    as_xml,
    parse_part,
    sheet_parts,
    target_part,
)
from betaneutral_xl.hosts.sheets.functions import FUNCTIONS
from betaneutral_xl.hosts.sheets.layout import ADD_IN, Sheet
from betaneutral_xl.system.archives import packed
from betaneutral_xl.system.saving import PRIVATE_FILE

WORKBOOK_RELATIONS = "xl/_rels/workbook.xml.rels"
CONTENT_TYPES = "[Content_Types].xml"
LINK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.externalLink+xml"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"

LINK = (
    f'<externalLink xmlns="{MAIN}"><externalBook xmlns:r="{RELATIONS}" r:id="rId1"><sheetNames>'
    f'<sheetName val="{Sheet.XLWINGS}"/></sheetNames></externalBook></externalLink>'
)
"""A link to another workbook; Excel names its sheets, and the functions that are used."""

_FUNCTION = re.compile(
    r"""(?P<other>"(?:[^"]|"")*"|'(?:[^']|'')*')"""  # a text, a quoted name of a sheet
    r"|(?<![\w.!\]])(?P<prefix>_xldudf_|_xll\.|\[(?P<link>\d+)\]!)?"
    rf"(?P<name>{'|'.join(sorted((one.name for one in FUNCTIONS), key=len, reverse=True))})(?=\()",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a workbook file to another file."""

    number: int
    """Its place in the list of links, from 1: the number in formulas."""
    part: str
    path: str
    """The other file, as Excel wrote it: a path or an address."""

    @property
    def is_ours(self) -> bool:
        """Whether it is to an add-in of our name, wherever."""
        return re.split(r"[\\/]", self.path)[-1].lower() == ADD_IN


class LinkedFile:
    """A workbook file, its links, and its formulas with our functions."""

    def __init__(self, content: bytes) -> None:
        self._package = zipfile.ZipFile(io.BytesIO(content))
        self._trees: dict[str, Any] = {}
        self._added: dict[str, bytes] = {}

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """The links to other files, in their order."""
        targets = self._targets(WORKBOOK_RELATIONS)
        references = self._tree(WORKBOOK).iter(f"{{{MAIN}}}externalReference")
        parts = [target_part(targets[one.get(f"{{{RELATIONS}}}id")]) for one in references]
        return tuple(Link(number, part, self._path(part)) for number, part in enumerate(parts, start=1))

    @property
    def add_ins(self) -> list[str]:
        """The paths of the add-ins of our name to which the file has links."""
        return [link.path for link in self.links if link.is_ours]

    @property
    def has_own_functions(self) -> bool:
        """Whether the file carries the functions in its own macros."""
        there = "xl/vbaProject.bin" in self._package.namelist()
        return there and Sheet.XLWINGS in sheet_parts(self._package)

    def functions(self) -> set[str]:
        """Return the names of our functions that formulas use."""
        return {found["name"].upper() for _, text in self._formulas() for found in self._ours(text)}

    def unlinked(self) -> set[str]:
        """Return the names of our functions that formulas use without a link to an add-in."""
        found = (one for _, text in self._formulas() for one in self._ours(text))
        return {one["name"].upper() for one in found if one["link"] is None}

    def connect(self, add_in: str) -> bytes:
        """Return the file with all of our functions taken from one add-in, by its full path on Windows.

        Every other part is kept.

        Raises
        ------
        HostError
            If no formula uses our functions, or the file carries them itself.

        """
        if self.has_own_functions:
            msg = "it carries its functions itself, in its macros"
            raise HostError(msg)
        names = self.functions()
        if not names:
            msg = "no formula of it uses our functions"
            raise HostError(msg)
        link = next((one for one in self.links if one.is_ours), None)
        number = self._add_link(add_in, names) if link is None else self._redirect(link, add_in, names)
        for element, text in list(self._formulas()):
            element.text = _FUNCTION.sub(lambda found: self._linked(found, number), text)
        return self._written()

    # ------------------------------------------------------------ formulas

    def _formulas(self) -> Iterator[tuple[Any, str]]:
        """Yield the elements with formulas that name one of our functions, and their texts."""
        for part in (*sheet_parts(self._package).values(), WORKBOOK):
            tag = "definedName" if part == WORKBOOK else "f"
            for element in self._tree(part).iter(f"{{{MAIN}}}{tag}"):
                if element.text and any(self._ours(element.text)):
                    yield element, element.text

    def _ours(self, text: str) -> Iterator[re.Match[str]]:
        """Yield where a formula calls one of our functions, not a function of that name of another file."""
        return (found for found in _FUNCTION.finditer(text) if self._is_ours(found))

    def _is_ours(self, found: re.Match[str]) -> bool:
        if found["name"] is None or found["link"] is None:
            return found["name"] is not None
        number = int(found["link"])
        return any(link.number == number and link.is_ours for link in self.links)

    def _linked(self, found: re.Match[str], number: int) -> str:
        return f"[{number}]!{found['name'].upper()}" if self._is_ours(found) else found[0]

    # ------------------------------------------------------------ the link

    def _redirect(self, link: Link, add_in: str, names: set[str]) -> int:
        """Let a link lead to another place."""
        for relation in self._tree(_relations_of(link.part)):
            relation.set("Target", _address(add_in))
        self._name_functions(self._tree(link.part), names)
        return link.number

    def _add_link(self, add_in: str, names: set[str]) -> int:
        """Add a link, as Excel writes one to an add-in."""
        from lxml import etree

        taken = set(self._package.namelist())
        count = next(n for n in range(1, 10_000) if f"xl/externalLinks/externalLink{n}.xml" not in taken)
        part = f"xl/externalLinks/externalLink{count}.xml"
        identifier = "rIdBetaNeutral"
        root = etree.fromstring(LINK)
        self._name_functions(root, names)
        self._added[part] = as_xml(root)
        relations = etree.fromstring(f'<Relationships xmlns="{PACKAGE}"/>')
        _relate(relations, "rId1", "externalLinkPath", _address(add_in)).set("TargetMode", "External")
        self._added[_relations_of(part)] = as_xml(relations)
        _relate(self._tree(WORKBOOK_RELATIONS), identifier, "externalLink", part.removeprefix("xl/"))
        types = self._tree(CONTENT_TYPES)
        etree.SubElement(types, f"{{{TYPES}}}Override", PartName=f"/{part}", ContentType=LINK_TYPE)
        etree.SubElement(self._references(), f"{{{MAIN}}}externalReference").set(
            f"{{{RELATIONS}}}id", identifier
        )
        return len(self.links) + 1

    def _references(self) -> Any:
        """Return the element with the list of links, added in its place if there is none."""
        from lxml import etree

        workbook = self._tree(WORKBOOK)
        found = workbook.find(f"{{{MAIN}}}externalReferences")
        if found is None:
            found = etree.Element(f"{{{MAIN}}}externalReferences")
            before = [workbook.find(f"{{{MAIN}}}{tag}") for tag in ("functionGroups", "sheets")]
            next(one for one in before if one is not None).addnext(found)
        return found

    @staticmethod
    def _name_functions(link: Any, names: set[str]) -> None:
        """Add functions to those that a link names."""
        from lxml import etree

        book = link.find(f"{{{MAIN}}}externalBook")
        listed = book.find(f"{{{MAIN}}}definedNames")
        if listed is None:
            listed = etree.Element(f"{{{MAIN}}}definedNames")
            book.find(f"{{{MAIN}}}sheetNames").addnext(listed)
        there = {str(one.get("name")).upper() for one in listed}
        for name in sorted(names - there):
            etree.SubElement(listed, f"{{{MAIN}}}definedName", name=name)

    # ------------------------------------------------------------ the package

    def _path(self, part: str) -> str:
        """Return the file that a link's part leads to; "" for links of other kinds."""
        relations = _relations_of(part)
        if relations not in self._package.namelist():
            return ""
        target = next(iter(self._targets(relations).values()), "")
        return unquote(target.removeprefix("file:///"))

    def _targets(self, part: str) -> dict[str, str]:
        return {str(one.get("Id")): str(one.get("Target")) for one in self._tree(part)}

    def _tree(self, part: str) -> Any:
        if part not in self._trees:
            self._trees[part] = parse_part(self._package, part)
        return self._trees[part]

    def _written(self) -> bytes:
        """Return the package; a part that has not changed keeps its bytes."""
        parts: list[tuple[zipfile.ZipInfo | str, bytes]] = []
        for info in self._package.infolist():
            root = self._trees.get(info.filename)
            unchanged = root is None or as_xml(parse_part(self._package, info.filename)) == as_xml(root)
            parts.append((info, self._package.read(info) if unchanged else as_xml(root)))
        return packed([*parts, *self._added.items()], PRIVATE_FILE)


def _relate(relations: Any, identifier: str, kind: str, target: str) -> Any:
    from lxml import etree

    return etree.SubElement(
        relations, f"{{{PACKAGE}}}Relationship", Id=identifier, Type=f"{RELATIONS}/{kind}", Target=target
    )


def _relations_of(part: str) -> str:
    """Return the part with the relationships of a part.

    >>> _relations_of("xl/externalLinks/externalLink1.xml")
    'xl/externalLinks/_rels/externalLink1.xml.rels'
    """
    folder, _, name = part.rpartition("/")
    return f"{folder}/_rels/{name}.rels"


def _address(path: str) -> str:
    r"""Return a path as Excel writes it in a link.

    >>> _address(r"C:\Users\Ann Lee\AddIns\betaneutral.xlam")
    'file:///C:\\Users\\Ann%20Lee\\AddIns\\betaneutral.xlam'
    """
    return "file:///" + re.sub(r"[ %#?]", lambda one: quote(one[0]), path)
