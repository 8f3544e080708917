"""A small file in each language, with what must be found in it. A new language needs one: its tests ask for it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sample:
    """kinds: of every unit by name. trivial: names left out as saying nothing. broken: the text with an error in it."""

    path: str
    text: str
    kinds: dict[str, str]
    trivial: set[str] = field(default_factory=set)
    broken: str = ""
    survives: str = ""  # the unit that is still read from the broken text


PYTHON = '''"""Money."""

import json
from decimal import Decimal as D


class Purse:
    """Holds coins."""

    @property
    def total(self):
        """Sum of all coins."""
        return sum(self.coins)

    def empty(self):
        return not self.coins


def read(path):
    if path and path.exists():
        return D(json.loads(path.read_text()))
    return None
'''

JAVASCRIPT = """const fs = require('fs');

/**
 * Reads a purse.
 */
export const read = async (path) => {
  if (!path) return null;
  const text = await fs.readFile(path);
  return JSON.parse(text) ?? [];
};

class Purse extends Bag {
  // Sum of all coins.
  total() { return this.coins.reduce(add, 0); }
  empty() { return !this.coins.length; }
}

Purse.prototype.spend = function (coin) {
  const at = this.coins.indexOf(coin);
  this.coins.splice(at, 1);
  return this;
};
"""

TYPESCRIPT = """import { Coin } from './coin';

/** What holds coins. */
export interface Holder {
  coins: Coin[];
}

export abstract class Purse implements Holder {
  // Sum of all coins.
  total(): number { return this.coins.length; }
}

export function count<T extends Holder>(holders: T[]): number {
  let sum = 0;
  for (const one of holders) sum += one.coins.length;
  return sum;
}
"""

TSX = """import React from 'react';

export function Balance({ total }: { total: number }) {
  return (
    <p>You have {total} coins left.</p>
  );
}
"""

JAVA = """package shop.money;

import java.util.List;

/** Holds coins. */
public class Purse extends Bag {
    private final List<Integer> coins;

    /** Takes what it is given. */
    public Purse(List<Integer> coins) { this.coins = coins; }

    @Override
    public int total() {
        int sum = 0;
        for (int coin : coins) sum += coin;
        return sum;
    }

    boolean empty() { return coins.isEmpty(); }
}

/** What has a worth. */
interface Worth {
    int total();
}
"""

GO = """// Package money counts coins.
package money

import (
	"fmt"
	js "encoding/json"
)

// Purse holds coins.
type Purse struct {
	Coins []int
}

// Total is the sum
// of all coins.
func (p *Purse) Total() (sum int) {
	for _, coin := range p.Coins {
		sum += coin
	}
	return sum
}

func Read(text []byte) (p Purse, err error) {
	if err = js.Unmarshal(text, &p); err != nil {
		err = fmt.Errorf("read: %w", err)
	}
	return p, err
}

func (p Purse) Empty() bool { return len(p.Coins) == 0 }
"""

SQL = """-- People who buy.
CREATE TABLE shop.users (
  id bigint PRIMARY KEY,
  name text NOT NULL
);

CREATE VIEW names AS SELECT name FROM shop.users;

INSERT INTO shop.users VALUES (1, 'a');

SELECT count(*) FROM orders WHERE paid;
"""

BASH = """#!/bin/bash
# Brings the shop up.

. ./settings.sh

# Wait until a port answers.
wait_for() {
  while ! nc -z "$1" "$2" && sleep 1; do
    echo waiting
  done
}

hello() { echo hello; }
"""

RST = """Words before.

=====
Shop
=====

Sells things.

Prices
------

In coins::

   ------
   no title
   ------

Empty
-----
"""

YAML = """# settings of the shop
flags: &flags
  triage: {on: true, description: "Show it now."}
  other: *missing
people:
  - name: A first person
    age: 30
"""

TOML = """[project]
name = "shop"
description = "Sells things for coins."

[[people]]
name = "A first person"
born.on = 1979-05-27
tools = [ # of the trade
  "a hammer",
]
"""

NOTEBOOK = """{
 "nbformat": 4,
 "metadata": {"kernelspec": {"language": "python"}},
 "cells": [
  {"cell_type": "markdown", "source": ["# Sales\\n", "\\n", "How they went."]},
  {
   "cell_type": "code",
   "source": "%matplotlib inline\\nimport x\\n\\ndef load(path):\\n    \\"\\"\\"Read it.\\"\\"\\"\\n    return 1\\n",
   "outputs": [{"text": "an output of words"}]
  }
 ]
}
"""

OPENAPI = """openapi: 3.0.0
info: {title: The shop, version: "1"}
paths:
  /coins/{id}:
    get:
      summary: One coin of the purse
      parameters:
        - {name: id, in: path, description: Which one, schema: {type: string}}
      responses:
        '200': {description: The coin}
components:
  schemas:
    Coin:
      description: Money you can hold
      properties: {worth: {type: integer, description: What it buys}}
"""

LABELLED_CSV = """text,label,seen
I want my money back,refund,3
"where is it,
my parcel?",delivery,1
"""

LABELLED_JSONL = """{"query": "I want my money back", "intent": "refund"}
{"query": "where is my \\"parcel\\"?", "intent": "delivery"}
"""

SAMPLES = {
    "python": Sample(
        "shop/money.py", PYTHON,
        {"shop.money": "module", "Purse": "class", "Purse.total": "method", "read": "function"},
        {"Purse.empty"}, PYTHON.replace("return sum(", "return = sum("), "read",
    ),
    "javascript": Sample(
        "shop/money.js", JAVASCRIPT,
        {
            "shop/money": "module", "read": "function", "Purse": "class", "Purse.total": "method",
            "Purse.spend": "method",
        },
        {"Purse.empty"}, JAVASCRIPT.replace("return this;", "return = this;"), "read",
    ),
    "typescript": Sample(
        "shop/money.ts", TYPESCRIPT,
        {
            "shop/money": "module", "Holder": "interface", "Purse": "class", "Purse.total": "method",
            "count": "function",
        },
        set(), TYPESCRIPT.replace("return sum;", "return = sum;"), "Holder",
    ),
    "tsx": Sample(
        "shop/Balance.tsx", TSX,
        {"Balance": "component_text", "shop/Balance": "module", "Balance (code)": "function"},
        set(), TSX + "function bad() { return = 1; }\n", "Balance (code)",
    ),
    "java": Sample(
        "shop/Purse.java", JAVA,
        {
            "shop/Purse": "module", "Purse": "class", "Purse.Purse": "method", "Purse.total": "method",
            "Worth": "interface",
        },
        {"Purse.empty", "Worth.total"}, JAVA.replace("return sum;", "return = sum;"), "Purse.Purse",
    ),
    "go": Sample(
        "money/purse.go", GO,
        {"money/purse": "module", "Purse": "class", "Purse.Total": "method", "Read": "function"},
        {"Purse.Empty"}, GO.replace("return p, err", "return = p"), "Purse.Total",
    ),
    "sql": Sample(
        "db/schema.sql", SQL, {"shop.users": "statement", "names": "statement", "orders": "statement"},
        set(), SQL + "CREATE TABLE bad (id bigint PRIMARY KEY;\n", "shop.users",
    ),
    "bash": Sample(
        "up.sh", BASH, {"up": "module", "wait_for": "function"}, {"hello"}, BASH + "bad() { if x; fi; }\n", "wait_for",
    ),
    "markdown": Sample("a.md", "# Shop\n\nSells things.\n\n## Empty\n", {"shop": "section"}, {"shop/empty"}),
    "restructuredtext": Sample(
        "a.rst", RST, {"(beginning)": "section", "shop": "section", "shop/prices": "section"}, {"shop/empty"}
    ),
    "json": Sample("a.json", '{"flags": {"triage": {"description": "Show it now."}}}', {"flags.triage": "entry"}),
    "yaml": Sample("a.yaml", YAML, {"flags.triage": "entry", "people.a-first-person": "entry"}),
    "toml": Sample("a.toml", TOML, {"project": "entry", "people.a-first-person": "entry"}),
    "csv": Sample(
        "a.csv", LABELLED_CSV, {"refund.c73ecff29598": "labelled", "delivery.1cce9680d276": "labelled"},
    ),
    "jsonl": Sample(
        "a.jsonl", LABELLED_JSONL, {"refund.c73ecff29598": "labelled", "delivery.9e03b7397502": "labelled"},
    ),
    "notebook": Sample("a.ipynb", NOTEBOOK, {"sales": "section", "load": "function"}),
}  # fmt: skip
