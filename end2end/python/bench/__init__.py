"""The endpoint's speed beside moto's server, through boto3: see `__main__.py`."""
