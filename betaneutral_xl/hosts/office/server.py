"""The server: HTTPS on loopback alone, one process, until it is asked to end."""

from __future__ import annotations

import errno
import json
import os
import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import HTTPException, HTTPSConnection

from betaneutral_xl.errors import HostError
from betaneutral_xl.hosts.office import certificate
from betaneutral_xl.hosts.office.place import Place
from betaneutral_xl.hosts.sheets.session import Session
from betaneutral_xl.system import optional

INSTALL = "pip install 'betaneutral-xl[office]'"

HOSTS = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
"""The addresses that are listened at. Were the second left free, another program could answer there."""

SECONDS = 3.0
"""Time that a running server has for an answer."""


def require_packages() -> None:
    """Raise ``HostError`` if a package of the extra ``office`` is not installed."""
    try:
        import cryptography  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        msg = f"The add-in needs the package {error.name}. Run: {INSTALL}"
        raise HostError(msg) from None


def serve(place: Place, session: Session) -> None:
    """Serve until the process is interrupted, or asked to end.

    Raises
    ------
    HostError
        If the port is in use, or there is no certificate that is valid today.

    """
    import uvicorn

    from betaneutral_xl.hosts.office.application import application

    require_certificate(place)
    share_processors()
    sockets = listen(place.port)

    def stop() -> None:
        server.should_exit = True

    config = uvicorn.Config(
        application(place, session, stop),
        ssl_certfile=place.certificate,
        ssl_keyfile=place.key,
        log_level="warning",
        access_log=False,  # addresses have the secret
        server_header=False,
        lifespan="off",
        timeout_keep_alive=120,  # a handshake costs more than an answer
        timeout_graceful_shutdown=2,
        ws="none",
    )
    server = uvicorn.Server(config)
    try:
        server.run(sockets)
    finally:
        for one in sockets:
            one.close()


def share_processors() -> None:
    """Leave half of the processors to the functions that are computed at the same time, and to Excel.

    A matrix of 500 names is factorised in milliseconds by one thread; threads that wait for a processor
    make it a hundred.
    """
    import scipy.linalg  # noqa: F401 - limits hold for the libraries that are loaded

    threadpoolctl = optional.find("threadpoolctl")
    if threadpoolctl is not None:
        threadpoolctl.threadpool_limits(max(1, (os.cpu_count() or 1) // 2), user_api="blas")


def require_certificate(place: Place) -> None:
    """Raise ``HostError`` if there is no certificate, or it has ended."""
    known = certificate.read(place.certificate)
    if known is None or not place.key.is_file():
        msg = "The server has no certificate. Run: betaneutral-xl office install"
        raise HostError(msg)
    if known.has_ended(datetime.now(UTC)):
        msg = f"The server's certificate ended on {known.ends:%Y-%m-%d}. Run: betaneutral-xl office install"
        raise HostError(msg)


def listen(port: int) -> list[socket.socket]:
    """Return sockets that listen at a port of this machine's own addresses.

    Raises
    ------
    HostError
        If another program has the port.

    """
    sockets: list[socket.socket] = []
    try:
        for family, host in HOSTS.items():
            if family == socket.AF_INET6 and not _has_ipv6():
                continue
            sockets.append(socket.create_server((host, port), family=family, backlog=2048))
    except OSError as error:
        for one in sockets:
            one.close()
        if error.errno in {errno.EADDRINUSE, errno.EACCES}:
            raise HostError(port_is_taken(port)) from None
        msg = f"The server cannot listen at port {port}: {error.strerror}."
        raise HostError(msg) from None
    return sockets


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as one:
            one.bind((HOSTS[socket.AF_INET6], 0))
    except OSError:
        return False
    return True


def is_free(port: int) -> bool:
    """Return whether no program listens at a port."""
    try:
        sockets = listen(port)
    except HostError:
        return False
    for one in sockets:
        one.close()
    return True


def port_is_taken(port: int) -> str:
    """Return what to do where another program has the port, and which it is where that can be seen."""
    psutil, who = optional.find("psutil"), "another program"
    if psutil is not None:
        # It may be of another user, and some systems tell only an administrator.
        with suppress(StopIteration, psutil.Error, OSError):
            listening = (one for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN)
            pid = next(one.pid for one in listening if one.laddr and one.laddr.port == port)
            who = f"{psutil.Process(pid).name()} (process {pid})"
    return f"Port {port} is used by {who}. End it, or run: betaneutral-xl office install --port {port + 1}"


def running(place: Place) -> str | None:
    """Return the version of our server at the addresses of an installation; None if none answers."""
    answer = _ask(place, "GET", "version.json")
    return None if answer is None else str(answer.get("version", "of an unknown version"))


def end(place: Place) -> bool:
    """Ask the running server to end; return whether one was asked, and has left the port."""
    if _ask(place, "POST", "stop") is None:
        return False
    import time

    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        if is_free(place.port):
            return True
        time.sleep(0.05)
    return False


def connection(place: Place) -> HTTPSConnection:
    """Return a connection to the server, which must have the certificate of the file.

    So the secret is not sent to another program on this port.

    Raises
    ------
    OSError
        If there is no certificate.

    """
    context = ssl.create_default_context(cafile=str(place.certificate))
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # the certificate is no authority, and its own
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return HTTPSConnection(HOSTS[socket.AF_INET], place.port, timeout=SECONDS, context=context)


def headers(place: Place) -> dict[str, str]:
    """Return the headers of a request by the add-in's own page."""
    return {"Host": f"localhost:{place.port}", "Origin": place.origin, "Content-Type": "application/json"}


def _ask(place: Place, method: str, path: str) -> dict[str, object] | None:
    """Return the JSON that our server answers, {} for another text; None if it is not there."""
    try:
        asking = connection(place)
    except (OSError, ssl.SSLError):
        return None
    try:
        asking.request(method, f"/{place.secret}/{path}", "" if method == "POST" else None, headers(place))
        response = asking.getresponse()
        text = response.read()
    except (OSError, HTTPException):
        return None
    finally:
        asking.close()
    if response.status != HTTPStatus.OK:
        return None
    try:
        return dict(json.loads(text))
    except (ValueError, TypeError):
        return {}
