/* pipeline/cli/values.c - what an option's argument may be, from the text that the help shows for it. */
#include "pipeline/cli/cli.h"
#include "pipeline/enrich/model.h"

#include <ctype.h>
#include <string.h>

static void add_word(lta_values *v, const char *word, size_t length)
{
    size_t used = strlen(v->words);
    if (used + length + 2 <= sizeof v->words)
        snprintf(v->words + used, sizeof v->words - used, "%s%.*s", used ? " " : "", (int)length, word);
}

static bool is_in(const char *word, size_t length, const char *const *list)
{
    for (; *list; list++)
        if (strlen(*list) == length && memcmp(*list, word, length) == 0)
            return true;
    return false;
}

static bool has_capitals(const char *word, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (isupper((unsigned char)word[i]))
            return true;
    return false;
}

static void add_values(const lta_command *command, const char *word, size_t length, lta_values *v)
{
    static const char *const files[] = {"FILE", "DIR", "OUT", "CONFIG", NULL};
    static const char *const stores[] = {"STORE", "RELEASE", "OLD", "NEW", "FILE.h5", NULL};
    static const char *const formats[] = {"FMT", NULL}, *const models[] = {"MODEL", NULL},
                             *const commands[] = {"COMMAND", NULL};
    if (!has_capitals(word, length)) {
        add_word(v, word, length);
    } else if (is_in(word, length, files)) {
        v->files = true;
        v->stores = false;
    } else if (is_in(word, length, stores)) {
        v->stores = v->stores || !v->files;
        v->files = true;
    } else if (is_in(word, length, formats)) {
        for (const lta_entry *e = command->formats; e && e->name; e++)
            add_word(v, e->name, strlen(e->name));
    } else if (is_in(word, length, models)) {
        for (const lta_model *m = lta_models; m->name; m++)
            add_word(v, m->name, strlen(m->name));
    } else if (is_in(word, length, commands)) {
        for (const lta_command *const *c = lta_commands; *c; c++)
            add_word(v, (*c)->name, strlen((*c)->name));
    }
}

void lta_values_of(const lta_command *command, const char *argument, lta_values *out)
{
    *out = (lta_values){.list = strchr(argument, ',') != NULL};
    for (const char *p = argument; *p;) {
        size_t n = strcspn(p, "|, []"), word = n;
        if (n > 3 && memcmp(p + n - 3, "...", 3) == 0)
            word -= 3;
        if (word > 0)
            add_values(command, p, word, out);
        p += n + (p[n] != '\0');
    }
}
