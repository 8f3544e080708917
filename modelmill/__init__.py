"""modelmill: turns a team's own codebase and content into the team's own models, and serves them."""

from modelmill import telemetry

__version__ = "0.1.0"

telemetry.switch_off()
