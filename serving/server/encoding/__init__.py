"""What a request's values are on the wire, in JSON and in protos, and as arrays."""
