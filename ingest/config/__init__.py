"""Configuration written by hand in YAML: manifests, terms and redaction bands."""
