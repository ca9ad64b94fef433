/* pipeline/curve/curve.c - the curve stage and the reader of curve.h5. */
#include "pipeline/curve/curve.h"

#include "kernels/compute.h"
#include "pipeline/core/array.h"
#include "pipeline/core/digest.h"
#include "pipeline/stage/stage.h"
#include "pipeline/trie/trie.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lta_curve_options_free(lta_curve_options *o)
{
    lta_free(o->blocks);
    lta_free(o->capacities);
    *o = (lta_curve_options){0};
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static lta_status resolve_blocks(lta_curve_options *o, bool token, uint64_t block_tokens)
{
    lta_status st = LTA_OK;
    if (o->n_blocks == 0) {
        LTA_TRY(LTA_ALLOC(&o->blocks, 2));
        o->blocks[0] = 1;
        o->blocks[1] = 16;
        o->n_blocks = token ? 2 : 1;
        return LTA_OK;
    }
    qsort(o->blocks, o->n_blocks, sizeof *o->blocks, compare_u64);
    uint64_t kept = 0;
    for (uint64_t i = 0; i < o->n_blocks; i++)
        if (kept == 0 || o->blocks[kept - 1] != o->blocks[i])
            o->blocks[kept++] = o->blocks[i];
    o->n_blocks = kept;
    for (uint64_t i = 0; !token && i < kept; i++)
        if (o->blocks[i] != 1)
            return lta_fail(
                LTA_ERR_USAGE,
                "--block %llu: this trace gives block ids of block_tokens = %llu tokens each, so only "
                "--block 1 (of its own blocks) can be served",
                (unsigned long long)o->blocks[i], (unsigned long long)block_tokens);
done:
    return st;
}

lta_status lta_curve_options_resolve(const char *store, lta_curve_options *o)
{
    lta_status st = LTA_OK;
    lta_reader *r = NULL;
    char *unit = NULL;
    uint64_t block_tokens;
    LTA_TRY(lta_stage_open_file(store, "trace.h5", false, &r));
    LTA_TRY(lta_reader_attribute_text(r, "/", "unit", &unit));
    LTA_TRY(lta_reader_attribute_u64(r, "/", "block_tokens", &block_tokens));
    LTA_TRY(resolve_blocks(o, strcmp(unit, "token") == 0, block_tokens));

    bool sessions = lta_reader_has(r, "/requests/session"), wanted[LTA_SCOPES] = {false};
    for (uint64_t i = 0; i < o->n_scopes; i++)
        wanted[o->scopes[i]] = true;
    if (wanted[LTA_SCOPE_SESSION] && !sessions) {
        st =
            lta_fail(LTA_ERR_USAGE,
                     "--scope session: the sources of %s give no sessions; expected global or source", store);
        goto done;
    }
    bool all = o->n_scopes == 0;
    o->n_scopes = 0;
    for (int s = 0; s < LTA_SCOPES; s++)
        if (all ? s != LTA_SCOPE_SESSION || sessions : wanted[s])
            o->scopes[o->n_scopes++] = (lta_scope)s;
done:
    lta_free(unit);
    lta_reader_close(r);
    return st;
}

static json_t *parameters_of(const lta_curve_options *o)
{
    json_t *blocks = json_array(), *scopes = json_array();
    for (uint64_t i = 0; i < o->n_blocks; i++)
        json_array_append_new(blocks, json_integer((json_int_t)o->blocks[i]));
    for (uint64_t i = 0; i < o->n_scopes; i++)
        json_array_append_new(scopes, json_string(lta_scope_name(o->scopes[i])));
    return json_pack("{s:o, s:b, s:o}", "blocks", blocks, "inputs_only", o->inputs_only, "scopes", scopes);
}

/* Both curves in one go, where a device does that. */
static lta_status fused_pair(const lta_run *run, const lta_trace *trace, const lta_trie *trie,
                             const lta_runs *runs, bool inputs_only, lta_scope scope, uint64_t block,
                             lta_stored_curve pair[2], bool *done)
{
    lta_status st = LTA_OK;
    lta_lookup_rule rules[2];
    uint32_t *most[2] = {NULL, NULL};
    lta_curve curves[2];
    for (int i = 0; i < 2; i++)
        LTA_TRY(lta_lookup_rule_of(trace, i == 1, &rules[i], &most[i]));
    LTA_TRY(lta_compute_block_curves(run, trie, runs, inputs_only ? trie->input_node : trie->full_node, block,
                                     2, rules, curves, done));
    for (int i = 0; *done && i < 2; i++)
        pair[i] = (lta_stored_curve){.scope = scope,
                                     .block = block,
                                     .reserve_last = i == 1,
                                     .lookups = lta_lookups(trace, trie, i == 1, block),
                                     .curve = curves[i]};
done:
    lta_free(most[0]);
    lta_free(most[1]);
    return st;
}

/* Both curves, without and with reserve-last, of one scope and block size. */
static lta_status curve_pair(const lta_run *run, const lta_trace *trace, const lta_trie *trie,
                             const lta_reuse *reuse, lta_scope scope, uint64_t block,
                             lta_stored_curve pair[2])
{
    lta_status st = LTA_OK;
    lta_block_runs all = {0}, reserved = {0};
    const lta_runs *runs = &reuse->runs[scope];
    bool done = false;
    if (lta_compute_fuses_curves(run, runs->n_runs))
        LTA_TRY(fused_pair(run, trace, trie, runs, reuse->inputs_only, scope, block, pair, &done));
    if (done)
        goto done;
    LTA_TRY(lta_block_runs_compute(run, trace, trie, runs, reuse->inputs_only, block, false, &all));
    LTA_TRY(lta_block_runs_again(trace, trie, runs, &all, true, &reserved));
    const lta_block_runs *both[] = {&all, &reserved};
    for (int i = 0; i < 2; i++) {
        pair[i] = (lta_stored_curve){
            .scope = scope, .block = block, .reserve_last = i == 1, .lookups = both[i]->lookups};
        LTA_TRY(
            lta_compute_curve(run, both[i]->n_runs, both[i]->distance, both[i]->looked_up, &pair[i].curve));
    }
done:
    lta_block_runs_free(&reserved);
    lta_block_runs_free(&all);
    return st;
}

void lta_curve_path(char *out, size_t size, const lta_stored_curve *c)
{
    snprintf(out, size, "/%s/block%llu%s", lta_scope_name(c->scope), (unsigned long long)c->block,
             c->reserve_last ? "_reserve_last" : "");
}

static lta_status write_curve(lta_writer *w, const lta_stored_curve *c, const char *unit)
{
    lta_status st = LTA_OK;
    char group[64], path[80];
    const char *of = c->block > 1 ? "blocks" : "symbols";
    lta_curve_path(group, sizeof group, c);
    snprintf(path, sizeof path, "%s/capacity", group);
    LTA_TRY(lta_writer_column(
        w, path, LTA_U64, c->curve.capacity, c->curve.n, of,
        "LRU capacity at each vertex of the curve: 0, then every capacity where the slope changes"));
    snprintf(path, sizeof path, "%s/hits", group);
    LTA_TRY(lta_writer_column(w, path, LTA_U64, c->curve.hits, c->curve.n, of,
                              "hits at that capacity; linear between vertices, constant after the last"));
    LTA_TRY(lta_writer_attribute_u64(w, group, "lookups", c->lookups));
    LTA_TRY(lta_writer_attribute_u64(w, group, "block", c->block));
    LTA_TRY(lta_writer_attribute_text(w, group, "scope", lta_scope_name(c->scope)));
    LTA_TRY(lta_writer_attribute_text(w, group, "unit", unit));
done:
    return st;
}

/* One task a scope and block size; with one source, scope source is left to a link. */
static lta_status compute_curves(const lta_run *run, const lta_trace *trace, const lta_trie *trie,
                                 const lta_reuse *reuse, const lta_curve_options *o, lta_curves *out)
{
    lta_status st = LTA_OK, first_bad = LTA_OK;
    char detail[512] = "";
    int64_t n_tasks = (int64_t)(o->n_scopes * o->n_blocks), worst = n_tasks;
    LTA_TRY(LTA_CALLOC(&out->curve, 2 * (uint64_t)n_tasks));
    out->n = 2 * (uint64_t)n_tasks;
    int threads = lta_compute_threads(run, LTA_OPERATION_CURVE, reuse->runs[LTA_SCOPE_GLOBAL].n_runs);
    _Atomic uint64_t n_done = 0;
    lta_progress_begin(run->log, "curve", " curves", (uint64_t)n_tasks);
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
    for (int64_t i = 0; i < n_tasks; i++) {
        lta_scope scope = o->scopes[(uint64_t)i / o->n_blocks];
        if (scope == LTA_SCOPE_SOURCE && trace->sources.n <= 1 && o->scopes[0] == LTA_SCOPE_GLOBAL)
            continue;
        lta_status s = curve_pair(run, trace, trie, reuse, scope, o->blocks[(uint64_t)i % o->n_blocks],
                                  &out->curve[2 * i]);
        if (s != LTA_OK)
#pragma omp critical(lta_curve_error)
            if (i < worst) {
                worst = i;
                first_bad = s;
                snprintf(detail, sizeof detail, "%s", lta_error_detail());
            }
#pragma omp critical(lta_curve_progress)
        lta_progress_update(run->log, ++n_done);
    }
    lta_progress_end(run->log);
    if (first_bad != LTA_OK)
        st = lta_fail(first_bad, "%s", detail);
done:
    return st;
}

lta_status lta_curve_begin(const lta_run *run, const char *store, const lta_curve_options *o,
                           lta_stage *stage, bool *current)
{
    static const char *const inputs[] = {"trace.h5", "trie.h5", "reuse.h5", NULL};
    return lta_stage_begin(stage, run, "curve", store, "curve.h5", parameters_of(o), inputs, current);
}

lta_status lta_curve_commit(const lta_stage *stage, const lta_curves *curves, const char *unit,
                            uint64_t *written, uint64_t *vertices)
{
    lta_status st = LTA_OK;
    lta_writer *w = NULL;
    *written = *vertices = 0;
    LTA_TRY(lta_stage_create(stage, &w));
    for (uint64_t i = 0; i < curves->n; i++)
        if (curves->curve[i].curve.n > 0) {
            LTA_TRY(write_curve(w, &curves->curve[i], unit));
            *vertices += curves->curve[i].curve.n;
            ++*written;
        }
    if (*written < curves->n)
        LTA_TRY(lta_writer_link(w, "/global", "/source"));
    LTA_TRY(lta_stage_commit(stage, w));
done:
    lta_writer_close(w);
    return st;
}

lta_status lta_curve_stage(const lta_run *run, const char *store, lta_curve_options *options)
{
    lta_status st = LTA_OK;
    lta_stage stage = {0};
    lta_trace trace = {0};
    lta_trie trie = {0};
    lta_reuse reuse = {0};
    lta_curves curves = {0};
    char trie_digest[LTA_SHA256_HEX] = "", reuse_digest[LTA_SHA256_HEX] = "";
    bool has, current;

    LTA_TRY(lta_stage_has_symbols(store, &has));
    if (!has)
        return lta_stage_skip(run, "curve", store, "curve.h5");
    LTA_TRY(lta_curve_options_resolve(store, options));
    LTA_TRY(lta_curve_begin(run, store, options, &stage, &current));
    if (current)
        goto done;
    LTA_TRY(lta_trace_load(store, false, &trace, NULL));
    LTA_TRY(lta_trie_load(run, store, trace.n, &trie, trie_digest));
    LTA_TRY(lta_reuse_load(run, store, trace.n, &reuse, reuse_digest));
    if (reuse.inputs_only != options->inputs_only) {
        st = lta_fail(LTA_ERR_USAGE,
                      "%s/reuse.h5 was made %s --inputs-only; give both stages the same, or ask with --csv",
                      store, reuse.inputs_only ? "with" : "without");
        goto done;
    }
    LTA_TRY(compute_curves(run, &trace, &trie, &reuse, options, &curves));

    uint64_t vertices, written;
    LTA_TRY(lta_curve_commit(&stage, &curves, lta_unit_name(trace.unit), &written, &vertices));
    lta_log_done(run->log, "curve", stage.started, trace.n, "%llu curves with %llu vertices (%s)",
                 (unsigned long long)written, (unsigned long long)vertices, lta_compute_device(run));
done:
    lta_curves_free(&curves);
    lta_reuse_leave(run, reuse_digest, &reuse);
    lta_trie_leave(run, trie_digest, &trie);
    lta_trace_free(&trace);
    lta_stage_end(&stage);
    return st;
}

static lta_status read_curve(const lta_reader *r, lta_stored_curve *c)
{
    lta_status st = LTA_OK;
    char group[64], path[80];
    uint64_t n_hits;
    lta_curve_path(group, sizeof group, c);
    LTA_TRY(lta_reader_attribute_u64(r, group, "lookups", &c->lookups));
    snprintf(path, sizeof path, "%s/capacity", group);
    LTA_TRY(lta_reader_column(r, path, LTA_U64, (void **)&c->curve.capacity, &c->curve.n));
    snprintf(path, sizeof path, "%s/hits", group);
    LTA_TRY(lta_reader_column(r, path, LTA_U64, (void **)&c->curve.hits, &n_hits));
    bool good = c->curve.n > 0 && n_hits == c->curve.n && c->curve.capacity[0] == 0 && c->curve.hits[0] == 0;
    for (uint64_t i = 1; good && i < c->curve.n; i++)
        good =
            c->curve.capacity[i] > c->curve.capacity[i - 1] && c->curve.hits[i] >= c->curve.hits[i - 1] &&
            (c->curve.hits[i] - c->curve.hits[i - 1]) % (c->curve.capacity[i] - c->curve.capacity[i - 1]) ==
                0;
    good = good && c->curve.hits[c->curve.n - 1] <= c->lookups;
    if (!good)
        st = lta_fail(LTA_ERR_FORMAT,
                      "%s:%s: no hit curve; expected vertices that rise from (0, 0) by whole slopes to at "
                      "most the lookups",
                      lta_reader_path(r), group);
done:
    return st;
}

/* "block16_reserve_last" -> 16, true */
static bool parse_group(const char *name, uint64_t *block, bool *reserve_last)
{
    char *end;
    if (strncmp(name, "block", 5) != 0 || name[5] < '1' || name[5] > '9')
        return false;
    *block = strtoull(name + 5, &end, 10);
    *reserve_last = strcmp(end, "_reserve_last") == 0;
    return *reserve_last || *end == '\0';
}

lta_status lta_curves_load(const char *store, lta_curves *out, char *digest)
{
    lta_status st = LTA_OK;
    lta_reader *r = NULL;
    lta_curves curves = {0};
    lta_strings members = {0};
    uint64_t capacity = 0;
    char *parameters = NULL;
    json_t *p = NULL;
    LTA_TRY(lta_stage_open_file(store, "curve.h5", true, &r));
    LTA_TRY(lta_reader_attribute_text(r, "/", "parameters", &parameters));
    p = json_loads(parameters, 0, NULL);
    curves.inputs_only = json_is_true(json_object_get(p, "inputs_only"));
    for (int s = 0; s < LTA_SCOPES; s++) {
        char group[16];
        snprintf(group, sizeof group, "/%s", lta_scope_name((lta_scope)s));
        if (!lta_reader_has(r, group))
            continue;
        lta_strings_free(&members);
        LTA_TRY(lta_reader_members(r, group, &members));
        for (uint64_t i = 0; i < members.n; i++) {
            lta_stored_curve c = {.scope = (lta_scope)s};
            if (!parse_group(lta_strings_get(&members, i), &c.block, &c.reserve_last))
                continue;
            LTA_TRY(LTA_GROW(&curves.curve, &capacity, curves.n + 1));
            curves.curve[curves.n] = c;
            LTA_TRY(read_curve(r, &curves.curve[curves.n++]));
        }
    }
    if (digest)
        memcpy(digest, lta_reader_digest(r), LTA_SHA256_HEX);
    *out = curves;
    curves = (lta_curves){0};
done:
    lta_strings_free(&members);
    lta_curves_free(&curves);
    json_decref(p);
    lta_free(parameters);
    lta_reader_close(r);
    return st;
}

const lta_stored_curve *lta_curves_find(const lta_curves *c, lta_scope scope, uint64_t block,
                                        bool reserve_last)
{
    for (uint64_t i = 0; i < c->n; i++)
        if (c->curve[i].scope == scope && c->curve[i].block == block &&
            c->curve[i].reserve_last == reserve_last)
            return &c->curve[i];
    return NULL;
}

void lta_curves_free(lta_curves *c)
{
    for (uint64_t i = 0; i < c->n; i++)
        lta_curve_free(&c->curve[i].curve);
    lta_free(c->curve);
    *c = (lta_curves){0};
}
