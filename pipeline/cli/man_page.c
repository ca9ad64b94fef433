/* pipeline/cli/man_page.c - manual pages in roff, from the tables that the help is printed from.
 *
 * Escapes: a backslash is \e, a hyphen \- (so that options can be copied from the page and searched for), and
 * the marks that roff sets as typographic ones (' ` ^ ~) have names; \& keeps a dot or a quote at the
 * beginning of a line from being a request. */
#include "pipeline/cli/cli.h"

#include <ctype.h>
#include <string.h>

static void put_char(FILE *out, char c)
{
    static const struct {
        char c;
        const char *escape;
    } escapes[] = {{'\\', "\\e"},  {'-', "\\-"},   {'\'', "\\(aq"},
                   {'`', "\\(ga"}, {'^', "\\(ha"}, {'~', "\\(ti"}};
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++)
        if (escapes[i].c == c) {
            fputs(escapes[i].escape, out);
            return;
        }
    fputc(c, out);
}

static void put_bytes(FILE *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_char(out, text[i]);
}

static void put_upper(FILE *out, const char *text)
{
    for (; *text; text++)
        put_char(out, (char)toupper((unsigned char)*text));
}

/* Bytes of a word in the page, about: so that lines of the source stay short. */
static size_t source_width(const char *word, size_t n)
{
    size_t width = n;
    for (size_t i = 0; i < n; i++)
        width += word[i] == '-' ? 1 : (word[i] == '`' || word[i] == '\'') ? 3 : 0;
    return width;
}

/* Running text, filled by roff, up to the end of a paragraph; what stands between backquotes is bold. `at`
 * bytes of the line are taken.
 *
 * roff takes a dot at the end of a line for the end of a sentence, so a line ends at each, and only there. */
static void put_text(FILE *out, size_t at, const char *text)
{
    enum { WIDTH = 79 };
    bool bold = false, dot = false; /* dot: the word before ends in one */
    while (*text && *text != '\n') {
        size_t n = strcspn(text, " \n"), width = source_width(text, n);
        if (at > 0 && (dot ? isupper((unsigned char)*text) != 0 : at + 1 + width > WIDTH)) {
            fputc('\n', out);
            at = 0;
        } else if (at > 0) {
            fputc(' ', out);
            at++;
        }
        if (at == 0 && (*text == '.' || *text == '\''))
            fputs("\\&", out);
        for (size_t i = 0; i < n; i++) {
            if (text[i] == '`') {
                bold = !bold;
                fputs(bold ? "\\fB" : "\\fR", out);
            } else {
                put_char(out, text[i]);
            }
        }
        at += width;
        dot = text[n - 1] == '.';
        text += n + (text[n] == ' ');
    }
    fputs(bold ? "\\fR\n" : "\n", out);
}

/* The name of an argument, or an operand: what is to be typed as it is in bold, what stands for something
 * else in italics, what is neither in roman. */
static void put_argument(FILE *out, const char *text)
{
    static const char marks[] = "|,[]. ";
    while (*text) {
        size_t n = strcspn(text, marks);
        bool capitals = false;
        if (n > 0 && text[n] == '.' && isalnum((unsigned char)text[n + 1])) /* FILE.h5 */
            n += 1 + strcspn(text + n + 1, marks);
        for (size_t i = 0; i < n; i++)
            capitals = capitals || isupper((unsigned char)text[i]);
        if (n > 0) {
            fputs(capitals ? "\\fI" : "\\fB", out);
            put_bytes(out, text, n);
            fputs("\\fR", out);
        }
        text += n;
        if (*text)
            put_char(out, *text++);
    }
}

static void put_section(FILE *out, const char *title)
{
    fprintf(out, ".SH %s\n", title);
}

static void put_paragraphs(FILE *out, const char *text)
{
    for (const char *p = text;; p++) {
        if (p != text)
            fputs(".PP\n", out);
        put_text(out, 0, p);
        p += strcspn(p, "\n");
        if (!*p)
            return;
    }
}

static void put_entries(FILE *out, const lta_entry *e, bool is_file)
{
    for (; e->name; e++) {
        fputs(is_file ? ".TP\n\\fI" : ".TP\n\\fB", out);
        put_bytes(out, e->name, strlen(e->name));
        fputs("\\fR\n", out);
        put_text(out, 0, e->text);
    }
}

static void put_group(FILE *out, const lta_command *command, const lta_option_group *g)
{
    fprintf(out, ".SS \"%s\"\n", g->title);
    for (const lta_option *o = g->options; o->name; o++) {
        if (!lta_uses(command, o))
            continue;
        fputs(".TP\n", out);
        if (o->letter)
            fprintf(out, "\\fB\\-%c\\fR, ", o->letter);
        fputs("\\fB\\-\\-", out);
        put_bytes(out, o->name, strlen(o->name));
        fputs("\\fR", out);
        if (o->argument) {
            fputc(' ', out);
            put_argument(out, o->argument);
        }
        fputc('\n', out);
        put_text(out, 0, o->help);
    }
}

static void put_example(FILE *out, const char *example)
{
    fputs(".EX\n", out);
    while (*example) {
        size_t n = strcspn(example, "\n");
        size_t margin = strspn(example, " ") < 2 ? strspn(example, " ") : 2;
        if (example[margin] == '.')
            fputs("\\&", out);
        put_bytes(out, example + margin, n - margin);
        fputc('\n', out);
        example += n + (example[n] == '\n');
    }
    fputs(".EE\n", out);
}

/* "lta(1)" or "lta-NAME(1)", with what comes behind it. */
static void put_reference(FILE *out, const char *name, size_t length, const char *after)
{
    fputs(".BR lta", out);
    if (length > 0)
        fputs("\\-", out);
    put_bytes(out, name, length);
    fprintf(out, " (1)%s\n", after);
}

static void put_title(FILE *out, const lta_command *command, const char *date)
{
    fputs(".\\\" made by `lta man` from the tables of the program\n.TH LTA", out);
    if (command) {
        fputs("\\-", out);
        put_upper(out, command->name);
    }
    fprintf(out, " 1 \"%s\" \"lta %s\" \"LLM Trace Archive\"\n", date, LTA_VERSION);
    put_section(out, "NAME");
    fputs(command ? "lta\\-" : "lta", out);
    if (command)
        put_bytes(out, command->name, strlen(command->name));
    fputs(" \\-", out); /* put_text() begins with a space */
    put_text(out, 20, command ? command->summary : lta_summary);
    put_section(out, "SYNOPSIS");
}

static void put_program(FILE *out)
{
    fputs("\\fBlta\\fR \\fICOMMAND\\fR [\\fIoptions\\fR] [\\fIoperands\\fR]\n", out);
    put_section(out, "DESCRIPTION");
    put_paragraphs(out, lta_description);
    put_section(out, "COMMANDS");
    for (const lta_command *const *c = lta_commands; *c; c++) {
        fputs(".TP\n", out);
        put_reference(out, (*c)->name, strlen((*c)->name), "");
        put_text(out, 0, (*c)->summary);
    }
    put_entries(out, lta_help_commands, false);
    put_section(out, "OPTIONS");
    put_group(out, NULL, &lta_common_group);
}

static void put_command(FILE *out, const lta_command *c)
{
    fputs("\\fBlta ", out);
    put_bytes(out, c->name, strlen(c->name));
    fputs("\\fR [\\fIoptions\\fR]", out);
    fputs(c->operands[0] ? " " : "", out);
    put_argument(out, c->operands);
    fputc('\n', out);
    put_section(out, "DESCRIPTION");
    put_paragraphs(out, c->description);
    put_section(out, "OPTIONS");
    for (int i = 0; c->groups && c->groups[i]; i++)
        put_group(out, c, c->groups[i]);
    put_group(out, c, &lta_common_group);
    if (c->formats) {
        put_section(out, "FORMATS");
        put_entries(out, c->formats, false);
    }
}

static void put_references(FILE *out, const lta_command *command)
{
    put_section(out, "SEE ALSO");
    if (!command) {
        for (const lta_command *const *c = lta_commands; *c; c++)
            put_reference(out, (*c)->name, strlen((*c)->name), c[1] ? "," : "");
        return;
    }
    put_reference(out, "", 0, command->see ? "," : "");
    for (const char *p = command->see; p && *p;) {
        size_t n = strcspn(p, " ");
        put_reference(out, p, n, p[n] ? "," : "");
        p += n + (p[n] == ' ');
    }
}

void lta_print_manual(FILE *out, const lta_command *command, const char *date)
{
    const lta_entry *files = command ? command->files : lta_store_files;
    put_title(out, command, date);
    if (command)
        put_command(out, command);
    else
        put_program(out);
    put_section(out, "EXIT STATUS");
    put_entries(out, lta_exit_codes, false);
    put_section(out, "ENVIRONMENT");
    put_entries(out, lta_environment, false);
    if (files) {
        put_section(out, "FILES");
        put_entries(out, files, true);
    }
    if (command && command->example) {
        put_section(out, "EXAMPLES");
        put_example(out, command->example);
    }
    put_references(out, command);
}
