/* The way into the double, and what tests ask of it. */

#define _GNU_SOURCE
#include "door.h"

#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MARK 0xFA4E
#define MOST_FUNCTIONS 256
#define SLICE_S 0.005 /* how soon a call that hangs notices that it may go on */

Device devices[MOST_CARDS];
static pthread_mutex_t door = PTHREAD_MUTEX_INITIALIZER, driver = PTHREAD_MUTEX_INITIALIZER;
static int users;
static struct { const char *function; Wide calls; } counted[MOST_FUNCTIONS];
static int functions;

static void count(const char *function) {
    int i = 0;
    while (i < functions && counted[i].function != function) i++;
    if (i == MOST_FUNCTIONS) return;
    if (i == functions) {
        counted[functions].function = function;
        counted[functions++].calls = 0;
    }
    counted[i].calls++;
}

static double delay_s(int card, const char *function, int *is_serial) {
    double total_s = 0;
    for (int i = 0; i < scenario.delays; i++)
        if (applies(&scenario.delay[i], card, function)) {
            total_s += scenario.delay[i].us / 1e6;
            *is_serial |= scenario.delay[i].is_serial;
        }
    return total_s;
}

static void wait_as_told(int card, const char *function) { /* holding the door, which it opens */
    int is_serial = 0;
    double began_s = monotonic(), left_s = delay_s(card, function, &is_serial);
    if (left_s <= 0) return;
    pthread_mutex_unlock(&door);
    if (is_serial) pthread_mutex_lock(&driver);
    while (left_s > 0) {
        double slice_s = left_s < SLICE_S ? left_s : SLICE_S;
        usleep((useconds_t)(slice_s * 1e6));
        pthread_mutex_lock(&door);
        look_at_scenario();
        left_s = began_s + delay_s(card, function, &is_serial) - monotonic();
        pthread_mutex_unlock(&door);
    }
    if (is_serial) pthread_mutex_unlock(&driver);
    pthread_mutex_lock(&door);
}

int enter(const char *function, const Device *device, int is_about_device) {
    int card = -1;
    pthread_mutex_lock(&door);
    count(function);
    look_at_scenario();
    if (is_about_device) {
        if (device < devices || device >= devices + MOST_CARDS || device->mark != MARK)
            return leave(users ? INVALID_ARGUMENT : UNINITIALIZED);
        card = device->index;
    }
    wait_as_told(card, function);
    if (!users && strncmp(function, "nvmlInit", 8)) return leave(UNINITIALIZED);
    for (int i = 0; i < scenario.faults; i++)
        if (applies(&scenario.fault[i], card, function)) return leave(scenario.fault[i].code);
    if (card >= scenario.cards) return leave(GPU_IS_LOST); /* pulled out */
    return OK;
}

int leave(int code) {
    pthread_mutex_unlock(&door);
    return code;
}

int begin(const char *function) {
    int code = enter(function, NULL, 0);
    if (code) return code;
    start_time();
    for (int i = 0; i < MOST_CARDS; i++) devices[i] = (Device){MARK, i};
    users++;
    return leave(OK);
}

void end(void) { users--; }

int give_text(char *into, unsigned size, const char *text) {
    if (!into) return INVALID_ARGUMENT;
    if (strlen(text) + 1 > size) return INSUFFICIENT_SIZE;
    strcpy(into, text);
    return OK;
}

double value(const Device *device, enum Key key) {
    return value_at(device->index, key, seconds());
}

double held_mib(const Device *device) {
    double total = value(device, MEM_USED), most = value(device, MEM_TOTAL);
    for (int i = 0; i < scenario.processes; i++)
        if (is_there(&scenario.process[i], device->index) && scenario.process[i].mib > 0)
            total += scenario.process[i].mib;
    return total < most ? total : most;
}

/* --- for tests, by ctypes.CDLL("libnvidia-ml.so.1") --- */

API Wide fake_nvml_calls(const char *prefix) { /* NULL: of all functions */
    Wide calls = 0;
    pthread_mutex_lock(&door);
    for (int i = 0; i < functions; i++)
        if (!prefix || !strncmp(counted[i].function, prefix, strlen(prefix)))
            calls += counted[i].calls;
    pthread_mutex_unlock(&door);
    return calls;
}

API void fake_nvml_reset_calls(void) {
    pthread_mutex_lock(&door);
    functions = 0;
    pthread_mutex_unlock(&door);
}
