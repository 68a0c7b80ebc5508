"""Agent2Agent 1.0: tasks as its objects, and the door at which its clients ask (JSON-RPC)."""
