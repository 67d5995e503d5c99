"""The sans-IO core, tested without any IO."""
