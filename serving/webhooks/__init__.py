"""Webhooks after the Standard Webhooks specification: what is told, to whom, and how it arrives."""
