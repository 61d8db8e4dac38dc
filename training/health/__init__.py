"""Whether the health score would have foretold who left, and what the past would weigh."""
