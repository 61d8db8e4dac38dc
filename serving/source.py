"""Where a sentence stands that is sorted: what tables, batches and answers call it."""

from __future__ import annotations

from typing import Literal

# Quotes and tickets are the customer's own words, a note is by our people.
Source = Literal["quote", "ticket", "note"]
