"""Other people's mail programs, run from their unpacked Debian packages in namespaces of their own."""
