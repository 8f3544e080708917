"""A small help desk's questions with their labels, written by hand: what a team brings in a CSV file."""

from __future__ import annotations

import csv
import io

ROWS: dict[str, list[str]] = {
    "refund": [
        "I want my money back", "how long does a refund take", "you charged me twice, please pay one back",
        "refund for order 5512", "the shoes never came and I'd like to be repaid",
        "cancel it and return the amount", "no refund yet after three weeks",
        "when do I see the credit on my card",
    ],
    "delivery": [
        "where is my parcel", "the courier rang and drove off", "track order 9921", "deliver to another address",
        "can it come on Saturday", "my package says delivered but nothing is here", "how much is express shipping",
        "the box arrived crushed",
    ],
    "password": [
        "I forgot my password", "the reset link does not work", "locked out after three tries",
        "change the password of my account", "two-factor code never arrives", "login says wrong password",
        "how do I sign in from a new phone", "unlock my account",
    ],
    "invoice": [
        "send me the invoice for March", "the bill has the wrong company name", "I need a receipt with tax number",
        "download all invoices of last year", "why is my invoice higher this month", "can you split the bill",
        "pay the invoice by bank transfer", "reminder for a bill I already paid",
    ],
    "out_of_scope": [
        "what is the capital of Peru", "tell me a joke about ducks", "who won the match last night",
        "how do I boil an egg", "write a poem for my aunt", "what's the weather on Mars", "sing something",
        "is seven a prime number",
    ],
}  # fmt: skip


def table(rows: dict[str, list[str]] = ROWS, header: tuple[str, str] = ("text", "label"), separator: str = ",") -> str:
    """The rows as a CSV file."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator)
    writer.writerow(header)
    writer.writerows((text, label) for label, texts in rows.items() for text in texts)
    return out.getvalue()
