/* Who holds memory of a card, how busy they are, samples, and faults that the driver reports. */

#include "door.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define MIB 1048576.0

static Wide wall_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (Wide)now.tv_sec * 1000000ull + now.tv_nsec / 1000;
}

/* --- lists --- */

typedef struct { unsigned pid; Wide used; unsigned instance, compute_instance; } Process;
typedef struct { unsigned pid; Wide used; } ProcessV1;

static int list(const Device *device, unsigned *count, void *out, const char *kind) {
    unsigned found = 0, room = *count;
    for (int i = 0; i < scenario.processes; i++) {
        const ProcessLine *line = &scenario.process[i];
        if (line->type != kind[0] || !is_there(line, device->index)) continue;
        Wide used = line->mib < 0 ? ~0ull : (Wide)(line->mib * MIB);
        if (out && found < room) {
            if (kind[1] == '1') ((ProcessV1 *)out)[found] = (ProcessV1){line->pid, used};
            else ((Process *)out)[found] = (Process){line->pid, used, ~0u, ~0u};
        }
        found++;
    }
    *count = found;
    return found > room ? INSUFFICIENT_SIZE : OK;
}

#define LIST(NAME, KIND)                                       \
    API int NAME(Device *device, unsigned *count, void *out) { \
        ENTER(device);                                         \
        return leave(list(device, count, out, KIND));          \
    }
LIST(nvmlDeviceGetComputeRunningProcesses_v3, "C")
LIST(nvmlDeviceGetComputeRunningProcesses_v2, "C")
LIST(nvmlDeviceGetComputeRunningProcesses, "C1")
LIST(nvmlDeviceGetGraphicsRunningProcesses_v3, "G")
LIST(nvmlDeviceGetGraphicsRunningProcesses_v2, "G")
LIST(nvmlDeviceGetGraphicsRunningProcesses, "G1")
LIST(nvmlDeviceGetMPSComputeRunningProcesses_v3, "M")
LIST(nvmlDeviceGetMPSComputeRunningProcesses_v2, "M")

typedef struct { unsigned pid; Wide at_us; unsigned sm, memory, encoder, decoder; } Share;

API int nvmlDeviceGetProcessUtilization(Device *device, Share *out, unsigned *count, Wide since_us) {
    ENTER(device);
    Wide at_us = wall_us();
    unsigned found = 0, room = *count;
    for (int i = 0; i < scenario.processes && since_us < at_us; i++) {
        const ProcessLine *line = &scenario.process[i];
        if (!is_there(line, device->index)) continue;
        if (out && found < room)
            out[found] = (Share){line->pid, at_us, line->busy, line->busy / 2, 0, 0};
        found++;
    }
    if (!found) return leave(NOT_FOUND);
    *count = found;
    return leave(!out || found > room ? INSUFFICIENT_SIZE : OK);
}

/* --- many values at once --- */

typedef union { double real; unsigned number; Wide wide; long long whole; } Any;
typedef struct { unsigned id, scope; long long at_us, took_us; int type, code; Any value; } Field;
enum { UNSIGNED = 1, UNSIGNED_WIDE = 3 };

static void fill(const Device *device, Field *field) {
    double errors = value(device, ECC_ERRORS), power_mw = value(device, POWER) * 1000;
    field->at_us = wall_us();
    field->took_us = 1;
    field->type = UNSIGNED;
    field->code = OK;
    field->value.wide = 0;
    switch (field->id) {
    case 1: field->value.number = errors >= 0; break;
    case 3: case 5: field->type = UNSIGNED_WIDE; break;
    case 4: case 6: field->type = UNSIGNED_WIDE; field->value.wide = errors < 0 ? 0 : errors; break;
    case 82: field->value.number = value(device, MEM_TEMP); break;
    case 83: field->type = UNSIGNED_WIDE; field->value.wide = power_mw * seconds(); break;
    case 94: break;
    case 185: case 186: field->value.number = power_mw; break;
    default: field->code = NOT_SUPPORTED;
    }
}

API int nvmlDeviceGetFieldValues(Device *device, int count, Field *fields) {
    ENTER(device);
    for (int i = 0; i < count; i++) fill(device, &fields[i]);
    return leave(OK);
}

typedef struct { Wide at_us; Any value; } Sample;

API int nvmlDeviceGetSamples(Device *device, int which, Wide since_us, int *type, unsigned *count,
                             Sample *out) {
    static const enum Key KEYS_OF[] = {POWER, UTIL, MEM_UTIL, ENC, DEC, SM_CLOCK, MEM_CLOCK};
    const int kept = 120;
    const Wide step_us = 20000;
    unsigned found = 0;
    ENTER(device);
    if (which < 0 || which > 6) return leave(NOT_SUPPORTED);
    *type = UNSIGNED;
    if (!out) {
        *count = kept;
        return leave(OK);
    }
    Wide newest_us = wall_us() / step_us * step_us;
    for (int i = kept - 1; i >= 0 && found < *count; i--) {
        Wide at_us = newest_us - i * step_us;
        if (at_us <= since_us) continue;
        double then = value_at(device->index, KEYS_OF[which], seconds() - i * step_us / 1e6);
        out[found].at_us = at_us;
        out[found].value.wide = 0;
        out[found++].value.number = then * (which == 0 ? 1000 : 1);
    }
    *count = found;
    return leave(found ? OK : NOT_FOUND);
}

/* --- faults: Xid --- */

typedef struct { Device *device; Wide type, xid; unsigned instance, compute_instance; } Event;
#define XID 8

API int nvmlEventSetCreate(void **set) {
    ENTER_SYSTEM;
    *set = malloc(8);
    return leave(OK);
}

API int nvmlEventSetFree(void *set) {
    ENTER_SYSTEM;
    free(set);
    return leave(OK);
}

API int nvmlDeviceGetSupportedEventTypes(Device *device, Wide *types) {
    ENTER(device);
    *types = XID;
    return leave(OK);
}

API int nvmlDeviceRegisterEvents(Device *device, Wide types, void *set) {
    (void)types;
    (void)set;
    ENTER(device);
    return leave(OK);
}

API int nvmlEventSetWait_v2(void *set, Event *out, unsigned patience_ms) {
    (void)set;
    double end_s = monotonic() + patience_ms / 1e3;
    for (;;) {
        ENTER_SYSTEM;
        for (int i = 0; i < scenario.events; i++) {
            EventLine *event = &scenario.event[i];
            if (event->was_told || seconds() < event->at) continue;
            event->was_told = 1;
            *out = (Event){&devices[event->card], XID, event->xid, ~0u, ~0u};
            return leave(OK);
        }
        leave(OK);
        if (monotonic() >= end_s) return TIMED_OUT;
        usleep(2000);
    }
}

API int nvmlEventSetWait(void *set, Event *out, unsigned patience_ms) {
    return nvmlEventSetWait_v2(set, out, patience_ms);
}
