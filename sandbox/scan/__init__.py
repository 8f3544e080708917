"""Looks at code before it runs. Policy and advice: what holds a program is its container, not this."""
