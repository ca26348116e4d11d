"""A Shopify-compatible shop on this machine: started by the demo and the tests, spoken to only over HTTP.

Plain Python with graphql-core; it imports nothing of the product, so what it answers cannot follow our own mistakes.
Run it with `python -m stores.rehearsal --help`.
"""
