"""The search text: the filter vocabulary as people type it. `syntax` reads a text into a `tree`; what the names in it
mean is the business of the table of fields."""
