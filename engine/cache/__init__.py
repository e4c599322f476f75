"""The cache: two tiers, sessions, messages and leases, in process or shared through Redis."""
