"""Tasks and clients."""
