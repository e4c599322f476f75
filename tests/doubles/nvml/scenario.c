/* The scenario that the double of libnvidia-ml.so.1 plays.
 *
 * FAKE_NVML_SCENARIO names a text file; it is read again whenever it was replaced (write beside it
 * and rename). FAKE_NVML_RELOAD_MS: look at most this often (default 0: at every call).
 *
 * Lines; '#' begins a comment. G is an index, or * for all. Times are seconds since the first
 * nvmlInit, or what `clock` says. A VALUE is a number, or one of sine:LOW:HIGH:PERIOD,
 * ramp:LOW:HIGH:PERIOD, square:LOW:HIGH:PERIOD, step:BEFORE:AFTER:TIME.
 *
 *   gpus N | driver TEXT | nvml TEXT | cuda NUMBER
 *   clock T                   time stands still at T
 *   gpu G KEY VALUE           KEY: name or uuid with a text, or one of KEYS below; memory in MiB,
 *                             power in W, pcie_rx and pcie_tx in KiB/s; ecc_errors -1: has none
 *   proc gpu=G pid=P mem=MIB [type=C|G|M] [sm=PERCENT] [from=T] [until=T]
 *                             mem=-1: not told; what it holds counts as used
 *   fault gpu=G|sys err=NAME [fn=PREFIX] [from=T] [until=T]
 *                             functions that begin with PREFIX return the error
 *   delay gpu=G|sys us=N [fn=PREFIX] [from=T] [until=T] [serial=1]
 *                             they take N µs, or until a new scenario lets them go on; serial:
 *                             while holding one lock, as the real driver does
 *   event gpu=G xid=N at=T    a fault, told by nvmlEventSetWait
 */

#include "scenario.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define FOREVER 1e18
#define MOST_WORDS 16

Scenario scenario;
static Scenario reading;
static double began_s = -1, next_look_s;
static int is_loaded;
static struct stat seen;

static const struct { const char *name; double usual; } KEY[KEYS] = {
    {"mem_total", 24564}, {"mem_used", 512}, {"mem_reserved", 366}, {"util", 0}, {"mem_util", 0},
    {"temp", 40}, {"mem_temp", 50}, {"power", 60}, {"plimit", 450}, {"fan", 30},
    {"sm_clock", 1500}, {"mem_clock", 10501}, {"video_clock", 1400}, {"max_sm_clock", 3105},
    {"max_mem_clock", 10501}, {"pcie_rx", 1000}, {"pcie_tx", 1000}, {"enc", 0}, {"dec", 0},
    {"throttle", 1}, {"ecc_errors", 0}, {"pstate", 2}, {"cc_major", 8}, {"cc_minor", 9},
    {"pcie_gen", 4}, {"pcie_width", 16}, {"display", 0},
};

static const struct { int code; const char *name, *words; } ERROR[] = {
    {0, "SUCCESS", "Success"},
    {1, "UNINITIALIZED", "Uninitialized"},
    {2, "INVALID_ARGUMENT", "Invalid Argument"},
    {3, "NOT_SUPPORTED", "Not Supported"},
    {4, "NO_PERMISSION", "Insufficient Permissions"},
    {6, "NOT_FOUND", "Not Found"},
    {7, "INSUFFICIENT_SIZE", "Insufficient Size"},
    {9, "DRIVER_NOT_LOADED", "Driver Not Loaded"},
    {10, "TIMEOUT", "Timeout"},
    {12, "LIBRARY_NOT_FOUND", "NVML Shared Library Not Found"},
    {13, "FUNCTION_NOT_FOUND", "Function Not Found"},
    {15, "GPU_IS_LOST", "GPU is lost"},
    {16, "RESET_REQUIRED", "GPU requires reset"},
    {18, "LIB_RM_VERSION_MISMATCH", "RM has detected an NVML/RM version mismatch"},
    {21, "NO_DATA", "No data"},
    {23, "INSUFFICIENT_RESOURCES", "Insufficient Resources"},
    {25, "ARGUMENT_VERSION_MISMATCH", "Version mismatch"},
    {28, "GPU_NOT_FOUND", "GPU not found"},
    {999, "UNKNOWN", "Unknown Error"},
};
#define ERRORS (int)(sizeof ERROR / sizeof *ERROR)

/* --- time and values --- */

double monotonic(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

void start_time(void) {
    if (began_s < 0) began_s = monotonic();
}

double seconds(void) {
    if (scenario.clock >= 0) return scenario.clock;
    return began_s < 0 ? 0 : monotonic() - began_s;
}

double value_at(int card, enum Key key, double at) {
    const Value *value = &scenario.card[card].values[key];
    double phase = value->at > 0 ? fmod(at < 0 ? 0 : at, value->at) / value->at : 0;
    double height = value->high - value->low;
    switch (value->kind) {
    case 's': return value->low + height * (0.5 - 0.5 * cos(2 * M_PI * phase)); /* sine */
    case 'r': return value->low + height * phase;                               /* ramp */
    case 'q': return phase < 0.5 ? value->low : value->high;                    /* square */
    case 't': return at < value->at ? value->low : value->high;                 /* step */
    default: return value->low;
    }
}

int applies(const Rule *rule, int card, const char *function) {
    double now = seconds();
    int is_meant = rule->card == WHOLE_SYSTEM ||
                   (card >= 0 && (rule->card == EVERY_CARD || rule->card == card));
    return is_meant && now >= rule->from && now < rule->until &&
           !strncmp(function, rule->function, strlen(rule->function));
}

int is_there(const ProcessLine *process, int card) {
    double now = seconds();
    return (process->card == EVERY_CARD || process->card == card) && now >= process->from &&
           now < process->until;
}

const char *error_words(int code) {
    for (int i = 0; i < ERRORS; i++)
        if (ERROR[i].code == code) return ERROR[i].words;
    return "Unknown Error";
}

/* --- the file --- */

typedef struct { char *word[MOST_WORDS]; int count; } Line;

static const char *option(const Line *line, const char *name) {
    size_t length = strlen(name);
    for (int i = 1; i < line->count; i++)
        if (!strncmp(line->word[i], name, length) && line->word[i][length] == '=')
            return line->word[i] + length + 1;
    return NULL;
}

static double option_number(const Line *line, const char *name, double usual) {
    const char *text = option(line, name);
    return text ? atof(text) : usual;
}

static int card_of(const char *text) {
    if (!text || !strcmp(text, "*")) return EVERY_CARD;
    return strcmp(text, "sys") ? atoi(text) : WHOLE_SYSTEM;
}

static Value value_of(const char *text) {
    static const struct { const char *format; char kind; } WAVES[] = {
        {"sine:%lf:%lf:%lf", 's'}, {"ramp:%lf:%lf:%lf", 'r'},
        {"square:%lf:%lf:%lf", 'q'}, {"step:%lf:%lf:%lf", 't'},
    };
    Value value = {'c', 0, 0, 0};
    for (int i = 0; i < 4; i++)
        if (sscanf(text, WAVES[i].format, &value.low, &value.high, &value.at) == 3) {
            value.kind = WAVES[i].kind;
            return value;
        }
    value.low = atof(text);
    return value;
}

static void set_usual(void) {
    memset(&reading, 0, sizeof reading);
    reading.cards = 1;
    reading.clock = -1;
    reading.cuda = 12080;
    strcpy(reading.driver, "570.00.fake");
    strcpy(reading.library, "12.570.00.fake");
    for (int i = 0; i < MOST_CARDS; i++) {
        CardLines *card = &reading.card[i];
        snprintf(card->name, sizeof card->name, "Fake GeForce RTX %d", 4090 - i);
        snprintf(card->uuid, sizeof card->uuid, "GPU-fa4e0000-0000-4000-8000-%012d", i);
        for (int key = 0; key < KEYS; key++) card->values[key] = (Value){'c', KEY[key].usual, 0, 0};
    }
}

static void read_card(const Line *line, const char *rest) {
    int wanted = card_of(line->word[1]);
    for (int i = 0; i < MOST_CARDS; i++) {
        CardLines *card = &reading.card[i];
        if (wanted != EVERY_CARD && wanted != i) continue;
        if (!strcmp(line->word[2], "name")) snprintf(card->name, sizeof card->name, "%s", rest);
        if (!strcmp(line->word[2], "uuid")) snprintf(card->uuid, sizeof card->uuid, "%s", rest);
        for (int key = 0; key < KEYS; key++)
            if (!strcmp(KEY[key].name, line->word[2])) card->values[key] = value_of(line->word[3]);
    }
}

static void read_process(const Line *line) {
    if (reading.processes == MOST_PROCESSES) return;
    const char *type = option(line, "type");
    reading.process[reading.processes++] = (ProcessLine){
        .card = card_of(option(line, "gpu")),
        .pid = (int)option_number(line, "pid", 1),
        .busy = (int)option_number(line, "sm", 0),
        .mib = option_number(line, "mem", 0),
        .from = option_number(line, "from", -FOREVER),
        .until = option_number(line, "until", FOREVER),
        .type = type ? *type : 'C',
    };
}

static void read_rule(const Line *line, Rule *rules, int *count) {
    if (*count == MOST_RULES) return;
    Rule *rule = &rules[(*count)++];
    const char *function = option(line, "fn"), *error = option(line, "err");
    *rule = (Rule){
        .card = card_of(option(line, "gpu")),
        .code = 999,
        .us = (int)option_number(line, "us", 0),
        .is_serial = (int)option_number(line, "serial", 0),
        .from = option_number(line, "from", -FOREVER),
        .until = option_number(line, "until", FOREVER),
    };
    if (function) snprintf(rule->function, sizeof rule->function, "%s", function);
    for (int i = 1; i < line->count; i++)
        if (!strcmp(line->word[i], "sys")) rule->card = WHOLE_SYSTEM;
    for (int i = 0; error && i < ERRORS; i++)
        if (!strcmp(ERROR[i].name, error)) rule->code = ERROR[i].code;
}

static void read_event(const Line *line) {
    if (reading.events == MOST_EVENTS) return;
    EventLine event = {card_of(option(line, "gpu")), 0,
                       (unsigned long long)option_number(line, "xid", 79),
                       option_number(line, "at", 0)};
    for (int i = 0; i < scenario.events; i++) { /* told once, however often the file is read */
        const EventLine *old = &scenario.event[i];
        if (old->card == event.card && old->xid == event.xid && old->at == event.at)
            event.was_told = old->was_told;
    }
    reading.event[reading.events++] = event;
}

static void read_line(char *text) {
    char copy[512], *rest_of_words;
    Line line = {.count = 0};
    text[strcspn(text, "#\r\n")] = 0;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok_r(text, " \t", &rest_of_words); word && line.count < MOST_WORDS;
         word = strtok_r(NULL, " \t", &rest_of_words))
        line.word[line.count++] = word;
    if (line.count < 2) return;
    const char *what = line.word[0], *first = line.word[1];
    if (!strcmp(what, "gpus")) reading.cards = fmin(fmax(atoi(first), 0), MOST_CARDS);
    else if (!strcmp(what, "driver")) snprintf(reading.driver, sizeof reading.driver, "%s", first);
    else if (!strcmp(what, "nvml")) snprintf(reading.library, sizeof reading.library, "%s", first);
    else if (!strcmp(what, "cuda")) reading.cuda = atoi(first);
    else if (!strcmp(what, "clock")) reading.clock = atof(first);
    else if (!strcmp(what, "gpu") && line.count > 3) read_card(&line, copy + (line.word[3] - text));
    else if (!strcmp(what, "proc")) read_process(&line);
    else if (!strcmp(what, "fault")) read_rule(&line, reading.fault, &reading.faults);
    else if (!strcmp(what, "delay")) read_rule(&line, reading.delay, &reading.delays);
    else if (!strcmp(what, "event")) read_event(&line);
    else fprintf(stderr, "scenario: what is \"%s\"?\n", copy);
}

static int is_same(const struct stat *now) {
    return now->st_ino == seen.st_ino && now->st_size == seen.st_size &&
           now->st_mtim.tv_sec == seen.st_mtim.tv_sec &&
           now->st_mtim.tv_nsec == seen.st_mtim.tv_nsec;
}

void look_at_scenario(void) {
    static int pause_ms = -1;
    char text[512];
    struct stat now;
    const char *path = getenv("FAKE_NVML_SCENARIO"), *pause = getenv("FAKE_NVML_RELOAD_MS");
    if (pause_ms < 0) pause_ms = pause ? atoi(pause) : 0;
    if (is_loaded && pause_ms) {
        if (monotonic() < next_look_s) return;
        next_look_s = monotonic() + pause_ms / 1e3;
    }
    FILE *file = path && !stat(path, &now) && !(is_loaded && is_same(&now)) ? fopen(path, "r") : NULL;
    if (!file && is_loaded) return; /* unchanged, or gone: then the last one goes on */
    set_usual();
    if (file) {
        seen = now;
        while (fgets(text, sizeof text, file)) read_line(text);
        fclose(file);
    }
    scenario = reading;
    is_loaded = 1;
}
