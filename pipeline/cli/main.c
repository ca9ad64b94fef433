/* pipeline/cli/main.c - dispatch by the table of subcommands, signals and exit codes. */
#include "pipeline/cli/cli.h"
#include "pipeline/parquet/parquet_arrow.h"
#include "pipeline/store/store.h"
#include "pipeline/tokenizer/sentencepiece.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* the one global: a signal handler has no other way to say that it was called */
static volatile sig_atomic_t caught_signal;

static void on_signal(int number)
{
    caught_signal = number;
}

/* A mapped source file was cut while it was read: there is no way back into the code that reads it. */
static void on_bus_error(int number)
{
    static const char text[] = "lta: error: an input file became shorter while it was read\n";
    (void)number;
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    (void)written;
    _exit(3);
}

static void catch_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGUSR1};
    struct sigaction a = {.sa_handler = on_signal,
                          .sa_flags = (int)SA_RESETHAND}; /* a second one ends us at once */
    sigemptyset(&a.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &a, NULL);
    /* past a limit on file sizes, writing fails with EFBIG and says so, instead of ending us */
    a.sa_handler = SIG_IGN;
    sigaction(SIGXFSZ, &a, NULL);
    a.sa_handler = on_bus_error;
    sigaction(SIGBUS, &a, NULL);
}

static void print_entries(FILE *out, const lta_entry *e)
{
    for (; e->name; e++)
        fprintf(out, "  %-10s %s\n", e->name, e->text);
}

static void print_usage(FILE *out)
{
    fprintf(out, "lta - %s\n\nUsage: lta COMMAND [options] [operands]\n\nCommands:\n", lta_summary);
    for (const lta_command *const *c = lta_commands; *c; c++)
        fprintf(out, "  %-10s %s\n", (*c)->name, (*c)->summary);
    print_entries(out, lta_help_commands);
    fputs("\nExit codes:\n", out);
    print_entries(out, lta_exit_codes);
    fputs(
        "\n`lta help COMMAND` shows a command's options and an example. `lta --version` shows the version.\n",
        out);
}

static int unknown_command(const char *name)
{
    const char *meant = lta_suggest_command(name);
    fprintf(stderr, "lta: error: unknown command %s%s%s%s see `lta help`\n", name,
            meant ? ", did you mean " : "", meant ? meant : "", meant ? "?" : ";");
    return 2;
}

static int help(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stdout);
        return 0;
    }
    const lta_command *c = lta_find_command(argv[1]);
    if (!c)
        return unknown_command(argv[1]);
    lta_print_help(stdout, c);
    return 0;
}

static int run_command(const lta_command *command, int argc, char **argv)
{
    lta_cli cli = {.command = command, .out = stdout, .run = {.signal = &caught_signal}};
    lta_status st = command->run(&cli, argc, argv);
    if (st == LTA_OK && fflush(stdout) != 0)
        st = lta_fail_errno(LTA_ERR_RUN, errno, "standard output could not be written");
    if (st != LTA_OK) {
        lta_progress_end(&cli.log);
        lta_log_line(&cli.log, LTA_LOG_ERROR, command->name, "%s", lta_error_detail());
    }
    if (st == LTA_OK && cli.differs)
        return 1;
    return st == LTA_ERR_STOPPED && caught_signal == SIGINT ? 130 : lta_status_exit_code(st);
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "C");
    if (argc < 2) {
        print_usage(stderr);
        return 2;
    }
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0) {
        const char *arrow = lta_arrow_version(), *sentencepiece = lta_sentencepiece_version();
        printf("lta %s (schema %d.%d)\nParquet: %s\nSentencePiece: %s\n", LTA_VERSION, LTA_SCHEMA_MAJOR,
               LTA_SCHEMA_MINOR, arrow ? arrow : "not in this build",
               sentencepiece ? sentencepiece : "not in this build");
        return 0;
    }
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return help(argc - 1, argv + 1);
    const lta_command *c = lta_find_command(name);
    if (!c)
        return unknown_command(name);
    catch_signals();
    return run_command(c, argc - 1, argv + 1);
}
