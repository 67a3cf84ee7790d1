"""Scripts that bring an older schema `df` up to date: `0002_what.sql` turns version 1 into version 2.

A script says its version itself, so that it also works as the script of an extension:

    UPDATE df._installation SET schema_version = 2, product_version = '0.2.0';

The same release changes `schema/` to match, and SCHEMA_VERSION in `loader.py`. The test that upgrade and fresh
installation are equal starts from the install scripts of all releases, tests/data/releases/<version>.sql, which
are written by `dfsql install --dry-run` at each release and never change.
"""
