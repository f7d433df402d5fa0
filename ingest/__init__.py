"""Read disclosures, check them against the publisher's own totals, and build the public database.

Data flows one way, a package per step: `text`, `records` and `config` are what every step uses;
`pdf` and `readers` read a document; `database` writes tables; `evidence` infers; `checks` decides
whether anything is published. `build` puts the steps in order, `review` holds tools for people, and
`cli` turns them into commands. A package imports only from those named before it.
"""
