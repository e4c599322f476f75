/* The library itself, the system, and which cards there are. */

#include "door.h"

#include <stdio.h>
#include <string.h>

API int nvmlInit_v2(void) { return begin(__func__); }
API int nvmlInit(void) { return begin(__func__); }

API int nvmlInitWithFlags(unsigned flags) {
    (void)flags;
    return begin(__func__);
}

API int nvmlShutdown(void) {
    ENTER_SYSTEM;
    end();
    return leave(OK);
}

API const char *nvmlErrorString(int code) { return error_words(code); }

API int nvmlSystemGetDriverVersion(char *into, unsigned size) {
    ENTER_SYSTEM;
    return leave(give_text(into, size, scenario.driver));
}

API int nvmlSystemGetNVMLVersion(char *into, unsigned size) {
    ENTER_SYSTEM;
    return leave(give_text(into, size, scenario.library));
}

API int nvmlSystemGetCudaDriverVersion_v2(int *version) {
    ENTER_SYSTEM;
    *version = scenario.cuda;
    return leave(OK);
}

API int nvmlSystemGetCudaDriverVersion(int *version) {
    return nvmlSystemGetCudaDriverVersion_v2(version);
}

API int nvmlSystemGetProcessName(unsigned pid, char *into, unsigned size) {
    char path[64], name[256] = "";
    ENTER_SYSTEM;
    snprintf(path, sizeof path, "/proc/%u/comm", pid);
    FILE *file = fopen(path, "r");
    if (!file) return leave(NOT_FOUND);
    if (!fgets(name, sizeof name, file)) name[0] = 0;
    fclose(file);
    name[strcspn(name, "\n")] = 0;
    return leave(give_text(into, size, name));
}

/* --- which cards there are --- */

API int nvmlDeviceGetCount_v2(unsigned *count) {
    ENTER_SYSTEM;
    *count = scenario.cards;
    return leave(OK);
}

API int nvmlDeviceGetCount(unsigned *count) { return nvmlDeviceGetCount_v2(count); }

API int nvmlDeviceGetHandleByIndex_v2(unsigned index, Device **device) {
    ENTER_SYSTEM;
    if (index >= (unsigned)scenario.cards) return leave(INVALID_ARGUMENT);
    for (int i = 0; i < scenario.faults; i++)
        if (applies(&scenario.fault[i], index, __func__)) return leave(scenario.fault[i].code);
    *device = &devices[index];
    return leave(OK);
}

API int nvmlDeviceGetHandleByIndex(unsigned index, Device **device) {
    return nvmlDeviceGetHandleByIndex_v2(index, device);
}

API int nvmlDeviceGetHandleByUUID(const char *uuid, Device **device) {
    ENTER_SYSTEM;
    for (int i = 0; i < scenario.cards; i++)
        if (!strcmp(uuid, scenario.card[i].uuid)) {
            *device = &devices[i];
            return leave(OK);
        }
    return leave(NOT_FOUND);
}

API int nvmlDeviceGetHandleByPciBusId_v2(const char *address, Device **device) {
    unsigned domain, bus;
    ENTER_SYSTEM;
    if (sscanf(address, "%x:%x:", &domain, &bus) != 2 || !bus || (int)bus > scenario.cards)
        return leave(NOT_FOUND);
    *device = &devices[bus - 1];
    return leave(OK);
}

API int nvmlDeviceGetHandleByPciBusId(const char *address, Device **device) {
    return nvmlDeviceGetHandleByPciBusId_v2(address, device);
}

/* --- what stays the same of a card --- */

API int nvmlDeviceGetName(Device *device, char *into, unsigned size) {
    ENTER(device);
    return leave(give_text(into, size, scenario.card[device->index].name));
}

API int nvmlDeviceGetUUID(Device *device, char *into, unsigned size) {
    ENTER(device);
    return leave(give_text(into, size, scenario.card[device->index].uuid));
}

API int nvmlDeviceGetSerial(Device *device, char *into, unsigned size) {
    char serial[32];
    ENTER(device);
    snprintf(serial, sizeof serial, "FAKE%08d", device->index);
    return leave(give_text(into, size, serial));
}

typedef struct {
    char short_address[16];
    unsigned domain, bus, device, id, subsystem;
    char address[32];
} Pci;

API int nvmlDeviceGetPciInfo_v3(Device *device, Pci *pci) {
    ENTER(device);
    memset(pci, 0, sizeof *pci);
    pci->bus = device->index + 1;
    pci->id = 0x268410DE;
    snprintf(pci->short_address, sizeof pci->short_address, "0000:%02X:00.0", pci->bus);
    snprintf(pci->address, sizeof pci->address, "00000000:%02X:00.0", pci->bus);
    return leave(OK);
}

API int nvmlDeviceGetPciInfo_v2(Device *device, Pci *pci) {
    return nvmlDeviceGetPciInfo_v3(device, pci);
}

API int nvmlDeviceGetPciInfo(Device *device, Pci *pci) {
    return nvmlDeviceGetPciInfo_v3(device, pci);
}

API int nvmlDeviceGetCudaComputeCapability(Device *device, int *major, int *minor) {
    ENTER(device);
    *major = value(device, CC_MAJOR);
    *minor = value(device, CC_MINOR);
    return leave(OK);
}
