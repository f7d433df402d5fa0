"""Show why a cell is empty.

Problem: Datasette shows NULL as a blank, whatever the reason. What this does: where metadata.yml
gives a reason for a NULL, by the row's status or by another column that is set, the cell is styled
according to that reason, and screen readers get it in words.

    plugins:
      missing_values:
        status_column: stage
        by_status:
          finished: {not recorded: [weight, colour]}
          in progress: {not yet known: [weight, colour, price]}
        when_set:
          removed_on: {removed: [colour]}       takes precedence if removed_on is not NULL

Templates get `missing_value_reasons()`, this whole configuration, for charts and anything else that
shows the data. Style `.absent`, and a class made from each reason: `.absent-not-recorded`,
`.absent-not-yet-known` and so on. A mistake in the configuration stops the server.

Limits: a row without its status column is left unchanged. The data keep NULL.
"""

# No deferred annotations: pydantic looks them up in sys.modules, where Datasette puts no plugins.
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from click import ClickException
from datasette import hookimpl
from datasette.app import Datasette
from markupsafe import Markup
from pydantic import Field, ValidationError

from ingest.config.yaml_model import Model

Reasons = dict[str, list[str]]
"""The columns whose NULL has a reason, by reason."""


class Config(Model):
    """The reasons for NULL, by the value of the status column, and by other columns that are set."""

    status_column: str | None = None
    by_status: dict[str, Reasons] = Field(default_factory=dict)
    when_set: dict[str, Reasons] = Field(default_factory=dict)

    def applying(self, row: Mapping[str, Any]) -> Iterator[Reasons]:
        """Yield the reasons that apply to `row`, those that take precedence first."""
        names = row.keys()
        for column, reasons in self.when_set.items():
            if column in names and row[column] is not None:
                yield reasons
        if self.status_column in names:
            status = row[self.status_column]
            # Table pages give a foreign key with its label.
            yield self.by_status.get(status["value"] if isinstance(status, dict) else status, {})

    def reason(self, row: Mapping[str, Any], column: str) -> str | None:
        """Return why `column`, which is NULL in `row`, is so, or None if no reason is given."""
        for reasons in self.applying(row):
            for reason, columns in reasons.items():
                if column in columns:
                    return reason
        return None


_configs: WeakKeyDictionary[Datasette, Config] = WeakKeyDictionary()


def config_of(datasette: Datasette) -> Config:
    """Return the plugin's configuration, cached because every cell needs it.

    Raise ValidationError if it is wrong.
    """
    if datasette not in _configs:
        given = datasette.plugin_config("missing_values") or {}
        _configs[datasette] = Config.model_validate(given)
    return _configs[datasette]


def render(reason: str) -> Markup:
    """Return the HTML of an empty cell."""
    return Markup('<span class="absent absent-{}" title="{}"><span>{}</span></span>').format(
        reason.replace(" ", "-"), reason, reason
    )


@hookimpl
def startup(datasette: Datasette) -> None:
    try:
        config_of(datasette)
    except ValidationError as error:
        raise ClickException(f"metadata.yml, plugin missing_values: {error}") from error


@hookimpl
def render_cell(
    row: Mapping[str, Any], value: object, column: str, datasette: Datasette
) -> Markup | None:
    if value is not None:
        return None
    reason = config_of(datasette).reason(row, column)
    return None if reason is None else render(reason)


@hookimpl
def extra_template_vars(datasette: Datasette) -> dict[str, Callable[[], dict[str, Any]]]:
    return {"missing_value_reasons": lambda: config_of(datasette).model_dump()}
