/* pipeline/cli/cli.h - what every subcommand is given, and the tables that feed parsing, help, manual pages
 * and completion alike. */
#ifndef LTA_CLI_CLI_H
#define LTA_CLI_CLI_H

#include "pipeline/core/run.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define LTA_VERSION "0.1.0"

typedef struct lta_option {
    const char *name;     /* long option without dashes; NULL ends a table */
    char letter;          /* short option, or 0 */
    const char *argument; /* its argument for help and completion, see lta_values_of(); NULL = none */
    const char *help;
} lta_option;

/* Options that belong together, and how they are stored: one group is used by its own subcommand and by `lta
 * run`. value is NULL for options without an argument. A bad value is LTA_ERR_USAGE naming option and
 * expectation. */
typedef struct lta_option_group {
    const char *title;
    const lta_option *options;
    lta_status (*set)(void *target, const lta_option *option, const char *value);
} lta_option_group;

/* An entry of a list in the help. `words` between backquotes are literal in every text of the tables. */
typedef struct lta_entry {
    const char *name; /* NULL ends a list */
    const char *text;
} lta_entry;

/* Common options that not every command has a use for. */
enum {
    LTA_DEVICE = 1,
    LTA_THREADS = 2,
    LTA_MEMORY = 4,
    LTA_FORCE = 8,
    LTA_ON_ERROR = 16,
    LTA_STAGE = LTA_DEVICE | LTA_THREADS | LTA_MEMORY | LTA_FORCE /* a stage has these, whatever it computes:
                                                                     jobs pass them on */
};

#define LTA_MOST_GROUPS 8 /* of a command */

typedef struct lta_cli lta_cli;

typedef struct lta_command {
    const char *name;
    const char *operands;     /* for the usage line, e.g. "STORE"; "" = none */
    const char *summary;      /* one line */
    const char *description;  /* what to know before using it; \n between paragraphs */
    const char *example;      /* shown at the end of the help; lines ending in \n */
    const lta_entry *formats; /* values of --format, behind the options; NULL = none */
    const lta_entry *files;   /* read or written; NULL = those that are named as operands */
    unsigned common;          /* LTA_DEVICE and so on: those of the common options that it has a use for */
    const char *see;          /* related commands, with spaces between; NULL = none */
    const lta_option_group *const *groups; /* NULL-terminated; the common options come by themselves */
    lta_status (*run)(lta_cli *cli, int argc, char **argv); /* argv[0] is the subcommand */
} lta_command;

struct lta_cli {
    const lta_command *command;
    lta_run run; /* filled by lta_cli_parse() */
    lta_log log;
    const char *device;
    FILE *out; /* results */
    int n_operands;
    char **operands; /* borrowed from argv */
    const lta_option
        *given[LTA_MOST_GROUPS]; /* the last one given of each of the command's groups; NULL: none */
    bool differs;                /* lta diff found differences: exit code 1, no error */
    bool help_shown;             /* --help was given and answered: the command returns LTA_OK at once */
};

/* Parses argv by the common options and command->groups; targets[i] receives what group i sets. Opens log and
 * device. Operand counts outside [min, max] (max -1: no limit) are LTA_ERR_USAGE. */
LTA_MUST_CHECK lta_status lta_cli_parse(lta_cli *cli, int argc, char **argv, void *const *targets,
                                        int min_operands, int max_operands);

void lta_print_help(FILE *out, const lta_command *command);
/* The page of a command, of the program where that is NULL, in roff. date: YYYY-MM-DD, or "" for none. */
void lta_print_manual(FILE *out, const lta_command *command, const char *date);

extern const lta_option_group
    lta_common_group; /* every command takes them, whether it has a use for them or not */
/* Has the command a use for the option, of one of its groups or of the common one? Help, manual and
 * completion show no other. command NULL: the program as a whole, which has one for all. */
bool lta_uses(const lta_command *command, const lta_option *option);
extern const lta_option_group lta_json_group; /* --json; its target is a bool */

/* ---- commands.c: the program as a whole ---- */

extern const lta_command *const lta_commands[];        /* in the order of the help; ends with NULL */
const lta_command *lta_find_command(const char *name); /* NULL: there is none */
extern const char lta_summary[], lta_description[];    /* as of a command */
extern const lta_entry lta_help_commands[];            /* answered by main() itself: help, version */
extern const lta_entry lta_exit_codes[], lta_environment[], lta_store_files[];

/* ---- suggest.c: what a mistyped word may be meant to be ---- */

typedef struct lta_suggestion {
    const char *word; /* mistyped, length bytes */
    size_t length;
    const char *meant; /* NULL = nothing is near */
    unsigned distance;
} lta_suggestion;
/* Notes the candidate where it is nearer than those before it. */
void lta_suggest(lta_suggestion *s, const char *candidate);
const char *lta_suggest_command(const char *word); /* NULL: none is near */

/* ---- values.c: what an option or a command may be given, from its text in the tables ---- */

/* Words between | are alternatives, words between commas the elements of a list. Those in small letters stand
 * for themselves; FMT for the command's formats, MODEL for the built-in models, COMMAND for the commands;
 * FILE, DIR, STORE and the like for names of files; any other word in capitals for what cannot be foreseen.
 */
typedef struct lta_values {
    char words[1024]; /* with spaces between */
    bool list;        /* several of the words, with commas between */
    bool files;       /* names of files, as well as the words */
    bool stores;      /* of which only folders and *.h5 */
} lta_values;
void lta_values_of(const lta_command *command, const char *argument, lta_values *out);

/* Values of options. Sizes accept k, M, G, T (powers of 1000) and Ki, Mi, Gi, Ti (of 1024). */
LTA_MUST_CHECK lta_status lta_parse_u64(const char *option, const char *text, uint64_t min, uint64_t max,
                                        uint64_t *out);
LTA_MUST_CHECK lta_status lta_parse_size(const char *option, const char *text, uint64_t *out);
LTA_MUST_CHECK lta_status lta_parse_f64(const char *option, const char *text, double min, double max,
                                        double *out);
/* "1,16,256": new array, at least one element, order kept. */
LTA_MUST_CHECK lta_status lta_parse_u64_list(const char *option, const char *text, uint64_t min, uint64_t max,
                                             uint64_t **out, uint64_t *n);

/* The subcommands, each in its own cmd_<name>.c */
extern const lta_command lta_command_import, lta_command_merge, lta_command_trie, lta_command_reuse,
    lta_command_curve, lta_command_enrich, lta_command_table, lta_command_run, lta_command_info,
    lta_command_report, lta_command_verify, lta_command_diff, lta_command_export, lta_command_release,
    lta_command_synth, lta_command_devices, lta_command_man, lta_command_completion, lta_command_anonymize,
    lta_command_split, lta_command_map, lta_command_reduce, lta_command_finish;

/* Option groups shared by a stage's subcommand and `lta run`; targets are the stages' options structs. */
extern const lta_option_group lta_sources_group; /* lta_import_options: how sources become one trace */
extern const lta_option_group lta_import_group;  /* lta_import_options,  pipeline/import/import.h */
extern const lta_entry lta_import_formats[];     /* of --format */
extern const lta_option_group lta_reuse_group;   /* lta_reuse_options,   pipeline/reuse/reuse.h */
extern const lta_option_group lta_curve_group;   /* lta_curve_options,   pipeline/curve/curve.h */
extern const lta_option_group lta_enrich_group;  /* lta_enrich_options,  pipeline/enrich/enrich.h */

#endif
