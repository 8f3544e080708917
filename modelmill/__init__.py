"""modelmill: turns a team's own codebase and content into the team's own models, and serves them."""

__version__ = "0.1.0"
