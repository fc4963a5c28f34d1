"""What crosses Redis, and nothing else: keys, entries, the writer and the reader of a feed."""
