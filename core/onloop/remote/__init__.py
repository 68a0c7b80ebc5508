"""The gateway's operations over a socket: protocol, server and client."""
