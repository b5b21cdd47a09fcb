"""From a plan to a trained method: batches, networks, the training loop."""
