"""A certificate for https://localhost that can sign nothing else, and whose key never leaves the folder."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from betaneutral_xl.system.files import read_bytes
from betaneutral_xl.system.saving import save

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

DAYS = 820
"""Days for which a certificate is valid: Apple refuses a server's that is valid for more than 825."""

RENEW_WITHIN = timedelta(days=30)
"""Time before its end from which a certificate is to be renewed."""

NAME = "betaneutral_xl on this computer"

ADDRESSES = ("127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is known of a certificate."""

    ends: datetime
    sha1: str
    """Its fingerprint in hexadecimal digits, by which stores of certificates name it."""

    def is_due(self, now: datetime) -> bool:
        """Return whether it has to be renewed."""
        return now > self.ends - RENEW_WITHIN

    def has_ended(self, now: datetime) -> bool:
        """Return whether no program accepts it any more."""
        return now > self.ends


def make(certificate: Path, key: Path, now: datetime | None = None) -> Certificate:
    """Write a new certificate and its key, which only the user can read.

    It is valid for localhost alone, signed by itself, and no authority: a program that trusts it trusts
    nothing else. An authority's key on the disk could sign a certificate of any site.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    private = ec.generate_private_key(ec.SECP256R1())
    made = _signed(private, now or datetime.now(UTC))
    form = serialization.Encoding.PEM
    secret = private.private_bytes(form, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    save(key, secret, private=True)
    save(certificate, made.public_bytes(form), private=True)
    return _known(made)


def read(certificate: Path) -> Certificate | None:
    """Return what is known of a certificate's file; None if there is none, or it is none.

    Raises
    ------
    UnreadableFile
        If it is there and cannot be read.

    """
    from cryptography import x509

    if not certificate.exists():
        return None
    try:
        return _known(x509.load_pem_x509_certificate(read_bytes(certificate)))
    except ValueError:
        return None


def _known(certificate: x509.Certificate) -> Certificate:
    from cryptography.hazmat.primitives import hashes

    sha1 = certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - a name, not a proof
    return Certificate(certificate.not_valid_after_utc, sha1)


def _signed(private: EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    hosts = [x509.IPAddress(ipaddress.ip_address(one)) for one in ADDRESSES]
    usage = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # clocks differ
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, **usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), *hosts]), critical=False)
    )
    return builder.sign(private, hashes.SHA256())
