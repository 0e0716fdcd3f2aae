"""HTTP connections that respect the time limit of the whole request.

The time-outs of requests and urllib3 are per read, and a server that sends a byte now and then
never exceeds them. Here each read, write, TLS handshake and name resolution waits at most for the
remaining time (see ``time_limit``), on connections to servers and to proxies.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidProxyURL
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    LocationParseError,
    NameResolutionError,
    NewConnectionError,
)
from urllib3.util.ssl_ import create_urllib3_context

from betaneutral_xl.network.time_limit import bounded, call_bounded


class _Bounded(socket.socket):
    """A socket whose operations wait at most for the remaining time and for its own time-out."""

    _own_timeout: float | None = None

    def settimeout(self, value: float | None, /) -> None:
        self._own_timeout = value
        super().settimeout(value)

    def _bound(self) -> None:
        super().settimeout(bounded(self._own_timeout))

    def connect(self, *args: Any) -> None:
        self._bound()
        super().connect(*args)

    def recv(self, *args: Any) -> bytes:
        self._bound()
        return super().recv(*args)

    def recv_into(self, *args: Any) -> int:
        """Receive within the time; http.client reads through this method only."""
        self._bound()
        return super().recv_into(*args)

    def send(self, *args: Any) -> int:
        """Send within the time; TLS sends a large body in many parts."""
        self._bound()
        return super().send(*args)

    def sendall(self, *args: Any) -> None:
        self._bound()
        super().sendall(*args)


class _BoundedTls(_Bounded, ssl.SSLSocket):
    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - as in the base
        self._bound()
        super().do_handshake(block)


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        try:
            return self._opened()
        except UnicodeError as error:
            msg = f"{self.host!r} has a part that is empty or too long"
            raise LocationParseError(msg) from error
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "no connection in time") from error
        except OSError as error:
            raise NewConnectionError(self, str(error)) from error

    def _opened(self) -> socket.socket:
        """Try the addresses of the host in order."""
        failure = OSError("the name has no address")
        for family, kind, protocol, _, address in call_bounded(
            self.timeout, socket.getaddrinfo, self._dns_host, self.port, 0, socket.SOCK_STREAM
        ):
            try:
                return self._connected(_Bounded(family, kind, protocol), address)
            except OSError as error:
                failure = error
        raise failure

    def _connected(self, opened: socket.socket, address: Any) -> socket.socket:
        try:
            for option in self.socket_options or ():
                opened.setsockopt(*option)
            opened.settimeout(self.timeout)
            opened.connect(address)
        except BaseException:
            opened.close()
            raise
        return opened


class _TlsConnection(_Connection, HTTPSConnection):
    def connect(self) -> None:
        self.ssl_context = _tls(self.ssl_context)
        super().connect()

    def _connect_tls_proxy(self, hostname: str, sock: socket.socket) -> ssl.SSLSocket:
        """Connect to a proxy over TLS, verifying its certificate like a server's."""
        context = _tls(None)
        context.load_verify_locations(self.ca_certs, self.ca_cert_dir)
        assert self.proxy_config is not None  # noqa: S101 - urllib3 calls this with a proxy only
        self.proxy_config = self.proxy_config._replace(ssl_context=context)
        return super()._connect_tls_proxy(hostname, sock)


def _tls(context: ssl.SSLContext | None) -> ssl.SSLContext:
    """Make a TLS context, by default urllib3's usual one, create bounded sockets."""
    context = context or create_urllib3_context()
    context.sslsocket_class = _BoundedTls
    return context


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


_POOLS = {"http": _Pool, "https": _TlsPool}


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        if proxy.lower().startswith("socks"):
            msg = "a SOCKS proxy cannot be used"
            raise InvalidProxyURL(msg)
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


class BoundedSession(requests.Session):
    """A session of requests that respects the surrounding ``time_limit``."""

    def __init__(self) -> None:
        super().__init__()
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter())

    def resolve_redirects(self, *_: Any, **__: Any) -> Iterator[Any]:
        """Follow no redirects; requests would read the whole body of each."""
        return iter(())

    def merge_environment_settings(self, *args: Any) -> Any:
        """Determine the proxy within the time: Windows may resolve the server's name for it."""
        return call_bounded(None, super().merge_environment_settings, *args)
