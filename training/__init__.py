"""From a feature table to a registered model, with an honest account of how good it is."""
