"""functions.json and the manifest say what the registry says."""

from __future__ import annotations

from lxml import etree

from betaneutral_xl import __version__
from betaneutral_xl.hosts.office import manifest, metadata
from betaneutral_xl.hosts.office.commands import COMMANDS
from betaneutral_xl.hosts.office.page import STATIC
from betaneutral_xl.hosts.sheets.buttons import BUTTONS
from betaneutral_xl.hosts.sheets.functions import FUNCTIONS

BASE = "https://localhost:8444/secret"

NAMESPACES = {"a": manifest.APP, "o": manifest.OVERRIDES, "bt": manifest.TYPES}


def root() -> etree._Element:
    return etree.fromstring(manifest.manifest(BASE))


def texts(found: object) -> list[str]:
    assert isinstance(found, list)
    return [str(one) for one in found]


def test_every_function_of_the_registry_is_described_in_its_order() -> None:
    described = metadata.functions()["functions"]
    assert [(one["id"], one["name"], one["description"]) for one in described] == [
        (one.name, one.name, one.help) for one in FUNCTIONS
    ]
    for one, function in zip(described, FUNCTIONS, strict=True):
        assert [(part["name"], part["description"], part["optional"]) for part in one["parameters"]] == [
            (part.name, part.help, part.optional) for part in function.arguments
        ]


def test_arguments_and_results_are_ranges_of_anything_with_errors_and_addresses() -> None:
    described = metadata.functions()
    assert described["allowErrorForDataTypeAny"] is True
    for one in described["functions"]:
        assert one["options"] == {"requiresParameterAddresses": True}
        for part in (*one["parameters"], one["result"]):
            assert (part["type"], part["dimensionality"]) == ("any", "matrix")


def test_the_ribbon_has_every_button_with_its_label_and_help() -> None:
    strings = {
        str(one.get("id")): str(one.get("DefaultValue")) for one in root().iter(f"{{{manifest.TYPES}}}String")
    }
    assert {one.name for one in COMMANDS} == {*BUTTONS, "settings", "help"}
    assert texts(root().xpath("//o:FunctionName/text()", namespaces=NAMESPACES)) == [
        one.name for one in COMMANDS
    ]
    for one in COMMANDS:
        assert strings[f"{one.name}.Label"] == one.label
        assert strings[f"{one.name}.Help"] == one.help


def test_names_of_functions_have_no_namespace() -> None:
    assert root().xpath("//o:Namespace", namespaces=NAMESPACES) == []


def test_every_reference_has_a_resource_and_every_resource_a_reference() -> None:
    references = set(texts(root().xpath("//@resid")))
    resources = texts(root().xpath("//o:Resources//@id", namespaces=NAMESPACES))
    assert references == set(resources)
    assert len(resources) == len(set(resources))
    assert all(len(one) <= 32 for one in resources)


def test_strings_have_the_length_that_the_manifest_allows() -> None:
    for section, limit in (("ShortStrings", 125), ("LongStrings", 250)):
        for text in texts(root().xpath(f"//bt:{section}/bt:String/@DefaultValue", namespaces=NAMESPACES)):
            assert 0 < len(text) <= limit, text


def test_every_address_is_below_the_secret_and_every_picture_exists() -> None:
    addresses = texts(
        root().xpath("//bt:Image/@DefaultValue | //bt:Url/@DefaultValue", namespaces=NAMESPACES)
    )
    addresses += texts(root().xpath("//a:IconUrl/@DefaultValue", namespaces=NAMESPACES))
    addresses += texts(root().xpath("//a:HighResolutionIconUrl/@DefaultValue", namespaces=NAMESPACES))
    assert all(one.startswith(f"{BASE}/") for one in addresses)
    pictures = [one.removeprefix(f"{BASE}/") for one in addresses if one.endswith(".png")]
    assert len(pictures) > 30
    assert all((STATIC / one).is_file() for one in pictures)


def test_the_order_of_elements_is_that_of_the_schema() -> None:
    assert [etree.QName(one).localname for one in root()] == [
        "Id",
        "Version",
        "ProviderName",
        "DefaultLocale",
        "DisplayName",
        "Description",
        "IconUrl",
        "HighResolutionIconUrl",
        "SupportUrl",
        "Hosts",
        "Requirements",
        "DefaultSettings",
        "Permissions",
        "VersionOverrides",
    ]
    control = root().find(".//o:Control", NAMESPACES)
    assert control is not None
    assert [etree.QName(one).localname for one in control] == ["Label", "Supertip", "Icon", "Action"]


def test_the_version_is_that_of_the_package_in_four_numbers() -> None:
    version = root().findtext("a:Version", namespaces=NAMESPACES)
    assert version == manifest.version()
    assert version is not None
    assert version.startswith(__version__.split("+")[0])
    assert len(version.split(".")) == 4
