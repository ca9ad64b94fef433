/* pipeline/cli/commands.c - the table of subcommands, and what is said of the program as a whole: for
 * dispatch, help, manual pages and completion. */
#include "pipeline/cli/cli.h"

#include <string.h>

const lta_command *const lta_commands[] = {
    &lta_command_run,     &lta_command_import, &lta_command_merge,      &lta_command_anonymize,
    &lta_command_trie,    &lta_command_reuse,  &lta_command_curve,      &lta_command_enrich,
    &lta_command_split,   &lta_command_map,    &lta_command_reduce,     &lta_command_finish,
    &lta_command_table,   &lta_command_report, &lta_command_export,     &lta_command_info,
    &lta_command_verify,  &lta_command_diff,   &lta_command_release,    &lta_command_synth,
    &lta_command_devices, &lta_command_man,    &lta_command_completion, NULL,
};

const lta_command *lta_find_command(const char *name)
{
    for (const lta_command *const *c = lta_commands; *c; c++)
        if (strcmp((*c)->name, name) == 0)
            return *c;
    return NULL;
}

const char lta_summary[] = "exact prefix-cache analysis of traces of large-language-model serving";

const char lta_description[] =
    "Loads published traces of large-language-model serving into HDF5, builds the prefix trie of all "
    "requests, "
    "computes the exact reuse distance of every cached position and the exact hit curve for every capacity, "
    "block size and sharing scope, and writes fields of every request and summary tables. Results are exact "
    "integers, the same for any number of threads.\n"
    "A store is a folder with one file a stage. `lta run` makes all of them; each stage has a command of its "
    "own. A file is written beside its name and renamed when it is complete, so a run that is stopped leaves "
    "the old file or the new one.\n"
    "Results go to standard output, everything else to standard error.";

const lta_entry lta_help_commands[] = {
    {"help", "this list, or with the name of a command its options and an example"},
    {"version", "the version, and the libraries of this build"},
    {0},
};

const lta_entry lta_exit_codes[] = {
    {"0", "done"},
    {"1", "failed while running; `lta diff`: differences found"},
    {"2", "wrong usage, or an option that this trace cannot serve"},
    {"3", "bad input: absent, unreadable, malformed, damaged, or of a newer schema"},
    {"4", "not enough memory, disk space, quota, or no such device"},
    {"5", "stopped by SIGTERM or SIGUSR1; nothing is lost, run the same command again"},
    {"130", "the same by SIGINT"},
    {0},
};

const lta_entry lta_environment[] = {
    {"OMP_NUM_THREADS", "threads to use, where `--threads` does not say"},
    {"TMPDIR", "folder of the scratch files of `--memory` (default /var/tmp)"},
    {"SOURCE_DATE_EPOCH",
     "seconds since 1970: the day that manual pages and releases bear, which have none without it"},
    {0},
};

const lta_entry lta_store_files[] = {
    {"STORE/trace.h5", "`lta import`, `lta merge`: the trace"},
    {"STORE/trie.h5", "`lta trie`: the prefix trie"},
    {"STORE/reuse.h5", "`lta reuse`: runs and reuse distances"},
    {"STORE/curve.h5", "`lta curve`: hit curves"},
    {"STORE/enriched.h5", "`lta enrich`: requests with their fields, and the tables"},
    {"STORE/tables", "`lta table`: the tables as CSV"},
    {0},
};
