"""What people write down in YAML: manifests, terms and redaction bands, read by one loader."""
