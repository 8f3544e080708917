"""Under which licence something stands, and whether it may be trained on."""
