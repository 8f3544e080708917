"""Runs code for others, in Docker containers only. The contract, the backend and the images have their room here."""
