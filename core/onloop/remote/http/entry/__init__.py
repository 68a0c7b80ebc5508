"""What comes in over HTTP: connections, certificates, what a request is held to, and errors as HTTP says them."""
