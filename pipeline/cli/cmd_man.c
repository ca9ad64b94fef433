/* pipeline/cli/cmd_man.c - lta man: the manual pages, of which man_page.c writes one. */
#include "pipeline/cli/cli.h"
#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/core/source_date.h"

static const lta_option options[] = {
    {"output", 'o', "DIR",
     "write the pages of the program and of every command to this folder, made if absent"},
    {0},
};

static lta_status set(void *target, const lta_option *option, const char *value)
{
    (void)option;
    *(const char **)target = value;
    return LTA_OK;
}

static const lta_option_group output_group = {"Output", options, set};
static const lta_option_group *const groups[] = {&output_group, NULL};

static lta_status write_page(const char *dir, const lta_command *command, const char *date)
{
    char name[64];
    char *path = NULL;
    lta_text_file file = {0};
    lta_status st = LTA_OK;
    snprintf(name, sizeof name, "lta%s%s.1", command ? "-" : "", command ? command->name : "");
    LTA_TRY(lta_join_path(dir, name, &path));
    LTA_TRY(lta_text_create(path, &file));
    lta_print_manual(file.stream, command, date);
    LTA_TRY(lta_text_commit(&file));
done:
    lta_text_close(&file);
    lta_free(path);
    return st;
}

static lta_status run(lta_cli *cli, int argc, char **argv)
{
    const char *dir = NULL;
    void *targets[] = {&dir};
    const lta_command *command = NULL;
    char date[LTA_DATE_TEXT];
    lta_status st = LTA_OK;
    LTA_TRY(lta_cli_parse(cli, argc, argv, targets, 0, 1));
    if (cli->help_shown)
        goto done;
    LTA_TRY(lta_source_date(date));
    if (cli->n_operands > 0) {
        if (dir)
            LTA_TRY(lta_fail(LTA_ERR_USAGE, "-o writes every page; expected no name of a command beside it"));
        command = lta_find_command(cli->operands[0]);
        if (!command)
            LTA_TRY(lta_fail(LTA_ERR_USAGE, "unknown command %s; see `lta help`", cli->operands[0]));
    }
    if (!dir) {
        lta_print_manual(cli->out, command, date);
        goto done;
    }
    LTA_TRY(lta_make_folders(dir));
    LTA_TRY(write_page(dir, NULL, date));
    for (const lta_command *const *c = lta_commands; *c; c++)
        LTA_TRY(write_page(dir, *c, date));
done:
    return st;
}

const lta_command lta_command_man = {
    .name = "man",
    .operands = "[COMMAND]",
    .summary = "manual pages in roff, made from the same tables as the help",
    .description =
        "Prints the manual page of a command, or of the program where none is named; with -o, writes all "
        "of them. They bear the day of SOURCE_DATE_EPOCH, or none: the same build gives the same bytes.",
    .example = "  lta man curve | man -l -\n  lta man -o ~/.local/share/man/man1\n",
    .groups = groups,
    .see = "completion",
    .run = run,
};
