"""A small real project to take in: Python, Markdown, TypeScript data, a component, JSON, and what must be left out."""

from __future__ import annotations

import subprocess
from pathlib import Path

SHAPES = '''"""Shapes and their areas."""

import math


class Circle:
    """A circle around the origin."""

    def __init__(self, radius):
        self.radius = radius

    def area(self):
        """Return the area of the circle."""
        return math.pi * self.radius ** 2

    def __repr__(self):
        return "Circle"


def contact():
    """Say whom to ask."""
    # owner: jane.roe@acme-shapes.com
    return "jane.roe@acme-shapes.com"


try:
    import numpy
except ImportError:
    def mean(values):
        total = sum(values)
        count = len(values)
        return total / count
'''

CATALOG = """// SPDX-License-Identifier: MIT
import type { UseCase } from '../types';

export const useCases: UseCase[] = [
  {
    id: 'claims-triage',
    industry: 'insurance',
    title: 'Claims triage',
    summary: 'Sorts claims by urgency\\u00a0\\u2014 the urgent ones first.',
    exampleQueries: ['sort incoming claims', `which claims are urgent?`],
    faqs: [{ question: 'Does it decide?', answer: 'No, a person does.' }],
    weight: 2,
    load: () => fetch('/nowhere'),
  },
  ...others,
];
"""

COMPONENT = """export function Welcome({ name }: { name: string }) {
  return (
    <main className="page wide">
      <h1>Good morning</h1>
      <p>Ask about <b>your</b> claim &amp; more.</p>
      <input placeholder="Claim number" name="claim number" />
      {name ? 'You are signed in.' : <span>Please sign in first.</span>}
    </main>
  );
}
"""

README = """Before the first heading.

# Shapes

Areas of plane figures.

## Circle

Give a radius.

```python
# not a heading
```

## Empty
"""


def write(root: Path, files: dict[str, str | bytes]) -> Path:
    """Make the files under `root`."""
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def git(root: Path, *arguments: str) -> str:
    """Run git as a person would, without anybody's configuration."""
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", str(root), *who, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()
