/* What a scenario says, read from a text file. The format is told at the top of scenario.c. */

#ifndef SCENARIO_H
#define SCENARIO_H

#define MOST_CARDS 16
#define MOST_PROCESSES 256
#define MOST_RULES 128
#define MOST_EVENTS 64
#define EVERY_CARD (-1)
#define WHOLE_SYSTEM (-2)

/* NVML's return codes that the double itself gives. */
enum {
    OK = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6,
    INSUFFICIENT_SIZE = 7, TIMED_OUT = 10, GPU_IS_LOST = 15, VERSION_MISMATCH = 25
};

enum Key {
    MEM_TOTAL, MEM_USED, MEM_RESERVED, UTIL, MEM_UTIL, TEMP, MEM_TEMP, POWER, PLIMIT, FAN,
    SM_CLOCK, MEM_CLOCK, VIDEO_CLOCK, MAX_SM_CLOCK, MAX_MEM_CLOCK, PCIE_RX, PCIE_TX, ENC, DEC,
    THROTTLE, ECC_ERRORS, PSTATE, CC_MAJOR, CC_MINOR, PCIE_GEN, PCIE_WIDTH, DISPLAY, KEYS
};

typedef struct { char kind; double low, high, at; } Value;
typedef struct { char name[96], uuid[96]; Value values[KEYS]; } CardLines;
typedef struct { int card, pid, busy; double mib, from, until; char type; } ProcessLine;
typedef struct { int card, code, us, is_serial; char function[64]; double from, until; } Rule;
typedef struct { int card, was_told; unsigned long long xid; double at; } EventLine;

typedef struct {
    int cards, cuda, processes, faults, delays, events;
    char driver[80], library[80];
    double clock; /* below 0 where time runs */
    CardLines card[MOST_CARDS];
    ProcessLine process[MOST_PROCESSES];
    Rule fault[MOST_RULES], delay[MOST_RULES];
    EventLine event[MOST_EVENTS];
} Scenario;

extern Scenario scenario;

void look_at_scenario(void);                        /* reads the file anew where it has changed */
double seconds(void);                               /* of the scenario */
double monotonic(void);
void start_time(void);                              /* with the first nvmlInit */
double value_at(int card, enum Key key, double at);
int applies(const Rule *rule, int card, const char *function);
int is_there(const ProcessLine *process, int card);
const char *error_words(int code);

#endif
