"""The health score where it is published, asked for and shown: beside the risk, never in it."""
