/* pipeline/cli/cli.c - parsing and help by the option tables. */
#include "pipeline/cli/cli.h"

#include "kernels/ops.h"
#include "pipeline/core/array.h"
#include "pipeline/core/scratch.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const lta_option common_options[] = {
    {"device", 0, "auto|cpu|cuda|cuda:N",
     "what computes: auto (default) takes a CUDA device where a model says that it is faster"},
    {"threads", 0, "N", "threads to use (default: OMP_NUM_THREADS, else all cores)"},
    {"memory", 0, "SIZE",
     "memory to stay within, e.g. 4G; what goes beyond it lies in scratch files where TMPDIR says"},
    {"on-error", 0, "fail|skip", "bad rows: fail (default) at the first, or skip and count them"},
    {"force", 0, NULL, "redo what is up to date"},
    {"quiet", 'q', NULL, "only warnings and errors"},
    {"verbose", 'v', NULL, "more detail"},
    {"log-json", 0, NULL, "log lines as JSON objects"},
    {"help", 'h', NULL, "show this help"},
    {0},
};

typedef struct common {
    lta_cli *cli;
    lta_log_level level;
    bool json, help;
} common;

/* Arrays beyond the budget go to scratch files (pipeline/core/array.h); what else does not fit fails as if
 * memory had run out (exit code 4). Mapped files do not count. */
static lta_status limit_memory(const lta_run *run)
{
    const uint64_t bytes = run->memory_bytes, least = (32 + 16 * (uint64_t)run->threads) * 1000000;
    struct rlimit limit;
    if (bytes < least)
        return lta_fail(LTA_ERR_USAGE,
                        "--memory: expected at least 32M, and 16M more for each of %d thread%s", run->threads,
                        run->threads == 1 ? "" : "s");
    if (getrlimit(RLIMIT_DATA, &limit) != 0)
        return lta_fail_errno(LTA_ERR_RUN, errno, "--memory: the limit could not be read");
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    if (setrlimit(RLIMIT_DATA, &limit) != 0)
        return lta_fail_errno(LTA_ERR_RUN, errno, "--memory: the limit could not be set");
    return LTA_OK;
}

static lta_status set_common(void *target, const lta_option *o, const char *value)
{
    common *c = target;
    lta_run *run = &c->cli->run;
    uint64_t n;
    lta_status st = LTA_OK;
    if (strcmp(o->name, "device") == 0) {
        c->cli->device = value;
    } else if (strcmp(o->name, "threads") == 0) {
        LTA_TRY(lta_parse_u64(o->name, value, 1, 4096, &n));
        run->threads = (int)n;
    } else if (strcmp(o->name, "memory") == 0) {
        LTA_TRY(lta_parse_size(o->name, value, &run->memory_bytes));
    } else if (strcmp(o->name, "on-error") == 0) {
        if (strcmp(value, "skip") != 0 && strcmp(value, "fail") != 0)
            return lta_fail(LTA_ERR_USAGE, "--on-error %s: expected fail or skip", value);
        run->skip_bad_rows = strcmp(value, "skip") == 0;
    } else if (strcmp(o->name, "force") == 0) {
        run->force = true;
    } else if (strcmp(o->name, "quiet") == 0) {
        c->level = LTA_LOG_WARN;
    } else if (strcmp(o->name, "verbose") == 0) {
        c->level = LTA_LOG_DEBUG;
    } else if (strcmp(o->name, "log-json") == 0) {
        c->json = true;
    } else {
        c->help = true;
    }
done:
    return st;
}

bool lta_uses(const lta_command *command, const lta_option *option)
{
    static const struct {
        const char *name;
        unsigned bit;
    } some[] = {{"device", LTA_DEVICE},
                {"threads", LTA_THREADS},
                {"memory", LTA_MEMORY},
                {"force", LTA_FORCE},
                {"on-error", LTA_ON_ERROR}};
    for (size_t i = 0; command && i < sizeof some / sizeof *some; i++)
        if (strcmp(some[i].name, option->name) == 0)
            return (command->common & some[i].bit) != 0;
    return true;
}

const lta_option_group lta_common_group = {"Common options", common_options, set_common};

static const lta_option json_options[] = {
    {"json", 0, NULL, "one JSON object instead of text"},
    {0},
};

static lta_status set_json(void *target, const lta_option *option, const char *value)
{
    (void)option;
    (void)value;
    *(bool *)target = true;
    return LTA_OK;
}

const lta_option_group lta_json_group = {"Output", json_options, set_json};

typedef struct option_slot { /* what a parsed option belongs to */
    const lta_option_group *group;
    const lta_option *option;
    void *target;
} option_slot;

enum { MAX_OPTIONS = 96, FIRST_CODE = 1000 };

typedef struct option_table {
    option_slot slot[MAX_OPTIONS];
    struct option getopt[MAX_OPTIONS + 1];
    char letters[3 * MAX_OPTIONS + 2];
    int n;
    size_t n_letters;
} option_table;

static void add_group(option_table *t, const lta_option_group *g, void *target)
{
    for (const lta_option *o = g->options; o->name && t->n < MAX_OPTIONS; o++) {
        t->slot[t->n] = (option_slot){g, o, target};
        t->getopt[t->n] = (struct option){.name = o->name,
                                          .has_arg = o->argument ? required_argument : no_argument,
                                          .val = FIRST_CODE + t->n};
        if (o->letter) {
            t->letters[t->n_letters++] = o->letter;
            if (o->argument)
                t->letters[t->n_letters++] = ':';
        }
        t->n++;
    }
}

static const option_slot *slot_of(const option_table *t, int code)
{
    if (code >= FIRST_CODE)
        return &t->slot[code - FIRST_CODE];
    for (int i = 0; i < t->n; i++)
        if (t->slot[i].option->letter == code)
            return &t->slot[i];
    return NULL;
}

static lta_status fail_option(const lta_command *command, const option_table *t, const char *given)
{
    lta_suggestion s = {.word = given, .length = 0};
    if (strncmp(given, "--", 2) == 0)
        s = (lta_suggestion){.word = given + 2, .length = strcspn(given + 2, "=")};
    for (int i = 0; i < t->n; i++)
        lta_suggest(&s, t->slot[i].option->name);
    return lta_fail(LTA_ERR_USAGE, "unknown or incomplete option %s%s%s%s see `lta help %s`", given,
                    s.meant ? ", did you mean --" : "", s.meant ? s.meant : "", s.meant ? "?" : ";",
                    command->name);
}

lta_status lta_cli_parse(lta_cli *cli, int argc, char **argv, void *const *targets, int min_operands,
                         int max_operands)
{
    lta_status st = LTA_OK;
    common c = {.cli = cli, .level = LTA_LOG_INFO};
    option_table t = {.n_letters = 1};
    t.letters[0] = ':'; /* getopt stays silent, and tells a missing argument from an unknown option */
    cli->run = (lta_run){.log = &cli->log, .threads = omp_get_max_threads(), .signal = cli->run.signal};
    cli->device = "auto";
    memset(cli->given, 0, sizeof cli->given);
    lta_log_init(&cli->log, stderr, LTA_LOG_INFO, false);
    for (int i = 0; cli->command->groups && cli->command->groups[i]; i++) {
        assert(i < LTA_MOST_GROUPS);
        add_group(&t, cli->command->groups[i], targets[i]);
    }
    add_group(&t, &lta_common_group, &c);

    optind = 0; /* GNU: start over */
    opterr = 0;
    for (;;) {
        int code = getopt_long(argc, argv, t.letters, t.getopt, NULL);
        if (code == -1)
            break;
        if (code == ':')
            return lta_fail(LTA_ERR_USAGE, "an argument is missing after %s; see `lta help %s`",
                            argv[optind - 1], cli->command->name);
        if (code == '?')
            return fail_option(cli->command, &t, argv[optind - 1]);
        const option_slot *slot = slot_of(&t, code);
        LTA_TRY(slot->group->set(slot->target, slot->option, optarg));
        for (int i = 0; cli->command->groups && cli->command->groups[i]; i++)
            if (cli->command->groups[i] == slot->group)
                cli->given[i] = slot->option;
    }
    lta_log_init(&cli->log, stderr, c.level, c.json);
    if (c.help) {
        lta_print_help(cli->out, cli->command);
        cli->help_shown = true;
        return LTA_OK;
    }
    cli->operands = argv + optind;
    cli->n_operands = argc - optind;
    if (cli->n_operands < min_operands || (max_operands >= 0 && cli->n_operands > max_operands))
        return lta_fail(LTA_ERR_USAGE, "%s operands, expected %s; see `lta help %s`",
                        cli->n_operands < min_operands ? "missing" : "too many", cli->command->operands,
                        cli->command->name);
    if (cli->run.memory_bytes > 0) {
        LTA_TRY(limit_memory(&cli->run));
        lta_log_line(&cli->log, LTA_LOG_DEBUG, cli->command->name,
                     "at most %llu bytes of memory; scratch files lie in %s",
                     (unsigned long long)cli->run.memory_bytes, lta_scratch_folder());
    }
    omp_set_num_threads(cli->run.threads); /* readers of store files have no lta_run */
    st = lta_ops_get(cli->device, &cli->run.ops);
done:
    return st;
}

/* Text in a column that begins at indent, in a line of which `at` columns are taken. */
static void print_wrapped(FILE *out, int at, int indent, const char *text, size_t length)
{
    enum { WIDTH = 100 };
    const char *end = text + length;
    bool first = true;
    while (text < end) {
        int n = (int)strcspn(text, " \n");
        if (!first && at + 1 + n > WIDTH) {
            fprintf(out, "\n");
            at = 0;
            first = true;
        }
        at += first ? fprintf(out, "%*s%.*s", indent - at, "", n, text) : fprintf(out, " %.*s", n, text);
        first = false;
        text += n + (text[n] == ' ');
    }
    fprintf(out, "\n");
}

/* "  left    text", the text wrapped in a column of its own. */
static void print_entry(FILE *out, const char *left, const char *text)
{
    enum { INDENT = 31 };
    int at = fprintf(out, "  %s", left);
    if (at >= INDENT) {
        fprintf(out, "\n");
        at = 0;
    }
    print_wrapped(out, at, INDENT, text, strlen(text));
}

static void print_group(FILE *out, const lta_command *command, const lta_option_group *g)
{
    fprintf(out, "\n%s:\n", g->title);
    for (const lta_option *o = g->options; o->name; o++) {
        if (!lta_uses(command, o))
            continue;
        char left[64];
        int n = o->letter ? snprintf(left, sizeof left, "-%c, --%s", o->letter, o->name)
                          : snprintf(left, sizeof left, "    --%s", o->name);
        if (o->argument && n > 0 && (size_t)n < sizeof left)
            snprintf(left + n, sizeof left - (size_t)n, " %s", o->argument);
        print_entry(out, left, o->help);
    }
}

static void print_entries(FILE *out, const char *title, const lta_entry *e)
{
    if (e)
        fprintf(out, "\n%s:\n", title);
    for (; e && e->name; e++)
        print_entry(out, e->name, e->text);
}

void lta_print_help(FILE *out, const lta_command *command)
{
    fprintf(out, "lta %s - %s\n\nUsage: lta %s [options]%s%s\n", command->name, command->summary,
            command->name, command->operands[0] ? " " : "", command->operands);
    for (const char *p = command->description; p; p = *p ? p + 1 : NULL) {
        size_t n = strcspn(p, "\n");
        fprintf(out, "\n");
        print_wrapped(out, 0, 0, p, n);
        p += n;
    }
    for (int i = 0; command->groups && command->groups[i]; i++)
        print_group(out, command, command->groups[i]);
    print_group(out, command, &lta_common_group);
    print_entries(out, "Formats", command->formats);
    print_entries(out, "Files", command->files);
    if (command->see)
        fprintf(out, "\nSee also: %s\n", command->see);
    if (command->example)
        fprintf(out, "\nExample:\n%s", command->example);
}

static lta_status bad_value(const char *option, const char *text, const char *expected)
{
    return lta_fail(LTA_ERR_USAGE, "--%s %s: expected %s", option, text, expected);
}

lta_status lta_parse_u64(const char *option, const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    char expected[96], *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || v < min || v > max) {
        snprintf(expected, sizeof expected, "a whole number from %llu to %llu", (unsigned long long)min,
                 (unsigned long long)max);
        return bad_value(option, text, expected);
    }
    *out = v;
    return LTA_OK;
}

lta_status lta_parse_size(const char *option, const char *text, uint64_t *out)
{
    static const char expected[] = "a size such as 500M, 4G (powers of 1000) or 4Gi (of 1024)";
    static const char prefixes[] = "kMGT";
    char *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || errno != 0)
        return bad_value(option, text, expected);
    if (*end != '\0') {
        const char *p = strchr(prefixes, *end == 'K' ? 'k' : *end);
        bool binary = end[1] == 'i';
        const char *rest = end + (binary ? 2 : 1);
        if (!p || (rest[0] != '\0' && strcmp(rest, "B") != 0))
            return bad_value(option, text, expected);
        for (const char *q = prefixes; q <= p; q++)
            if (__builtin_mul_overflow(v, binary ? 1024ULL : 1000ULL, &v))
                return bad_value(option, text, expected);
    }
    *out = v;
    return LTA_OK;
}

lta_status lta_parse_f64(const char *option, const char *text, double min, double max, double *out)
{
    char expected[96], *end;
    errno = 0;
    double v = strtod(text, &end);
    if (end == text || *end != '\0' || errno != 0 || !(v >= min && v <= max)) {
        snprintf(expected, sizeof expected, "a number from %g to %g", min, max);
        return bad_value(option, text, expected);
    }
    *out = v;
    return LTA_OK;
}

lta_status lta_parse_u64_list(const char *option, const char *text, uint64_t min, uint64_t max,
                              uint64_t **out, uint64_t *n)
{
    lta_status st = LTA_OK;
    uint64_t *list = NULL, capacity = 0, count = 0;
    for (const char *p = text;; p++) {
        char item[32];
        size_t length = strcspn(p, ",");
        if (length == 0 || length >= sizeof item) {
            st = bad_value(option, text, "whole numbers with commas between, as in 1,16,256");
            goto done;
        }
        memcpy(item, p, length);
        item[length] = '\0';
        LTA_TRY(LTA_GROW(&list, &capacity, count + 1));
        LTA_TRY(lta_parse_u64(option, item, min, max, &list[count]));
        count++;
        p += length;
        if (*p == '\0')
            break;
    }
    lta_free(*out); /* an option given twice: the last one counts */
    *out = list;
    *n = count;
    list = NULL;
done:
    lta_free(list);
    return st;
}
