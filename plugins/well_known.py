"""Serve /robots.txt and /.well-known/security.txt.

Problem: Datasette has neither, so crawlers follow every link that runs SQL or counts a facet, and who
finds a hole can't tell whom to write to. What this does:

- `/robots.txt` asks crawlers to stay away from addresses with certain arguments. Other pages that are
  not to be found carry `noindex` instead: a crawler has to fetch a page to see that, so they may be.
- `/.well-known/security.txt` (RFC 9116) gives `contact:` of metadata.yml, an email address or an
  address that begins with https. Without one it is a 404. `Expires` is `days` after the server
  started, because an address that nobody has looked at for so long may be read by nobody.

      contact: help@example.org
      plugins:
        well_known:
          no_crawling: [sql, _facet]    arguments
          days: 180                     less than a year, says the RFC

A mistake in the configuration stops the server. Limits: crawlers look for both at the root of a host,
so under a `base_url` the proxy must pass these two on.
"""

# No `from __future__ import annotations`: pydantic resolves them through sys.modules, which lacks
# Datasette's plugins.
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from click import ClickException
from datasette import NotFound, Response, hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request
from pydantic import Field, StringConstraints, ValidationError

from ingest.config.yaml_model import Model

STARTED = datetime.now(UTC)
EMAIL = re.compile(r"[^\s@:/?#]+@[^\s@:/?#]+")
Argument = Annotated[str, StringConstraints(pattern=r"^\w+$")]


class Config(Model):
    no_crawling: tuple[Argument, ...] = ()
    days: Annotated[int, Field(gt=0, lt=365)] = 180


def read_config(datasette: Datasette) -> Config:
    """Return the configuration. Raise ClickException if metadata.yml has a mistake."""
    try:
        return Config.model_validate(datasette.plugin_config("well_known") or {})
    except ValidationError as error:
        raise ClickException(f"metadata.yml, plugin well_known: {error}") from error


def robots(root: str, arguments: tuple[str, ...]) -> str:
    """Return robots.txt of the site whose paths begin with `root`."""
    rules = [f"Disallow: {root}*{mark}{name}=" for name in arguments for mark in "?&"]
    return "\n".join(["User-agent: *", *(rules or ["Disallow:"])]) + "\n"


def contact_uri(contact: object) -> str | None:
    """Return a contact as RFC 9116 has it, None if it is neither an email address nor https."""
    given = str(contact or "")
    if EMAIL.fullmatch(given):
        return f"mailto:{given}"
    return given if re.fullmatch(r"https://\S+", given) else None


async def serve_robots(datasette: Datasette) -> Response:
    return Response.text(robots(datasette.setting("base_url"), read_config(datasette).no_crawling))


async def serve_security(datasette: Datasette, request: Request) -> Response:
    contact = contact_uri(datasette.metadata("contact"))
    if not contact:
        raise NotFound("This site has no address for reports")
    expires = STARTED + timedelta(days=read_config(datasette).days)
    lines = {
        "Contact": contact,
        "Expires": expires.isoformat(timespec="seconds").replace("+00:00", "Z"),
    }
    return Response.text("".join(f"{name}: {value}\n" for name, value in lines.items()))


@hookimpl
def startup(datasette: Datasette) -> None:
    read_config(datasette)


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Awaitable[Any]]]]:
    return [
        (r"^/robots\.txt$", serve_robots),
        (r"^/\.well-known/security\.txt$", serve_security),
    ]
