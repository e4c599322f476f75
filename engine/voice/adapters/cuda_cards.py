"""Which of CUDA's numbers a graphics card has, in this process.

CUDA counts the fastest first, others by the bus, and a variable may hide some: only the driver
knows what number a card has here. Asking takes no memory of the card.
"""

from __future__ import annotations

import ctypes
import sys

from engine.errors import Refused

SUCCESS = 0


def ordinal_of(pci_address: str) -> int:
    """Return CUDA's number of the card at `pci_address`. Raises Refused where it has none.

    Source: CUDA driver API, cuDeviceGetByPCIBusId; a CUdevice is the number that cuDeviceGet takes.
    """
    number = ctypes.c_int(-1)
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
        status = driver.cuInit(0) or driver.cuDeviceGetByPCIBusId(
            ctypes.byref(number), pci_address.encode("ascii")
        )
    except (OSError, AttributeError) as error:
        raise Refused(f"CUDA's driver cannot be asked for the card at {pci_address}") from error
    if status != SUCCESS:
        raise Refused(
            f"CUDA cannot use the card at {pci_address} (error {status}): it is hidden from this "
            "program by CUDA_VISIBLE_DEVICES, or not NVIDIA's"
        )
    return number.value
