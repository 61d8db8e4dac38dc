"""The practice around the score: health, indicators and the customers' own words, per account."""
