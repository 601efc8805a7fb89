"""Everything that Callout knows, in one file.

```
gzip ( tar (
    header.json                what it is, what it holds, and which migrations its tables have
    SCHEMA/TABLE/00001.copy …  PostgreSQL's own COPY, as text, in parts of a few MB
    manifest.json              rows, bytes and SHA-256 of each table, and the sequences; last, so a file that
                               ends too early is known by its absence
) )
```

With a passphrase, two age files (https://age-encryption.org/v1) stand around it, one after the other: a key, as
armored text, encrypted with the passphrase; then the above, encrypted with that key. age's own format for
passphrases would have to be held in memory as a whole.
"""
