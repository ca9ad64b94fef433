/* pipeline/cli/cli.h - what every subcommand is given, and the option tables that feed parsing and help
 * alike. */
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
    const char *argument; /* name of its argument for help; NULL = none */
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

/* An entry of a list in the help. */
typedef struct lta_entry {
    const char *name; /* NULL ends a list */
    const char *text;
} lta_entry;

typedef struct lta_cli lta_cli;

typedef struct lta_command {
    const char *name;
    const char *operands;                  /* for the usage line, e.g. "STORE" */
    const char *summary;                   /* one line */
    const char *example;                   /* shown at the end of the help; lines ending in \n */
    const lta_entry *formats;              /* listed behind the options; NULL = none */
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
    bool differs;    /* lta diff found differences: exit code 1, no error */
    bool help_shown; /* --help was given and answered: the command returns LTA_OK at once */
};

/* Parses argv by the common options and command->groups; targets[i] receives what group i sets. Opens log and
 * device. Operand counts outside [min, max] (max -1: no limit) are LTA_ERR_USAGE. */
LTA_MUST_CHECK lta_status lta_cli_parse(lta_cli *cli, int argc, char **argv, void *const *targets,
                                        int min_operands, int max_operands);

void lta_print_help(FILE *out, const lta_command *command);

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
    lta_command_synth, lta_command_devices, lta_command_anonymize;

/* Option groups shared by a stage's subcommand and `lta run`; targets are the stages' options structs. */
extern const lta_option_group lta_sources_group; /* lta_import_options: how sources become one trace */
extern const lta_option_group lta_import_group;  /* lta_import_options,  pipeline/import/import.h */
extern const lta_entry lta_import_formats[];     /* of --format */
extern const lta_option_group lta_reuse_group;   /* lta_reuse_options,   pipeline/reuse/reuse.h */
extern const lta_option_group lta_curve_group;   /* lta_curve_options,   pipeline/curve/curve.h */
extern const lta_option_group lta_enrich_group;  /* lta_enrich_options,  pipeline/enrich/enrich.h */

#endif
