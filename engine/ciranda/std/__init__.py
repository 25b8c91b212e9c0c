"""The plugins that come with the engine, made as anybody's are."""
