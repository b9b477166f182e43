"""The tracking server's speed beside MLflow's own server: see `__main__.py`."""
