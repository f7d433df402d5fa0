r"""Answer only at the site's own address, and never redirect to another host.

Problem: anyone can point a name of their own at a server, or send it a false `Host`, and Datasette
answers as if the name were its own. It also redirects `/\evil.example/` to `/\evil.example`, which
browsers read as another host. What this does:

- If metadata.yml has a `site_url`, a request whose `Host` is not that of the address, an alias or
  this machine (localhost, 127.0.0.1, ::1) gets a 421, with the site's own error page or JSON.

      site_url: https://example.org/
      plugins:
        hosts:
          aliases: [www.example.org, "10.0.0.7:8001"]    a port only if it is not 80 or 443

- Redirects to a path stay on the host: `\` is written `%5C`, and slashes at the start as one.

A mistake in the configuration stops the server. `X-Forwarded-Host` is not read. A request without
`Host`, as in HTTP/1.0, is answered. Limits: without `site_url`, every `Host` is.
"""

# No `from __future__ import annotations`: pydantic resolves them through sys.modules, which lacks
# Datasette's plugins.
import re
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit

from click import ClickException
from datasette import hookimpl
from datasette.app import Datasette
from datasette.plugins import pm
from datasette.utils import await_me_maybe
from datasette.utils.asgi import Request
from datasette.views.base import DatasetteError
from pydantic import StringConstraints, ValidationError

from ingest.config.yaml_model import Model

HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^:/@\s]+?)\.?(?::(?P<port>[0-9]+))?", re.IGNORECASE)
DEFAULT_PORTS = (None, "80", "443")

Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


class Config(Model):
    aliases: tuple[Annotated[str, StringConstraints(pattern=f"^(?:{HOST.pattern})$")], ...] = ()


class WrongHost(DatasetteError):  # type: ignore[misc]
    """A request for a host that is not this site's."""

    type = "wrong_host"

    def __init__(self, site_url: str) -> None:
        super().__init__(
            f"This site is at {site_url} and doesn’t answer at any other address.",
            title="This is not the site’s address",
            status=421,
        )


def comparable(host: str) -> str:
    """Return `host` in lower case, without a port that is a default one; "" if it is not a host."""
    found = HOST.fullmatch(host)
    if not found:
        return ""
    name, port = found["name"].lower(), found["port"]
    return name if port in DEFAULT_PORTS else f"{name}:{port}"


def is_this_machine(host: str) -> bool:
    """Return whether `host` names the machine that is asked, with any port."""
    found = HOST.fullmatch(host)
    name = found["name"].lower() if found else ""
    try:
        return name == "localhost" or ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def read_hosts(datasette: Datasette) -> frozenset[str]:
    """Return the hosts that the site answers at, none if it has no address.

    Raise ClickException if metadata.yml has a mistake.
    """
    try:
        config = Config.model_validate(datasette.plugin_config("hosts") or {})
    except ValidationError as error:
        raise ClickException(f"metadata.yml, plugin hosts: {error}") from error
    site_url = datasette.metadata("site_url")
    if not site_url:
        return frozenset()
    return frozenset(map(comparable, (urlsplit(str(site_url)).netloc, *config.aliases)))


def on_this_host(location: bytes) -> bytes:
    """Return where a redirect leads; a path stays on the host in every browser."""
    if not location.startswith((b"/", b"\\")):
        return location
    return b"/" + location.replace(b"\\", b"%5C").lstrip(b"/")


@hookimpl
def startup(datasette: Datasette) -> None:
    read_hosts(datasette)


@hookimpl
def asgi_wrapper(datasette: Datasette) -> Callable[[Asgi], Asgi]:
    def wrap(app: Asgi) -> Asgi:
        hosts = read_hosts(datasette)

        async def refuse(scope: dict[str, Any], receive: Any, send: Any) -> None:
            """Respond as the site does to any other error."""
            request = Request(scope, receive)
            try:
                raise WrongHost(str(datasette.metadata("site_url")))
            except WrongHost as exception:  # Datasette's handler may print the current traceback
                for answer in pm.hook.handle_exception(
                    datasette=datasette, request=request, exception=exception
                ):
                    if response := await await_me_maybe(answer):
                        await response.asgi_send(send)
                        return

        async def wrapped(scope: dict[str, Any], receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            named = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
            if hosts and not all(comparable(one) in hosts or is_this_machine(one) for one in named):
                await refuse(scope, receive, send)
                return

            async def send_on(event: dict[str, Any]) -> None:
                if event["type"] == "http.response.start":
                    headers = [
                        (name, on_this_host(value) if name.lower() == b"location" else value)
                        for name, value in event.get("headers", [])
                    ]
                    event = {**event, "headers": headers}
                await send(event)

            await app(scope, receive, send_on)

        return wrapped

    return wrap
