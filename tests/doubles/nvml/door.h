/* Every call comes in by enter() and goes out by leave(): counted, delayed, failed as told. */

#ifndef DOOR_H
#define DOOR_H

#include "scenario.h"

#define API __attribute__((visibility("default")))

typedef unsigned long long Wide;
typedef struct { int mark, index; } Device; /* stays valid when the scenario changes, as real ones do */

extern Device devices[MOST_CARDS];

int enter(const char *function, const Device *device, int is_about_device); /* OK: leave() must follow */
int leave(int code);
int begin(const char *function);                    /* nvmlInit */
void end(void);                                     /* nvmlShutdown */
int give_text(char *into, unsigned size, const char *text);
double value(const Device *device, enum Key key);
double held_mib(const Device *device);              /* used, with what processes hold */

#define ENTER_SYSTEM \
    do { int code_ = enter(__func__, 0, 0); if (code_) return code_; } while (0)
#define ENTER(device) \
    do { int code_ = enter(__func__, device, 1); if (code_) return code_; } while (0)

#endif
