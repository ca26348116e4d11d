"""Bulk operations: a query is taken in and run page by page in the background; its result is a file of lines."""
