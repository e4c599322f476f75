/* What of a card changes: memory, load, heat, clocks, traffic. */

#include "door.h"

#define MIB 1048576.0

/* A function of one card that gives one number. */
#define GAUGE(NAME, TYPE, EXPRESSION)         \
    API int NAME(Device *device, TYPE *out) { \
        ENTER(device);                        \
        *out = (TYPE)(EXPRESSION);            \
        return leave(OK);                     \
    }
/* One that this card does not have. */
#define WITHOUT(NAME, ...)                     \
    API int NAME(Device *device, __VA_ARGS__) { \
        ENTER(device);                         \
        return leave(NOT_SUPPORTED);           \
    }

/* --- memory --- */

typedef struct { Wide total, free, used; } Memory;
typedef struct { unsigned version; Wide total, reserved, free, used; } MemoryV2;

API int nvmlDeviceGetMemoryInfo(Device *device, Memory *out) { /* used includes reserved */
    ENTER(device);
    double total = value(device, MEM_TOTAL), used = held_mib(device) + value(device, MEM_RESERVED);
    if (used > total) used = total;
    *out = (Memory){total * MIB, (total - used) * MIB, used * MIB};
    return leave(OK);
}

API int nvmlDeviceGetMemoryInfo_v2(Device *device, MemoryV2 *out) {
    ENTER(device);
    if (out->version != 0x02000028) return leave(VERSION_MISMATCH);
    double total = value(device, MEM_TOTAL), reserved = value(device, MEM_RESERVED);
    double used = held_mib(device), most = total - reserved;
    if (used > most) used = most;
    out->total = total * MIB;
    out->reserved = reserved * MIB;
    out->used = used * MIB;
    out->free = (most - used) * MIB;
    return leave(OK);
}

API int nvmlDeviceGetBAR1MemoryInfo(Device *device, Memory *out) {
    ENTER(device);
    *out = (Memory){256 * MIB, 250 * MIB, 6 * MIB};
    return leave(OK);
}

/* --- load --- */

typedef struct { unsigned card, memory; } Utilization;

API int nvmlDeviceGetUtilizationRates(Device *device, Utilization *out) {
    ENTER(device);
    *out = (Utilization){value(device, UTIL), value(device, MEM_UTIL)};
    return leave(OK);
}

API int nvmlDeviceGetEncoderUtilization(Device *device, unsigned *share, unsigned *period_us) {
    ENTER(device);
    *share = value(device, ENC);
    *period_us = 167000;
    return leave(OK);
}

API int nvmlDeviceGetDecoderUtilization(Device *device, unsigned *share, unsigned *period_us) {
    ENTER(device);
    *share = value(device, DEC);
    *period_us = 167000;
    return leave(OK);
}

/* --- heat, power, fans --- */

typedef struct { unsigned version; int sensor, temperature; } Temperature;

API int nvmlDeviceGetTemperature(Device *device, int sensor, unsigned *out) {
    ENTER(device);
    if (sensor) return leave(INVALID_ARGUMENT);
    *out = value(device, TEMP);
    return leave(OK);
}

API int nvmlDeviceGetTemperatureV(Device *device, Temperature *out) {
    ENTER(device);
    if (out->version != 0x100000C) return leave(VERSION_MISMATCH);
    out->temperature = value(device, TEMP);
    return leave(OK);
}

API int nvmlDeviceGetTemperatureThreshold(Device *device, int which, unsigned *out) {
    ENTER(device);
    *out = which == 0 ? 99 : which == 1 ? 96 : 90; /* shutdown, slowdown, others */
    return leave(OK);
}

API int nvmlDeviceGetPowerManagementLimitConstraints(Device *device, unsigned *low, unsigned *high) {
    ENTER(device);
    *low = 100000;
    *high = value(device, PLIMIT) * 1333;
    return leave(OK);
}

API int nvmlDeviceGetFanSpeed_v2(Device *device, unsigned fan, unsigned *out) {
    ENTER(device);
    if (fan > 1) return leave(INVALID_ARGUMENT);
    *out = value(device, FAN);
    return leave(OK);
}

GAUGE(nvmlDeviceGetPowerUsage, unsigned, value(device, POWER) * 1000)
GAUGE(nvmlDeviceGetPowerManagementLimit, unsigned, value(device, PLIMIT) * 1000)
GAUGE(nvmlDeviceGetEnforcedPowerLimit, unsigned, value(device, PLIMIT) * 1000)
GAUGE(nvmlDeviceGetPowerManagementDefaultLimit, unsigned, value(device, PLIMIT) * 1000)
GAUGE(nvmlDeviceGetTotalEnergyConsumption, Wide, value(device, POWER) * 1000 * seconds())
GAUGE(nvmlDeviceGetFanSpeed, unsigned, value(device, FAN))
GAUGE(nvmlDeviceGetNumFans, unsigned, 2)
GAUGE(nvmlDeviceGetCurrentClocksThrottleReasons, Wide, value(device, THROTTLE))
GAUGE(nvmlDeviceGetCurrentClocksEventReasons, Wide, value(device, THROTTLE))

/* --- clocks: 0 graphics, 1 SM, 2 memory, 3 video --- */

static int clock_of(const Device *device, int which, unsigned *out, int is_highest) {
    if (which < 0 || which > 3) return INVALID_ARGUMENT;
    enum Key sm = is_highest ? MAX_SM_CLOCK : SM_CLOCK;
    enum Key memory = is_highest ? MAX_MEM_CLOCK : MEM_CLOCK;
    *out = value(device, which == 2 ? memory : which == 3 ? VIDEO_CLOCK : sm);
    return OK;
}

API int nvmlDeviceGetClockInfo(Device *device, int which, unsigned *out) {
    ENTER(device);
    return leave(clock_of(device, which, out, 0));
}

API int nvmlDeviceGetMaxClockInfo(Device *device, int which, unsigned *out) {
    ENTER(device);
    return leave(clock_of(device, which, out, 1));
}

API int nvmlDeviceGetClock(Device *device, int which, int id, unsigned *out) {
    ENTER(device);
    return leave(clock_of(device, which, out, id == 3));
}

/* --- PCIe --- */

API int nvmlDeviceGetPcieThroughput(Device *device, int is_received, unsigned *out) {
    ENTER(device);
    *out = value(device, is_received ? PCIE_RX : PCIE_TX);
    return leave(OK);
}

GAUGE(nvmlDeviceGetCurrPcieLinkGeneration, unsigned, value(device, PCIE_GEN))
GAUGE(nvmlDeviceGetMaxPcieLinkGeneration, unsigned, value(device, PCIE_GEN))
GAUGE(nvmlDeviceGetCurrPcieLinkWidth, unsigned, value(device, PCIE_WIDTH))
GAUGE(nvmlDeviceGetMaxPcieLinkWidth, unsigned, value(device, PCIE_WIDTH))

/* --- memory errors --- */

API int nvmlDeviceGetEccMode(Device *device, unsigned *current, unsigned *pending) {
    ENTER(device);
    *current = *pending = value(device, ECC_ERRORS) >= 0;
    return leave(OK);
}

API int nvmlDeviceGetTotalEccErrors(Device *device, int is_uncorrected, int counter, Wide *out) {
    (void)counter;
    ENTER(device);
    double errors = value(device, ECC_ERRORS);
    if (errors < 0) return leave(NOT_SUPPORTED);
    *out = is_uncorrected ? (Wide)errors : 0;
    return leave(OK);
}

API int nvmlDeviceGetMemoryErrorCounter(Device *device, int is_uncorrected, int counter, int place,
                                        Wide *out) {
    (void)place;
    return nvmlDeviceGetTotalEccErrors(device, is_uncorrected, counter, out);
}

/* --- modes; cards are not shared out (MIG), and this is no Windows --- */

API int nvmlDeviceGetMigMode(Device *device, unsigned *current, unsigned *pending) {
    ENTER(device);
    *current = *pending = 0;
    return leave(OK);
}

GAUGE(nvmlDeviceGetIndex, unsigned, device->index)
GAUGE(nvmlDeviceGetMinorNumber, unsigned, device->index)
GAUGE(nvmlDeviceGetBrand, unsigned, 5)
GAUGE(nvmlDeviceGetArchitecture, unsigned, 8)
GAUGE(nvmlDeviceGetPerformanceState, int, value(device, PSTATE))
GAUGE(nvmlDeviceGetPowerState, int, value(device, PSTATE))
GAUGE(nvmlDeviceGetDisplayMode, unsigned, value(device, DISPLAY))
GAUGE(nvmlDeviceGetDisplayActive, unsigned, value(device, DISPLAY))
GAUGE(nvmlDeviceGetPersistenceMode, unsigned, 1)
GAUGE(nvmlDeviceGetComputeMode, int, 0)
GAUGE(nvmlDeviceGetMaxMigDeviceCount, unsigned, 0)
GAUGE(nvmlDeviceIsMigDeviceHandle, unsigned, 0)
#pragma GCC diagnostic ignored "-Wunused-parameter"
WITHOUT(nvmlDeviceGetMigDeviceHandleByIndex, unsigned index, Device **out)
WITHOUT(nvmlDeviceGetGpuInstanceId, unsigned *out)
WITHOUT(nvmlDeviceGetComputeInstanceId, unsigned *out)
WITHOUT(nvmlDeviceGetDriverModel_v2, unsigned *current, unsigned *pending)
WITHOUT(nvmlDeviceGetDriverModel, unsigned *current, unsigned *pending)
WITHOUT(nvmlDeviceGetConfComputeMemSizeInfo, void *out)
