"""What was known about an account at a moment: one row per account_id and as_of."""
