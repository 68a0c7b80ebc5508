"""The HTTP door of a resident gateway: requests over TCP become requests on its lines."""
