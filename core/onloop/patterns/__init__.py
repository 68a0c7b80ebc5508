"""PURE: patterns of many tasks: how a fleet is divided into waves."""
