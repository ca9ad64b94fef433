/* pipeline/release/config.c - see config.h. Keys are looked up in small tables, so that a key that nobody
 * knows is noticed. */
#include "pipeline/release/config.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/release/documents.h"
#include "pipeline/release/metadata.h"

#include <errno.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <yaml.h>

typedef unsigned long long ull; /* for printf */

typedef struct reading {
    lta_release_config *config;
    yaml_document_t *document;
} reading;

LTA_PRINTF(3, 4)
static lta_status fail_at(const reading *r, const yaml_node_t *at, const char *fmt, ...)
{
    char what[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    return lta_fail(LTA_ERR_FORMAT, "%s:%llu: %s", r->config->path, (ull)at->start_mark.line + 1, what);
}

static yaml_node_t *node(const reading *r, int index)
{
    return yaml_document_get_node(r->document, index);
}

static lta_status text_of(const reading *r, yaml_node_t *n, const char *what, const char **out)
{
    *out = NULL;
    if (n->type != YAML_SCALAR_NODE)
        return fail_at(r, n, "%s is a list or a mapping, expected text", what);
    const char *text = (const char *)n->data.scalar.value;
    if (strlen(text) != n->data.scalar.length || !*text)
        return fail_at(r, n, "%s is empty or has a NUL byte, expected text", what);
    *out = text;
    return LTA_OK;
}

/* Text that stands in headings and lists: on one line. */
static lta_status line_of(const reading *r, yaml_node_t *n, const char *what, const char **out)
{
    lta_status st = text_of(r, n, what, out);
    if (st == LTA_OK)
        for (yaml_char_t *p = n->data.scalar.value; *p; p++)
            if (*p == '\n' || *p == '\r')
                *p = ' ';
    return st;
}

/* A name that can be a folder's. */
static lta_status name_of(const reading *r, yaml_node_t *n, const char *what, const char **out)
{
    lta_status st = text_of(r, n, what, out);
    if (st != LTA_OK)
        return st;
    size_t good = strspn(*out, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
    if ((*out)[good] || (*out)[0] == '.' || good > 100)
        return fail_at(r, n,
                       "%s \"%s\": expected at most 100 letters, digits, '-', '_' and '.', no '.' first",
                       what, *out);
    return LTA_OK;
}

/* A list, or one item that stands for a list of one: calls add for each. */
typedef lta_status add_item(reading *r, yaml_node_t *n, void *target);
static lta_status each_item(reading *r, yaml_node_t *n, add_item *add, void *target)
{
    if (n->type != YAML_SEQUENCE_NODE)
        return add(r, n, target);
    for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top; i++) {
        lta_status st = add(r, node(r, *i), target);
        if (st != LTA_OK)
            return st;
    }
    return LTA_OK;
}

/* A mapping's keys: what is known of each, and what takes its value. */
typedef struct key {
    const char *name;
    bool needed;
    lta_status (*take)(reading *r, yaml_node_t *value, const char *name, void *target);
    size_t at; /* in target: of the text, for the takers of texts */
} key;

static lta_status take_text(reading *r, yaml_node_t *value, const char *name, void *target)
{
    return text_of(r, value, name, target);
}

static lta_status take_line(reading *r, yaml_node_t *value, const char *name, void *target)
{
    return line_of(r, value, name, target);
}

static lta_status take_name(reading *r, yaml_node_t *value, const char *name, void *target)
{
    return name_of(r, value, name, target);
}

static lta_status take_date(reading *r, yaml_node_t *value, const char *name, void *target)
{
    lta_status st = text_of(r, value, name, target);
    const char *text = *(const char **)target;
    if (st == LTA_OK && !lta_is_day(text))
        st = fail_at(r, value, "%s \"%s\": expected YYYY-MM-DD, a day of the calendar", name, text);
    return st;
}

static lta_status take_licence(reading *r, yaml_node_t *value, const char *name, void *target)
{
    lta_status st = text_of(r, value, name, target);
    const char *text = *(const char **)target;
    if (st == LTA_OK && !lta_is_licence_id(text))
        st = fail_at(r, value,
                     "%s \"%s\": expected an SPDX identifier, as CC-BY-4.0, or LicenseRef- and a name", name,
                     text);
    return st;
}

static lta_status take_orcid(reading *r, yaml_node_t *value, const char *name, void *target)
{
    const char *text, **orcid = target;
    lta_status st = text_of(r, value, name, &text);
    if (st != LTA_OK)
        return st;
    *orcid = lta_orcid(text);
    if (!*orcid)
        return fail_at(r, value, "%s \"%s\": expected 0000-0000-0000-000C with its checksum C", name, text);
    return LTA_OK;
}

static lta_status read_mapping(reading *r, yaml_node_t *n, const char *what, const key *keys, void *target)
{
    uint64_t seen = 0;
    if (n->type != YAML_MAPPING_NODE)
        return fail_at(r, n, "%s is no mapping, expected keys and values", what);
    for (yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top; p++) {
        yaml_node_t *k = node(r, p->key);
        const char *name;
        unsigned i = 0;
        lta_status st = text_of(r, k, "a key", &name);
        if (st != LTA_OK)
            return st;
        while (keys[i].name && strcmp(keys[i].name, name) != 0)
            i++;
        if (!keys[i].name)
            return fail_at(r, k, "%s has no key \"%s\"", what, name);
        if (seen >> i & 1)
            return fail_at(r, k, "\"%s\" is given twice", name);
        seen |= UINT64_C(1) << i;
        st = keys[i].take(r, node(r, p->value), name, (char *)target + keys[i].at);
        if (st != LTA_OK)
            return st;
    }
    for (unsigned i = 0; keys[i].name; i++)
        if (keys[i].needed && !(seen >> i & 1))
            return fail_at(r, n, "%s lacks the key \"%s\"", what, keys[i].name);
    return LTA_OK;
}

/* ---- lists ---- */

static lta_status add_text(reading *r, yaml_node_t *n, void *target)
{
    const char *text;
    lta_status st = line_of(r, n, "an item", &text);
    return st == LTA_OK ? lta_strings_add_text(target, text) : st;
}

static lta_status take_texts(reading *r, yaml_node_t *value, const char *name, void *target)
{
    (void)name;
    return each_item(r, value, add_text, target);
}

static lta_status add_creator(reading *r, yaml_node_t *n, void *target)
{
    static const key keys[] = {{"name", true, take_line, offsetof(lta_release_creator, name)},
                               {"affiliation", false, take_line, offsetof(lta_release_creator, affiliation)},
                               {"orcid", false, take_orcid, offsetof(lta_release_creator, orcid)},
                               {0}};
    lta_release_config *c = target;
    lta_status st = LTA_GROW(&c->creator, &c->creators_capacity, c->n_creators + 1);
    if (st != LTA_OK)
        return st;
    lta_release_creator *creator = &c->creator[c->n_creators];
    *creator = (lta_release_creator){0};
    c->n_creators++;
    return read_mapping(r, n, "a creator", keys, creator);
}

static lta_status take_creators(reading *r, yaml_node_t *value, const char *name, void *target)
{
    (void)name, (void)target;
    return each_item(r, value, add_creator, r->config);
}

/* ---- a trace ---- */

/* The text lives as long as the configuration; it is released where that fails. */
static lta_status keep_text(lta_release_config *c, char *text, const char **out)
{
    lta_status st = LTA_GROW(&c->text, &c->texts_capacity, c->n_texts + 1);
    if (st == LTA_OK)
        *out = c->text[c->n_texts++] = text;
    else
        lta_free(text);
    return st;
}

/* A path or pattern from the working folder: relative ones start where the configuration lies. */
static lta_status full_path(const reading *r, const char *pattern, char **out)
{
    const char *path = r->config->path;
    size_t dir = pattern[0] == '/' ? 0 : (size_t)(lta_base_name(path) - path), n = strlen(pattern);
    char *full;
    lta_status st = LTA_ALLOC(&full, dir + n + 1);
    if (st != LTA_OK)
        return st;
    memcpy(full, path, dir);
    memcpy(full + dir, pattern, n + 1);
    *out = full;
    return LTA_OK;
}

/* Where a pattern finds nothing: the folder before its first wildcard may not be there, or not be readable.
 */
static lta_status fail_pattern(const reading *r, const yaml_node_t *n, const char *pattern, char *full,
                               int code)
{
    size_t fixed = strcspn(full, "*?[");
    char what[256];
    while (fixed > 0 && full[fixed - 1] != '/')
        fixed--;
    full[fixed] = '\0';
    if (fixed == 0 || access(full, R_OK | X_OK) == 0)
        return fail_at(r, n,
                       code == GLOB_ABORTED ? "\"%s\": a folder could not be read" : "\"%s\" matches no file",
                       pattern);
    snprintf(what, sizeof what, "%s", strerror(errno));
    return fail_at(r, n, "\"%s\" matches no file: folder %s: %s", pattern, full, what);
}

static lta_status add_files(reading *r, yaml_node_t *n, void *target)
{
    lta_status st = LTA_OK;
    const char *pattern;
    char *full = NULL;
    glob_t found = {0};
    LTA_TRY(text_of(r, n, "a file", &pattern));
    LTA_TRY(full_path(r, pattern, &full));
    int code = glob(full, GLOB_NOSORT | GLOB_ERR, NULL, &found);
    if (code == GLOB_NOSPACE) {
        st = lta_fail(LTA_ERR_NOMEM, "memory has run out over the files of \"%s\"", pattern);
    } else if (code != 0 || found.gl_pathc == 0) {
        st = fail_pattern(r, n, pattern, full, code);
    }
    if (st != LTA_OK)
        goto done;
    for (size_t last = 1; last < found.gl_pathc;
         last++) { /* bytewise, whatever the locale; lists are short */
        char *path = found.gl_pathv[last];
        size_t at = last;
        for (; at > 0 && strcmp(found.gl_pathv[at - 1], path) > 0; at--)
            found.gl_pathv[at] = found.gl_pathv[at - 1];
        found.gl_pathv[at] = path;
    }
    for (size_t i = 0; i < found.gl_pathc; i++)
        LTA_TRY(lta_strings_add_text(target, found.gl_pathv[i]));
done:
    globfree(&found);
    lta_free(full);
    return st;
}

static lta_status take_files(reading *r, yaml_node_t *value, const char *name, void *target)
{
    (void)name;
    return each_item(r, value, add_files, target);
}

/* A list's items with commas between, as the command line takes them. */
static lta_status joined(reading *r, yaml_node_t *list, const char **out)
{
    lta_status st = LTA_OK;
    lta_strings items = {0};
    size_t n = 0;
    char *text = NULL;
    LTA_TRY(each_item(r, list, add_text, &items));
    for (uint64_t i = 0; i < items.n; i++)
        n += lta_strings_length(&items, i) + 1;
    LTA_TRY(LTA_ALLOC(&text, n + 1));
    n = 0;
    for (uint64_t i = 0; i < items.n; i++)
        n += (size_t)sprintf(text + n, "%s%s", i > 0 ? "," : "", lta_strings_get(&items, i));
    text[n] = '\0';
    st = keep_text(r->config, text, out);
done:
    lta_strings_free(&items);
    return st;
}

/* The one option that names a file; "bytes" is none. */
static lta_status tokenizer_path(reading *r, const char **value)
{
    char *full;
    if (strcmp(*value, "bytes") == 0)
        return LTA_OK;
    lta_status st = full_path(r, *value, &full);
    return st == LTA_OK ? keep_text(r->config, full, value) : st;
}

static lta_status take_options(reading *r, yaml_node_t *value, const char *name, void *target)
{
    lta_release_trace *t = (lta_release_trace *)target;
    if (value->type != YAML_MAPPING_NODE)
        return fail_at(r, value, "%s is no mapping, expected long options of lta run and their values", name);
    for (yaml_node_pair_t *p = value->data.mapping.pairs.start; p < value->data.mapping.pairs.top; p++) {
        yaml_node_t *k = node(r, p->key), *v = node(r, p->value);
        lta_release_option o = {.line = k->start_mark.line + 1};
        lta_status st = LTA_OK;
        LTA_TRY(text_of(r, k, "an option", &o.name));
        for (uint64_t i = 0; i < t->n_options; i++)
            if (strcmp(t->option[i].name, o.name) == 0)
                LTA_TRY(fail_at(r, k, "\"%s\" is given twice", o.name));
        if (v->type == YAML_SEQUENCE_NODE)
            LTA_TRY(joined(r, v, &o.value));
        else
            LTA_TRY(text_of(r, v, o.name, &o.value));
        if (strcmp(o.name, "tokenizer") == 0)
            LTA_TRY(tokenizer_path(r, &o.value));
        LTA_TRY(LTA_GROW(&t->option, &t->options_capacity, t->n_options + 1));
        t->option[t->n_options++] = o;
    done:
        if (st != LTA_OK)
            return st;
    }
    return LTA_OK;
}

static lta_status take_bool(reading *r, yaml_node_t *value, const char *name, void *target)
{
    const char *text;
    lta_status st = text_of(r, value, name, &text);
    if (st != LTA_OK)
        return st;
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return fail_at(r, value, "%s \"%s\": expected true or false", name, text);
    *(bool *)target = text[0] == 't';
    return LTA_OK;
}

/* The name of a trace's folder, which stands beside the documents, also where case does not count. */
static lta_status take_folder(reading *r, yaml_node_t *value, const char *name, void *target)
{
    lta_status st = name_of(r, value, name, target);
    const char *folder = *(const char **)target;
    bool taken = st == LTA_OK && strcasecmp(folder, "SHA256SUMS") == 0;
    for (size_t i = 0; st == LTA_OK && lta_release_documents[i]; i++)
        taken |= strcasecmp(folder, lta_release_documents[i]) == 0;
    return taken ? fail_at(r, value, "%s \"%s\": is a file of every release, expected another name", name,
                           folder)
                 : st;
}

/* Tokens a block. */
static lta_status take_block(reading *r, yaml_node_t *value, const char *name, void *target)
{
    enum { MOST_DIGITS = 9 };
    const char *text;
    lta_status st = text_of(r, value, name, &text);
    if (st != LTA_OK)
        return st;
    size_t n = strspn(text, "0123456789");
    if (n == 0 || n > MOST_DIGITS || text[n] || text[0] == '0')
        return fail_at(r, value, "%s \"%s\": expected tokens a block, 1 to 999999999", name, text);
    lta_release_trace *t = target;
    t->anonymize = strtoull(text, NULL, 10);
    t->anonymize_line = value->start_mark.line + 1;
    return LTA_OK;
}

static lta_status add_trace(reading *r, yaml_node_t *n, void *target)
{
    static const key keys[] = {
        {"name", true, take_folder, offsetof(lta_release_trace, name)},
        {"note", false, take_text, offsetof(lta_release_trace, note)},
        {"files", true, take_files, offsetof(lta_release_trace, files)},
        {"options", false, take_options, 0},
        {"anonymize", false, take_block, 0},
        {"symbols", false, take_bool, offsetof(lta_release_trace, symbols)},
        {"allow_restricted", false, take_bool, offsetof(lta_release_trace, allow_restricted)},
        {0}};
    lta_release_config *c = target;
    lta_status st = LTA_GROW(&c->trace, &c->traces_capacity, c->n_traces + 1);
    if (st != LTA_OK)
        return st;
    lta_release_trace *t = &c->trace[c->n_traces];
    *t = (lta_release_trace){.line = n->start_mark.line + 1};
    c->n_traces++;
    st = read_mapping(r, n, "a trace", keys, t);
    if (st == LTA_OK && t->files.n == 0)
        st = fail_at(r, n, "\"files\" is empty, expected at least one pattern");
    for (uint64_t i = 0; st == LTA_OK && i + 1 < c->n_traces; i++)
        if (strcasecmp(c->trace[i].name, t->name) == 0)
            st = fail_at(r, n, "there is a trace named \"%s\" already", c->trace[i].name);
    return st;
}

static lta_status take_traces(reading *r, yaml_node_t *value, const char *name, void *target)
{
    (void)name, (void)target;
    return each_item(r, value, add_trace, r->config);
}

static lta_status read_document(reading *r)
{
    static const key keys[] = {{"release", true, take_name, offsetof(lta_release_config, name)},
                               {"version", true, take_name, offsetof(lta_release_config, version)},
                               {"title", true, take_line, offsetof(lta_release_config, title)},
                               {"description", true, take_text, offsetof(lta_release_config, description)},
                               {"licence", true, take_licence, offsetof(lta_release_config, licence)},
                               {"date", false, take_date, offsetof(lta_release_config, date)},
                               {"creators", true, take_creators, 0},
                               {"keywords", false, take_texts, offsetof(lta_release_config, keywords)},
                               {"traces", true, take_traces, 0},
                               {0}};
    yaml_node_t *root = yaml_document_get_root_node(r->document);
    if (!root)
        return lta_fail(LTA_ERR_FORMAT, "%s:1: is empty, expected a release", r->config->path);
    lta_status st = read_mapping(r, root, "a release", keys, r->config);
    if (st == LTA_OK && r->config->n_creators == 0)
        st = fail_at(r, root, "\"creators\" is empty, expected at least one");
    if (st == LTA_OK && r->config->n_traces == 0)
        st = fail_at(r, root, "\"traces\" is empty, expected at least one");
    return st;
}

/* Aliases would let a short file stand for a document without end. */
static lta_status check_events(const char *path, const lta_mapping *m)
{
    yaml_parser_t parser;
    yaml_event_t event;
    lta_status st = LTA_OK;
    bool last = false;
    unsigned n_documents = 0;
    if (!yaml_parser_initialize(&parser))
        return lta_fail(LTA_ERR_NOMEM, "memory has run out over %s", path);
    yaml_parser_set_input_string(&parser, (const unsigned char *)m->data, m->size);
    while (!last && st == LTA_OK) {
        if (!yaml_parser_parse(&parser, &event)) {
            st = lta_fail(parser.error == YAML_MEMORY_ERROR ? LTA_ERR_NOMEM : LTA_ERR_FORMAT,
                          "%s:%llu: %s, expected YAML", path, (ull)parser.problem_mark.line + 1,
                          parser.problem ? parser.problem : "malformed");
            break;
        }
        n_documents += event.type == YAML_DOCUMENT_START_EVENT;
        if (event.type == YAML_ALIAS_EVENT)
            st = lta_fail(LTA_ERR_FORMAT, "%s:%llu: aliases are not read", path,
                          (ull)event.start_mark.line + 1);
        else if (n_documents > 1)
            st = lta_fail(LTA_ERR_FORMAT, "%s:%llu: a second document, expected one", path,
                          (ull)event.start_mark.line + 1);
        last = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return st;
}

static lta_status load(const char *path, const lta_mapping *m, yaml_document_t **out)
{
    yaml_parser_t parser;
    yaml_document_t *document;
    lta_status st = LTA_CALLOC(&document, 1);
    if (st != LTA_OK)
        return st;
    if (!yaml_parser_initialize(&parser)) {
        lta_free(document);
        return lta_fail(LTA_ERR_NOMEM, "memory has run out over %s", path);
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)m->data, m->size);
    if (yaml_parser_load(&parser, document)) {
        *out = document;
    } else {
        st = lta_fail(parser.error == YAML_MEMORY_ERROR ? LTA_ERR_NOMEM : LTA_ERR_FORMAT,
                      "%s:%llu: %s, expected YAML", path, (ull)parser.problem_mark.line + 1,
                      parser.problem ? parser.problem : "malformed");
        lta_free(document);
    }
    yaml_parser_delete(&parser);
    return st;
}

lta_status lta_release_config_read(const char *path, lta_release_config *out)
{
    lta_status st = LTA_OK;
    lta_mapping m = {0};
    yaml_document_t *document = NULL;
    lta_release_config c = {.path = path};
    LTA_TRY(lta_map_file(path, &m));
    LTA_TRY(check_events(path, &m));
    LTA_TRY(load(path, &m, &document));
    c.document = document;
    LTA_TRY(read_document(&(reading){.config = &c, .document = document}));
    *out = c;
    c = (lta_release_config){0};
done:
    lta_unmap_file(&m);
    lta_release_config_free(&c);
    return st;
}

void lta_release_config_free(lta_release_config *c)
{
    for (uint64_t i = 0; i < c->n_traces; i++) {
        lta_strings_free(&c->trace[i].files);
        lta_free(c->trace[i].option);
    }
    for (uint64_t i = 0; i < c->n_texts; i++)
        lta_free(c->text[i]);
    lta_free(c->text);
    lta_free(c->trace);
    lta_free(c->creator);
    lta_strings_free(&c->keywords);
    if (c->document)
        yaml_document_delete(c->document);
    lta_free(c->document);
    *c = (lta_release_config){0};
}
