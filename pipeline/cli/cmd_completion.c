/* pipeline/cli/cmd_completion.c - lta completion: scripts for shells, from the tables of commands and
 * options.
 *
 * Each script knows the commands, the options of each, and for an argument the words or file names that
 * lta_values_of() finds in its text. */
#include "pipeline/cli/cli.h"

#include <string.h>

static void put_escaped(FILE *out, const char *text, const char *special)
{
    for (; *text; text++) {
        if (strchr(special, *text))
            fputc('\\', out);
        fputc(*text, out);
    }
}

/* The groups of a command's options, the common ones last; NULL after the last. */
static const lta_option_group *group_at(const lta_command *c, int i)
{
    for (int g = 0; c->groups && c->groups[g]; g++)
        if (i-- == 0)
            return c->groups[g];
    return i == 0 ? &lta_common_group : NULL;
}

static void put_command_names(FILE *out)
{
    const char *between = "";
    for (const lta_command *const *c = lta_commands; *c; c++, between = " ")
        fprintf(out, "%s%s", between, (*c)->name);
}

static void put_help_names(FILE *out)
{
    for (const lta_entry *e = lta_help_commands; e->name; e++)
        fprintf(out, " %s", e->name);
}

/* ---- bash ---- */

static const char bash_begin[] =
    "# bash completion of lta, made by `lta completion bash`\n"
    "\n"
    "_lta() {\n"
    "    local command=${COMP_WORDS[1]} cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    local options='' words='' list='' files='' ended='' word i\n"
    "    COMPREPLY=()\n"
    "    # readline cuts --option=value at the =\n"
    "    if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD - 2]}; fi\n"
    "    for ((i = 2; i < COMP_CWORD; i++)); do [[ ${COMP_WORDS[i]} == -- ]] && ended=1 prev=; done\n"
    "    ((COMP_CWORD > 1)) || command=\n"
    "    case $command in\n";

static const char bash_end[] =
    "    esac\n"
    "    if [[ $options && ! $ended && $cur == -* ]]; then\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\")\n"
    "        return\n"
    "    fi\n"
    "    if [[ $list ]]; then # the words that the list has not yet, behind what it has\n"
    "        [[ $cur == *,* ]] && list=${cur%,*}, || list=\n"
    "        for word in $words; do\n"
    "            [[ ,$list != *,$word,* && $list$word == \"$cur\"* ]] && COMPREPLY+=(\"$list$word\")\n"
    "        done\n"
    "        return\n"
    "    fi\n"
    "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
    "    if [[ $files ]]; then\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        [[ $files == stores ]] || compopt -o default 2>/dev/null\n"
    "        mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(\n"
    "            if [[ $files == stores ]]; then\n"
    "                compgen -d -- \"$cur\"\n"
    "                compgen -f -X '!*.h5' -- \"$cur\"\n"
    "            else\n"
    "                compgen -f -- \"$cur\"\n"
    "            fi\n"
    "        )\n"
    "    fi\n"
    "} &&\n"
    "    complete -F _lta lta\n";

static void bash_values(FILE *out, const lta_values *v)
{
    fprintf(out, "words='%s' list=%s files=%s", v->words, v->list ? "1" : "",
            v->stores  ? "stores"
            : v->files ? "1"
                       : "");
}

static void bash_command(FILE *out, const lta_command *c)
{
    lta_values v;
    const lta_option_group *g;
    lta_values_of(c, c->operands, &v);
    fprintf(out, "    %s)\n        ", c->name);
    bash_values(out, &v);
    fprintf(out, "\n        options='");
    for (int i = 0; (g = group_at(c, i)) != NULL; i++)
        for (const lta_option *o = g->options; o->name; o++) {
            if (!lta_uses(c, o))
                continue;
            if (o->letter)
                fprintf(out, "-%c ", o->letter);
            fprintf(out, "--%s ", o->name);
        }
    fprintf(out, "'\n        case $prev in\n");
    for (int i = 0; (g = group_at(c, i)) != NULL; i++)
        for (const lta_option *o = g->options; o->name; o++) {
            if (!o->argument || !lta_uses(c, o))
                continue;
            lta_values_of(c, o->argument, &v);
            fprintf(out, "        ");
            if (o->letter)
                fprintf(out, "-%c | ", o->letter);
            fprintf(out, "--%s) options= ", o->name);
            bash_values(out, &v);
            fprintf(out, " ;;\n");
        }
    fprintf(out, "        esac\n        ;;\n");
}

static void bash_script(FILE *out)
{
    fputs(bash_begin, out);
    fprintf(out, "    '') options='--help --version' words='");
    put_command_names(out);
    put_help_names(out);
    fprintf(out, "' ;;\n    help) words='");
    put_command_names(out);
    fprintf(out, "' ;;\n");
    for (const lta_command *const *c = lta_commands; *c; c++)
        bash_command(out, *c);
    fputs(bash_end, out);
}

/* ---- zsh ---- */

/* Text inside '...', where it is special to _arguments too. */
static void zsh_text(FILE *out, const char *text, const char *special)
{
    for (; *text; text++) {
        const char one[2] = {*text, '\0'};
        if (*text == '\'')
            fputs("'\\''", out);
        else
            put_escaped(out, one, special);
    }
}

/* ":message:action" */
static void zsh_values(FILE *out, const lta_command *c, const char *argument)
{
    lta_values v;
    lta_values_of(c, argument, &v);
    fputc(':', out);
    zsh_text(out, argument, ":\\");
    if (v.list)
        fprintf(out, ": _values -s , value %s", v.words);
    else if (v.files && v.words[0])
        fprintf(out, ": _alternative \"words\\:word\\:(%s)\" \"files\\:file\\:_files\"", v.words);
    else if (v.stores)
        fputs(":_files -g \"*.h5\"", out); /* folders come by themselves */
    else if (v.files)
        fputs(":_files", out);
    else
        fprintf(out, ":(%s)", v.words);
}

static void zsh_option(FILE *out, const lta_command *c, const lta_option *o)
{
    const char *joined = o->argument ? "=" : "";
    if (o->letter)
        fprintf(out, " \\\n            '(-%c --%s)'{-%c%s,--%s%s}'[", o->letter, o->name, o->letter,
                o->argument ? "+" : "", o->name, joined);
    else
        fprintf(out, " \\\n            '--%s%s[", o->name, joined);
    zsh_text(out, o->help, "[]\\");
    fputc(']', out);
    if (o->argument)
        zsh_values(out, c, o->argument);
    fputc('\'', out);
}

static void zsh_script(FILE *out)
{
    fputs("#compdef lta\n# zsh completion of lta, made by `lta completion zsh`\n\n_lta() {\n"
          "    local -a commands\n    local command=$words[2]\n    commands=(\n",
          out);
    for (const lta_command *const *c = lta_commands; *c; c++) {
        fprintf(out, "        '%s:", (*c)->name);
        zsh_text(out, (*c)->summary, "\\");
        fputs("'\n", out);
    }
    for (const lta_entry *e = lta_help_commands; e->name; e++) {
        fprintf(out, "        '%s:", e->name);
        zsh_text(out, e->text, "\\");
        fputs("'\n", out);
    }
    fputs("    )\n    if ((CURRENT == 2)); then\n        _describe -t commands command commands\n        "
          "return\n"
          "    fi\n    shift words\n    ((CURRENT--))\n    case $command in\n"
          "    help) _describe -t commands command commands ;;\n",
          out);
    for (const lta_command *const *c = lta_commands; *c; c++) {
        const lta_option_group *g;
        fprintf(out, "    %s)\n        _arguments -s -S", (*c)->name);
        for (int i = 0; (g = group_at(*c, i)) != NULL; i++)
            for (const lta_option *o = g->options; o->name; o++)
                if (lta_uses(*c, o))
                    zsh_option(out, *c, o);
        if ((*c)->operands[0]) {
            fputs(" \\\n            '*", out);
            zsh_values(out, *c, (*c)->operands);
            fputc('\'', out);
        }
        fputs("\n        ;;\n", out);
    }
    /* the file is the function when zsh loads it from its path, and defines it when it is read by hand */
    fputs("    esac\n}\n\nif [ \"$funcstack[1]\" = _lta ]; then\n    _lta \"$@\"\nelse\n    compdef _lta "
          "lta\nfi\n",
          out);
}

/* ---- fish ---- */

static void fish_values(FILE *out, const lta_command *c, const char *argument)
{
    lta_values v;
    lta_values_of(c, argument, &v);
    fputs(v.files ? " -r -F" : " -x", out);
    if (v.list)
        fprintf(out, " -a '(__fish_append , %s)'", v.words);
    else if (v.words[0])
        fprintf(out, " -a '%s'", v.words);
}

static void fish_option(FILE *out, const lta_command *c, const char *condition, const lta_option *o)
{
    fprintf(out, "complete -c lta -n '%s' -l %s", condition, o->name);
    if (o->letter)
        fprintf(out, " -s %c", o->letter);
    if (o->argument)
        fish_values(out, c, o->argument);
    fputs(" -d '", out);
    put_escaped(out, o->help, "'\\");
    fputs("'\n", out);
}

static void fish_entry(FILE *out, const char *name, const char *text)
{
    fprintf(out, "complete -c lta -n __fish_use_subcommand -a %s -d '", name);
    put_escaped(out, text, "'\\");
    fputs("'\n", out);
}

static void fish_script(FILE *out)
{
    fputs("# fish completion of lta, made by `lta completion fish`\ncomplete -c lta -f\n", out);
    for (const lta_command *const *c = lta_commands; *c; c++)
        fish_entry(out, (*c)->name, (*c)->summary);
    for (const lta_entry *e = lta_help_commands; e->name; e++)
        fish_entry(out, e->name, e->text);
    fputs("complete -c lta -n '__fish_seen_subcommand_from help' -a '", out);
    put_command_names(out);
    fputs("'\n", out);
    for (const lta_command *const *c = lta_commands; *c; c++) {
        char condition[96];
        lta_values v;
        const lta_option_group *g;
        snprintf(condition, sizeof condition, "__fish_seen_subcommand_from %s", (*c)->name);
        for (int i = 0; (g = group_at(*c, i)) != NULL; i++)
            for (const lta_option *o = g->options; o->name; o++)
                if (lta_uses(*c, o))
                    fish_option(out, *c, condition, o);
        lta_values_of(*c, (*c)->operands, &v);
        if (v.files)
            fprintf(out, "complete -c lta -n '%s' -F\n", condition);
        if (v.words[0])
            fprintf(out, "complete -c lta -n '%s' -a '%s'\n", condition, v.words);
    }
}

static lta_status run(lta_cli *cli, int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*write)(FILE *out);
    } shells[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};
    lta_status st = LTA_OK;
    LTA_TRY(lta_cli_parse(cli, argc, argv, NULL, 1, 1));
    if (cli->help_shown)
        goto done;
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
        if (strcmp(shells[i].name, cli->operands[0]) == 0) {
            shells[i].write(cli->out);
            goto done;
        }
    st = lta_fail(LTA_ERR_USAGE, "%s: expected bash, zsh or fish", cli->operands[0]);
done:
    return st;
}

const lta_command lta_command_completion = {
    .name = "completion",
    .operands = "bash|zsh|fish",
    .summary = "completion of commands, options and values for a shell",
    .description =
        "Prints a script for the shell named. bash reads it from ~/.bashrc or from "
        "share/bash-completion/completions, zsh from a file _lta in a folder of its fpath, fish from "
        "~/.config/fish/completions. An installed lta has the first two in their places.",
    .example = "  source <(lta completion bash)\n"
               "  lta completion zsh >~/.zfunc/_lta\n"
               "  lta completion fish >~/.config/fish/completions/lta.fish\n",
    .see = "man",
    .run = run,
};
