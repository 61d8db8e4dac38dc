"""The figures that a customer-success team runs on, each with its base, period and definition."""
