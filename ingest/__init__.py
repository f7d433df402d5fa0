"""Read police disclosures, check them against their own totals, and build the public database.

Data flows one way: document, reader, `Disclosure`, checks, evidence, database.
"""
