"""What agents are told of the gateway, in the files that they read by themselves: a skill, a marked block, a plugin."""
