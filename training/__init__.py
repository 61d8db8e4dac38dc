"""From a feature table to a registered model, with an honest account of how good it is."""

import os

# LightGBM's threads spin while they wait for one another: on a busy machine the same work cost
# five times the CPU. Read when its library is loaded, so set before; the user's own choice stays.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
