"""What the assets are given. Everything else about an installation is in its settings, read when a run needs them."""

from __future__ import annotations

from assets.mill import Mill


def resources() -> dict[str, Mill]:
    """By the names that the assets' parameters have."""
    return {"mill": Mill(profile=None, seed=None, trials=None, base_model=None, force=False)}
