"""The bytes of a mail (RFC 5322, 2045, 2046). Python’s email package needs many times as long for the same."""

from binascii import b2a_qp
from collections.abc import Mapping
from email.header import Header

from django.core.mail.message import sanitize_address

CRLF = "\r\n"
LINE = 78  # characters; longer headers are folded at their spaces
# Quoted-printable has two digits or a line break after each "=", so no body contains this.
BOUNDARY = "=_heed"


def mail(headers: Mapping[str, str], *, text: str, html: str = "") -> bytes:
    """A mail with a text part and, where there is HTML, both as alternatives; seven bits, so that it fits every server.

    ValueError for a line break in a header.
    """
    head = "".join(_header(name, value) for name, value in headers.items()) + "MIME-Version: 1.0\r\n"
    if not html.strip():
        return head.encode("ascii") + _part("plain", text)
    head += f'Content-Type: multipart/alternative; boundary="{BOUNDARY}"\r\n'
    delimiter = f"\r\n--{BOUNDARY}".encode()
    parts = (delimiter + b"\r\n" + part for part in (_part("plain", text), _part("html", html)))
    return head.encode("ascii") + b"".join(parts) + delimiter + b"--\r\n"


def address_text(address: str) -> str:
    """An address for a header, in ASCII."""
    return address if address.isascii() else sanitize_address(address, "utf-8")


def _header(name: str, value: str) -> str:
    if "\r" in value or "\n" in value:
        raise ValueError(f"{name}: a header cannot have newlines")
    line = f"{name}: {value}"
    if len(line) > LINE:
        line = f"{name}: {Header(value, header_name=name).encode(linesep=CRLF)}"
    return line + "\r\n"


def _part(kind: str, content: str) -> bytes:
    head = f'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    lines = content.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
    return head.encode("ascii") + b2a_qp(lines.encode()).replace(b"\n", b"\r\n")
