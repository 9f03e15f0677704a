"""Service file: what a command reads in serverless.yml without the Serverless Framework."""

from pathlib import Path
from typing import Any

import yaml

try:  # several times as fast
    from yaml import CSafeLoader as SafeLoader
except ImportError:  # PyYAML was built without libyaml
    from yaml import SafeLoader  # type: ignore[assignment]

from shared.values.errors import ConfigError

FILE = "serverless.yml"


class _Loader(SafeLoader):
    """Also reads tags, such as CloudFormation's `!Ref`: the value without its tag."""


def _untagged(loader: SafeLoader, _tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


_Loader.add_multi_constructor("!", _untagged)


def read_service_file(folder: Path, *, hint: str) -> dict[str, Any]:
    """The content of a folder's serverless.yml, empty without one; variables stay as they are.

    hint: for a file that cannot be read. Raises ConfigError.
    """
    file = folder / FILE
    if not file.is_file():
        return {}
    try:
        found = yaml.load(file.read_text(), _Loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"is no YAML{_place(error)}.", thing=FILE, hint=hint) from None
    return found if isinstance(found, dict) else {}


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f": {getattr(error, 'problem', '')}, line {mark.line + 1}" if mark else ""


def service_of(folder: Path) -> str:
    """The service of a folder's serverless.yml, or `rowline`. Raises ConfigError."""
    found = read_service_file(folder, hint="Correct it, or name the service with --service.")
    name = str(found.get("service") or "rowline")
    if "${" in name:
        raise ConfigError(
            f"names its service by a variable, {name}.",
            thing=FILE,
            hint="Name the service with --service, or set ROWLINE_SERVICE.",
        )
    return name
