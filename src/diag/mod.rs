//! A mistake in a file, as data.
