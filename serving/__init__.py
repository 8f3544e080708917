"""BentoML: the gateway, which is the one public door, and the services of the releases behind it."""
