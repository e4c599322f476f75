"""The machine: what its processor, memory, disks and graphics cards are doing."""
