"""The gateway, the coordinator and the router, beside a bare relay and other gateways."""
