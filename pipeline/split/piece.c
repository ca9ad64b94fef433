/* pipeline/split/piece.c - reading and writing of the files of STORE/pieces. */
#include "pipeline/split/piece.h"

#include "pipeline/core/file.h"
#include "pipeline/core/json_text.h"
#include "pipeline/split/split.h"

#include <stdio.h>
#include <string.h>

/* ---- the frame ---- */

void lta_piece_name(char out[32], const char *kind, uint64_t number)
{
    snprintf(out, 32, "%s-%llu.h5", kind, (unsigned long long)number);
}

static bool is_of_store(const char *name)
{
    return strcmp(name, "trace.h5") == 0 || strcmp(name, "trie.h5") == 0;
}

/* The command that makes a file, for messages. */
static const char *maker_of(const char *name)
{
    return strncmp(name, "map-", 4) == 0 ? "map" : strncmp(name, "reduce-", 7) == 0 ? "reduce" : "split";
}

/* The store around a folder of pieces, by its path: the folder may be a link to another disk. */
static lta_status store_of(const char *dir, char **out)
{
    lta_status st = LTA_OK;
    const char *base = lta_base_name(dir);
    if (strcmp(base, "pieces") != 0)
        return lta_join_path(dir, "..", out);
    if (base == dir)
        return lta_join_path(".", "", out);
    size_t n = (size_t)(base - dir);
    LTA_TRY(LTA_ALLOC(out, n + 1));
    memcpy(*out, dir, n);
    (*out)[n] = '\0';
done:
    return st;
}

static lta_status open_one(const char *dir, const char *name, lta_reader **out)
{
    lta_status st = LTA_OK;
    char *path = NULL, *store = NULL;
    if (is_of_store(name)) {
        LTA_TRY(store_of(dir, &store));
        LTA_TRY(lta_stage_open_file(store, name, false, out));
        goto done;
    }
    LTA_TRY(lta_join_path(dir, name, &path));
    if (!lta_file_exists(path)) {
        st = lta_fail(LTA_ERR_INPUT, "%s: is not there; expected a store in which `lta %s` has run", path,
                      maker_of(name));
        goto done;
    }
    LTA_TRY(lta_reader_open(path, "piece", out));
done:
    lta_free(path);
    lta_free(store);
    return st;
}

static lta_status note(json_t *list, const char *name, json_t *digest)
{
    if (json_object_set_new(list, name, digest) != 0)
        return lta_fail(LTA_ERR_NOMEM, "%s: could not note its digest", name);
    return LTA_OK;
}

lta_status lta_piece_note(const char *dir, const char *name, json_t *digests)
{
    lta_reader *r = NULL;
    lta_status st = LTA_OK;
    if (json_object_get(digests, name))
        return LTA_OK;
    LTA_TRY(open_one(dir, name, &r));
    LTA_TRY(note(digests, name, json_string(lta_reader_digest(r))));
done:
    lta_reader_close(r);
    return st;
}

lta_status lta_piece_input(json_t *inputs, const json_t *digests, const char *name)
{
    return note(inputs, name, json_incref(json_object_get(digests, name)));
}

/* The files that `inputs` names must be there, with the same digests. A piece is what its plan makes it, so
 * that files of the same plan are made from the same pieces; none has to be opened to see that. */
static lta_status check_inputs(const char *dir, const char *file, const char *inputs, json_t *digests)
{
    lta_status st = LTA_OK;
    json_t *list = json_loads(inputs, 0, NULL), *digest;
    const char *name;
    if (!json_is_object(list)) {
        st = lta_fail(LTA_ERR_FORMAT, "%s/%s:/@inputs: expected a JSON object", dir, file);
        goto done;
    }
    json_object_foreach(list, name, digest)
    {
        if (json_object_get(list, "plan.h5") && strncmp(name, "piece-", strlen("piece-")) == 0)
            continue;
        LTA_TRY(lta_piece_note(dir, name, digests));
        if (!json_equal(digest, json_object_get(digests, name))) {
            st = lta_fail(LTA_ERR_INPUT,
                          "%s/%s: was made from another %s than the one there; run `lta %s` again", dir, file,
                          name, maker_of(file));
            goto done;
        }
    }
done:
    json_decref(list);
    return st;
}

/* A copy under another number is not the file of that number: its parameters tell. */
static lta_status check_number(const lta_reader *r, const char *name)
{
    lta_status st = LTA_OK;
    char *text = NULL, kind[16], expected[32];
    const char *dash = strchr(name, '-');
    json_t *p = NULL;
    if (!dash) /* the plan */
        return LTA_OK;
    snprintf(kind, sizeof kind, "%.*s", (int)(dash - name), name);
    LTA_TRY(lta_reader_attribute_text(r, "/", "parameters", &text));
    p = json_loads(text, 0, NULL);
    const json_t *number = json_object_get(p, strcmp(kind, "reduce") == 0 ? "range" : "piece");
    lta_piece_name(expected, kind, (uint64_t)json_integer_value(number));
    if (!number || strcmp(name, expected) != 0)
        st = lta_fail(LTA_ERR_INPUT, "%s: was made under another name; run `lta %s --force` for it",
                      lta_reader_path(r), maker_of(name));
done:
    json_decref(p);
    lta_free(text);
    return st;
}

lta_status lta_piece_open(const char *dir, const char *name, json_t *digests, lta_reader **out)
{
    lta_status st = LTA_OK;
    lta_reader *r = NULL;
    char *inputs = NULL;
    const json_t *before = json_object_get(digests, name);
    LTA_TRY(open_one(dir, name, &r));
    if (before && strcmp(json_string_value(before), lta_reader_digest(r)) != 0) {
        st = lta_fail(LTA_ERR_INPUT, "%s: was replaced while it was being read; run the same command again",
                      lta_reader_path(r));
        goto done;
    }
    LTA_TRY(check_number(r, name));
    LTA_TRY(lta_reader_attribute_text(r, "/", "inputs", &inputs));
    LTA_TRY(check_inputs(dir, name, inputs, digests));
    LTA_TRY(note(digests, name, json_string(lta_reader_digest(r))));
    *out = r;
    r = NULL;
done:
    lta_free(inputs);
    lta_reader_close(r);
    return st;
}

lta_status lta_piece_begin(lta_piece_file *f, const lta_run *run, const char *dir, const char *name,
                           json_t *parameters, json_t *inputs, bool *current)
{
    lta_status st = LTA_OK;
    *f = (lta_piece_file){.run = run, .dir = dir, .started = lta_seconds()};
    snprintf(f->name, sizeof f->name, "%s", name);
    f->parameters = lta_json_text(parameters, 0);
    f->inputs = lta_json_text(inputs, 0);
    if (!f->parameters || !f->inputs) {
        st = lta_fail(LTA_ERR_NOMEM, "could not write down the parameters of %s", name);
        goto done;
    }
    LTA_TRY(lta_store_is_current(dir, name, "piece", f->parameters, f->inputs, current));
    if (run->force)
        *current = false;
    if (*current)
        lta_log_line(run->log, LTA_LOG_INFO, maker_of(name), "%s/%s is up to date", dir, name);
done:
    json_decref(parameters);
    json_decref(inputs);
    if (st != LTA_OK)
        lta_piece_end(f);
    return st;
}

lta_status lta_piece_create(const lta_piece_file *f, lta_writer **out)
{
    return lta_writer_create(f->run, f->dir, f->name, "piece", out);
}

lta_status lta_piece_commit(const lta_piece_file *f, lta_writer *w)
{
    lta_status st = LTA_OK;
    LTA_TRY(lta_check_stop(f->run));
    LTA_TRY(lta_writer_commit(w, f->parameters, f->inputs));
done:
    return st;
}

void lta_piece_end(lta_piece_file *f)
{
    lta_free(f->parameters);
    lta_free(f->inputs);
    f->parameters = f->inputs = NULL;
}

lta_status lta_piece_damaged(const lta_reader *r, const char *what)
{
    return lta_fail(LTA_ERR_FORMAT, "%s:/%s: damaged; run `lta map --force` for it again", lta_reader_path(r),
                    what);
}

/* ---- plan ---- */

void lta_plan_free(lta_plan *p)
{
    lta_free(p->boundary);
    lta_free(p->blocks);
    lta_free(p->weights);
    *p = (lta_plan){0};
}

static json_t *scopes_of(const bool *in)
{
    json_t *list = json_array();
    for (int s = 0; s < LTA_SCOPES; s++)
        if (in[s])
            json_array_append_new(list, json_string(lta_scope_name((lta_scope)s)));
    return list;
}

json_t *lta_plan_parameters(const lta_plan *p)
{
    json_t *blocks = json_array();
    for (uint64_t i = 0; i < p->n_blocks; i++)
        json_array_append_new(blocks, json_integer((json_int_t)p->blocks[i]));
    return json_pack("{s:I, s:I, s:b, s:b, s:o, s:o, s:o}", "pieces", (json_int_t)p->pieces, "requests",
                     (json_int_t)p->n_requests, "inputs_only", p->inputs_only, "one_source", p->one_source,
                     "runs_in", scopes_of(p->runs_in), "curves_in", scopes_of(p->curves_in), "blocks",
                     blocks);
}

static void read_scopes(const json_t *list, bool *in)
{
    size_t i;
    json_t *name;
    json_array_foreach(list, i, name) for (int s = 0; s < LTA_SCOPES;
                                           s++) if (json_is_string(name) &&
                                                    strcmp(json_string_value(name),
                                                           lta_scope_name((lta_scope)s)) == 0) in[s] = true;
}

lta_status lta_plan_load(const char *dir, json_t *digests, lta_plan *out)
{
    lta_status st = LTA_OK;
    lta_reader *r = NULL;
    char *text = NULL;
    json_t *p = NULL;
    lta_plan plan = {0};
    uint64_t n;
    LTA_TRY(lta_piece_open(dir, "plan.h5", digests, &r));
    LTA_TRY(lta_reader_attribute_text(r, "/", "parameters", &text));
    p = json_loads(text, 0, NULL);
    plan.pieces = (uint64_t)json_integer_value(json_object_get(p, "pieces"));
    plan.n_requests = (uint64_t)json_integer_value(json_object_get(p, "requests"));
    plan.inputs_only = json_is_true(json_object_get(p, "inputs_only"));
    plan.one_source = json_is_true(json_object_get(p, "one_source"));
    read_scopes(json_object_get(p, "runs_in"), plan.runs_in);
    read_scopes(json_object_get(p, "curves_in"), plan.curves_in);
    const json_t *blocks = json_object_get(p, "blocks");
    plan.n_blocks = json_array_size(blocks);
    LTA_TRY(LTA_ALLOC(&plan.blocks, plan.n_blocks));
    LTA_TRY(LTA_ALLOC(&plan.weights, plan.n_blocks + 1));
    plan.weights[plan.n_weights++] = 1;
    bool good = plan.pieces >= 1 && plan.pieces <= LTA_MOST_PIECES && plan.n_requests < UINT32_MAX &&
                plan.runs_in[LTA_SCOPE_GLOBAL];
    for (uint64_t i = 0; i < plan.n_blocks; i++) {
        plan.blocks[i] = (uint64_t)json_integer_value(json_array_get(blocks, i));
        good = good && plan.blocks[i] > (i > 0 ? plan.blocks[i - 1] : 0);
        if (plan.blocks[i] != 1)
            plan.weights[plan.n_weights++] = plan.blocks[i];
    }
    LTA_TRY(lta_reader_column(r, "/range/boundary", LTA_U64, (void **)&plan.boundary, &n));
    good = good && n == plan.pieces + 1 && plan.boundary[0] == 0 && plan.boundary[n - 1] == plan.n_requests;
    for (uint64_t k = 0; good && k < plan.pieces; k++)
        good = plan.boundary[k] <= plan.boundary[k + 1];
    if (!good) {
        st = lta_fail(LTA_ERR_FORMAT, "%s: no plan; expected ranges that cover all requests",
                      lta_reader_path(r));
        goto done;
    }
    *out = plan;
    plan = (lta_plan){0};
done:
    json_decref(p);
    lta_free(text);
    lta_plan_free(&plan);
    lta_reader_close(r);
    return st;
}

/* ---- parts ---- */

void lta_touches_free(lta_touches *t)
{
    lta_free(t->request);
    lta_free(t->node);
    for (int s = 0; s < LTA_SCOPES; s++)
        lta_free(t->group[s]);
    *t = (lta_touches){0};
}

void lta_part_free(lta_part *p)
{
    lta_free(p->parent);
    lta_free(p->depth);
    lta_free(p->start);
    lta_touches_free(&p->visits);
    for (int s = 0; s < LTA_SCOPES; s++)
        lta_touches_free(&p->earlier[s]);
    *p = (lta_part){0};
}

/* The groups that are stored of a scope's touches: its own, or with LTA_SCOPES those of all. */
static bool has_group(const lta_plan *plan, int of, int s)
{
    return s != LTA_SCOPE_GLOBAL && plan->runs_in[s] && (of == LTA_SCOPES || of == s);
}

static lta_status write_touches(lta_writer *w, const char *group, const lta_plan *plan, const lta_touches *t,
                                int of)
{
    lta_status st = LTA_OK;
    char path[80];
    snprintf(path, sizeof path, "%s/request", group);
    LTA_TRY(lta_writer_column(w, path, LTA_U32, t->request, t->n, "1", "request of the whole trace"));
    snprintf(path, sizeof path, "%s/node", group);
    LTA_TRY(lta_writer_column(w, path, LTA_U32, t->node, t->n, "1",
                              "row of the node at which its touched path ends in this part"));
    for (int s = 0; s < LTA_SCOPES; s++)
        if (has_group(plan, of, s)) {
            snprintf(path, sizeof path, "%s/%s", group, lta_scope_name((lta_scope)s));
            LTA_TRY(lta_writer_column(w, path, LTA_U32, t->group[s], t->n, "1",
                                      "whom it shares with in that scope, by numbers of this part"));
        }
done:
    return st;
}

lta_status lta_part_write(lta_writer *w, const char *group, const lta_plan *plan, const lta_part *p)
{
    lta_status st = LTA_OK;
    char path[64];
    snprintf(path, sizeof path, "%s/node/parent", group);
    LTA_TRY(lta_writer_column(w, path, LTA_I64, p->parent, p->n_nodes, "1", "row of the parent; -1 = none"));
    snprintf(path, sizeof path, "%s/node/depth", group);
    LTA_TRY(lta_writer_column(w, path, LTA_U32, p->depth, p->n_nodes, "symbols",
                              "symbols from the root of the trie to the end of the node"));
    snprintf(path, sizeof path, "%s/node/start", group);
    LTA_TRY(lta_writer_column(w, path, LTA_U32, p->start, p->n_nodes, "symbols",
                              "depth at which the part begins on the way to the node"));
    snprintf(path, sizeof path, "%s/visit", group);
    LTA_TRY(write_touches(w, path, plan, &p->visits, LTA_SCOPES));
    for (int s = 0; s < LTA_SCOPES; s++)
        if (plan->runs_in[s]) {
            snprintf(path, sizeof path, "%s/earlier/%s", group, lta_scope_name((lta_scope)s));
            LTA_TRY(write_touches(w, path, plan, &p->earlier[s], s));
        }
done:
    return st;
}

static lta_status read_column(const lta_reader *r, const char *path, lta_type type, void **out, uint64_t n)
{
    uint64_t found;
    lta_status st = lta_reader_column(r, path, type, out, &found);
    if (st == LTA_OK && found != n)
        st = lta_fail(LTA_ERR_FORMAT, "%s:%s: %llu rows, expected %llu", lta_reader_path(r), path,
                      (unsigned long long)found, (unsigned long long)n);
    return st;
}

static lta_status read_touches(const lta_reader *r, const char *group, const lta_plan *plan, int of,
                               uint64_t n_nodes, lta_touches *t)
{
    lta_status st = LTA_OK;
    char path[80];
    snprintf(path, sizeof path, "%s/request", group);
    LTA_TRY(lta_reader_column(r, path, LTA_U32, (void **)&t->request, &t->n));
    snprintf(path, sizeof path, "%s/node", group);
    LTA_TRY(read_column(r, path, LTA_U32, (void **)&t->node, t->n));
    bool good = true;
    for (uint64_t i = 0; good && i < t->n; i++)
        good = t->node[i] < n_nodes && t->request[i] < plan->n_requests &&
               (of != LTA_SCOPES || i == 0 || t->request[i] > t->request[i - 1]);
    for (int s = 0; s < LTA_SCOPES; s++)
        if (has_group(plan, of, s)) {
            snprintf(path, sizeof path, "%s/%s", group, lta_scope_name((lta_scope)s));
            LTA_TRY(read_column(r, path, LTA_U32, (void **)&t->group[s], t->n));
            for (uint64_t i = 0; good && i < t->n; i++)
                good = t->group[s][i] < plan->n_requests;
        }
    if (!good)
        st = lta_fail(LTA_ERR_FORMAT, "%s:%s: damaged; expected rising requests, and nodes of the part",
                      lta_reader_path(r), group);
done:
    return st;
}

lta_status lta_part_read(const lta_reader *r, const char *group, const lta_plan *plan, lta_part *out)
{
    lta_status st = LTA_OK;
    lta_part p = {0};
    char path[64];
    bool good = true;
    snprintf(path, sizeof path, "%s/node/parent", group);
    LTA_TRY(lta_reader_column(r, path, LTA_I64, (void **)&p.parent, &p.n_nodes));
    snprintf(path, sizeof path, "%s/node/depth", group);
    LTA_TRY(read_column(r, path, LTA_U32, (void **)&p.depth, p.n_nodes));
    snprintf(path, sizeof path, "%s/node/start", group);
    LTA_TRY(read_column(r, path, LTA_U32, (void **)&p.start, p.n_nodes));
    for (uint64_t i = 0; good && i < p.n_nodes; i++) {
        int64_t above = p.parent[i];
        good = above < (int64_t)i && above >= -1 && p.start[i] < p.depth[i] &&
               (above < 0 || (p.depth[above] < p.depth[i] && p.start[above] == p.start[i]));
    }
    if (!good) {
        st = lta_fail(LTA_ERR_FORMAT, "%s:%s/node: no trie; expected parents first, and above their children",
                      lta_reader_path(r), group);
        goto done;
    }
    snprintf(path, sizeof path, "%s/visit", group);
    LTA_TRY(read_touches(r, path, plan, LTA_SCOPES, p.n_nodes, &p.visits));
    for (int s = 0; s < LTA_SCOPES; s++)
        if (plan->runs_in[s]) {
            snprintf(path, sizeof path, "%s/earlier/%s", group, lta_scope_name((lta_scope)s));
            LTA_TRY(read_touches(r, path, plan, s, p.n_nodes, &p.earlier[s]));
        }
    *out = p;
    p = (lta_part){0};
done:
    lta_part_free(&p);
    return st;
}

lta_status lta_piece_write_runs(lta_writer *w, lta_scope scope, const lta_runs *runs)
{
    lta_status st = LTA_OK;
    uint32_t *count = NULL;
    LTA_TRY(LTA_ALLOC(&count, runs->n));
    for (uint64_t r = 0; r < runs->n; r++)
        count[r] = (uint32_t)(runs->offset[r + 1] - runs->offset[r]);
    const struct {
        const char *name, *unit, *description;
        lta_type type;
        const void *data;
        uint64_t n;
    } columns[] = {
        {"runs", "1", "runs of each visit, or of each request of a range", LTA_U32, count, runs->n},
        {"previous", "1", "request that last touched the run's positions", LTA_U32, runs->previous,
         runs->n_runs},
        {"length", "symbols", "positions in the run, which begins where the one before ends", LTA_U32,
         runs->length, runs->n_runs},
        {"distance", "symbols", "distinct positions last touched in between", LTA_U64, runs->distance,
         runs->n_runs},
    };
    for (int c = 0; c < 4; c++) {
        char path[64];
        snprintf(path, sizeof path, "/%s/%s", lta_scope_name(scope), columns[c].name);
        if (columns[c].data)
            LTA_TRY(lta_writer_column(w, path, columns[c].type, columns[c].data, columns[c].n,
                                      columns[c].unit, columns[c].description));
    }
done:
    lta_free(count);
    return st;
}
