/* pipeline/split/split.c - the split stage: plan.h5, and what every piece needs. */
#include "pipeline/split/split.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/split/cut.h"
#include "pipeline/split/piece_set.h"
#include "pipeline/trie/trie.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* Bytes that a map and a reduce may need for what a piece holds, for the files that are open, and for the
 * program itself: more than all that was measured (jobs/README.md). */
enum {
    BYTES_OF_LOAD = 256,
    BYTES_OF_BLOCK_SIZE = 24, /* of each load and size of blocks */
    BYTES_OF_REQUEST = 512,
    BYTES_OF_FILE = 3 << 19,
    BYTES_OF_PROGRAM = 96 << 20
};

typedef struct splitting {
    const lta_run *run;
    const char *dir;
    json_t *digests; /* of the files it reads, and of the plan */
    lta_trace trace;
    lta_trie trie;
    lta_plan plan;
    lta_cut cut;
    uint32_t *groups[LTA_SCOPES];
    lta_part *slices;  /* [pieces] */
    uint32_t *number;  /* [n_nodes] of a node in its piece */
    uint64_t *n_nodes; /* [pieces] */
} splitting;

static void free_cuts(splitting *s)
{
    for (uint64_t k = 0; s->slices && k < s->plan.pieces; k++)
        lta_part_free(&s->slices[k]);
    lta_free(s->slices);
    s->slices = NULL;
    lta_cut_free(&s->cut);
}

static void splitting_free(splitting *s)
{
    free_cuts(s);
    for (int i = 0; i < LTA_SCOPES; i++)
        lta_free(s->groups[i]);
    lta_free(s->number);
    lta_free(s->n_nodes);
    lta_plan_free(&s->plan);
    lta_trie_free(&s->trie);
    lta_trace_free(&s->trace);
    json_decref(s->digests);
}

static lta_status plan_of(const lta_trace *trace, bool inputs_only, const lta_curve_options *curve,
                          lta_plan *p)
{
    lta_status st = LTA_OK;
    *p = (lta_plan){.n_requests = trace->n, .inputs_only = inputs_only, .one_source = trace->sources.n <= 1};
    for (int s = 0; s < LTA_SCOPES; s++)
        p->runs_in[s] = lta_trace_has_scope(trace, (lta_scope)s) && (s != LTA_SCOPE_SOURCE || !p->one_source);
    for (uint64_t i = 0; i < curve->n_scopes; i++)
        p->curves_in[curve->scopes[i]] = true;
    LTA_TRY(LTA_ALLOC(&p->blocks, curve->n_blocks));
    memcpy(p->blocks, curve->blocks, curve->n_blocks * sizeof *p->blocks);
    p->n_blocks = curve->n_blocks;
done:
    return st;
}

static lta_status set_boundaries(lta_plan *p, uint64_t pieces)
{
    lta_status st = LTA_OK;
    lta_free(p->boundary);
    p->boundary = NULL;
    p->pieces = pieces;
    LTA_TRY(LTA_ALLOC(&p->boundary, pieces + 1));
    for (uint64_t k = 0; k <= pieces; k++)
        p->boundary[k] = p->n_requests / pieces * k + p->n_requests % pieces * k / pieces;
done:
    return st;
}

static lta_status make_cuts(splitting *s, uint64_t pieces)
{
    lta_status st = LTA_OK;
    free_cuts(s);
    LTA_TRY(set_boundaries(&s->plan, pieces));
    LTA_TRY(lta_cut_trie(&s->trie, s->plan.inputs_only ? s->trie.input_node : s->trie.full_node, pieces,
                         &s->cut));
    LTA_TRY(LTA_CALLOC(&s->slices, pieces));
    LTA_TRY(lta_cut_crown(&s->cut, &s->plan, s->groups, s->slices));
done:
    return st;
}

static uint64_t crown_load(const lta_part *slice)
{
    uint64_t n = slice->visits.n + slice->n_nodes;
    for (int s = 0; s < LTA_SCOPES; s++)
        n += slice->earlier[s].n;
    return n;
}

static uint64_t largest_need(const splitting *s)
{
    uint64_t most = 0, open = s->plan.pieces < LTA_OPEN_PIECES ? s->plan.pieces : LTA_OPEN_PIECES;
    for (uint64_t k = 0; k < s->plan.pieces; k++) {
        uint64_t of_load = BYTES_OF_LOAD + BYTES_OF_BLOCK_SIZE * s->plan.n_blocks;
        uint64_t crown = crown_load(&s->slices[k]) * of_load; /* both solve it */
        uint64_t map = s->cut.load[k] * of_load + crown;
        uint64_t reduce = (s->plan.boundary[k + 1] - s->plan.boundary[k]) * BYTES_OF_REQUEST + crown +
                          s->plan.n_requests / 4 + open * BYTES_OF_FILE;
        most = map > most ? map : most;
        most = reduce > most ? reduce : most;
    }
    return most + BYTES_OF_PROGRAM;
}

static lta_status cut_to_fit(splitting *s, const lta_split_options *o)
{
    lta_status st = LTA_OK;
    uint64_t pieces = o->pieces > 0 ? o->pieces : 1, before = UINT64_MAX;
    LTA_TRY(make_cuts(s, pieces));
    while (o->piece_memory > 0 && largest_need(s) > o->piece_memory) {
        if (pieces == LTA_MOST_PIECES || largest_need(s) >= before) {
            st = lta_fail(LTA_ERR_USAGE,
                          "--piece-memory %llu: %llu pieces need %llu bytes each; expected a larger one",
                          (unsigned long long)o->piece_memory, (unsigned long long)pieces,
                          (unsigned long long)largest_need(s));
            goto done;
        }
        before = largest_need(s);
        pieces = 2 * pieces < LTA_MOST_PIECES ? 2 * pieces : LTA_MOST_PIECES;
        LTA_TRY(make_cuts(s, pieces));
    }
done:
    return st;
}

static lta_status number_nodes(splitting *s)
{
    lta_status st = LTA_OK;
    LTA_TRY(LTA_ALLOC(&s->number, s->trie.n_nodes));
    LTA_TRY(LTA_CALLOC(&s->n_nodes, s->plan.pieces));
    for (uint64_t v = 0; v < s->trie.n_nodes; v++)
        if (s->cut.piece[v] != LTA_IN_CROWN)
            s->number[v] = (uint32_t)s->n_nodes[s->cut.piece[v]]++;
    for (uint64_t k = 0; k < s->plan.pieces; k++)
        if (s->n_nodes[k] > UINT32_MAX) {
            st = lta_fail(LTA_ERR_USAGE,
                          "piece %llu has %llu nodes of the trie, expected less than 2^32; take more pieces",
                          (unsigned long long)k, (unsigned long long)s->n_nodes[k]);
            goto done;
        }
done:
    return st;
}

static uint32_t piece_of(const splitting *s, uint64_t r)
{
    return s->cut.touched[r] < 0 ? LTA_IN_CROWN : s->cut.piece[s->cut.touched[r]];
}

static lta_status subtrees_of(const splitting *s, uint64_t k, lta_renumber *numbers, lta_part *p)
{
    lta_status st = LTA_OK;
    const lta_trie *t = &s->trie;
    p->n_nodes = s->n_nodes[k];
    LTA_TRY(LTA_ALLOC(&p->parent, p->n_nodes));
    LTA_TRY(LTA_ALLOC(&p->depth, p->n_nodes));
    LTA_TRY(LTA_ALLOC(&p->start, p->n_nodes));
    for (uint64_t v = 0, i = 0; v < t->n_nodes; v++) {
        if (s->cut.piece[v] != k)
            continue;
        int64_t above = t->parent[v];
        bool inside = above >= 0 && s->cut.piece[above] != LTA_IN_CROWN;
        p->parent[i] = inside ? (int64_t)s->number[above] : -1;
        p->start[i] = inside ? p->start[s->number[above]] : above < 0 ? 0 : t->depth[above];
        p->depth[i++] = t->depth[v];
    }
    lta_touches *visits = &p->visits;
    for (uint64_t r = 0; r < t->n_requests; r++)
        visits->n += piece_of(s, r) == k;
    LTA_TRY(LTA_ALLOC(&visits->request, visits->n));
    LTA_TRY(LTA_ALLOC(&visits->node, visits->n));
    uint64_t i = 0;
    for (uint64_t r = 0; r < t->n_requests; r++)
        if (piece_of(s, r) == k) {
            visits->request[i] = (uint32_t)r;
            visits->node[i++] = s->number[s->cut.touched[r]];
        }
    for (int g = 0; g < LTA_SCOPES; g++) {
        if (!s->groups[g])
            continue;
        LTA_TRY(LTA_ALLOC(&visits->group[g], visits->n));
        lta_renumber_begin(&numbers[g]);
        for (i = 0; i < visits->n; i++)
            visits->group[g][i] = lta_renumber_of(&numbers[g], s->groups[g][visits->request[i]]);
    }
    for (int g = 0; g < LTA_SCOPES; g++)
        if (s->plan.runs_in[g]) {
            LTA_TRY(LTA_ALLOC(&p->earlier[g].request, 0));
            LTA_TRY(LTA_ALLOC(&p->earlier[g].node, 0));
            LTA_TRY(LTA_ALLOC(&p->earlier[g].group[g], 0));
        }
done:
    return st;
}

/* How far the touched paths of the range's requests go, and their lookups. */
static lta_status write_range(const splitting *s, lta_writer *w, uint64_t k)
{
    lta_status st = LTA_OK;
    uint64_t from = s->plan.boundary[k], n = s->plan.boundary[k + 1] - from;
    uint32_t *length = NULL;
    LTA_TRY(LTA_ALLOC(&length, n));
    for (uint64_t i = 0; i < n; i++) {
        int64_t node = s->cut.touched[from + i];
        length[i] = node < 0 ? 0 : s->trie.depth[node];
    }
    LTA_TRY(lta_writer_column(w, "/range/end", LTA_U32, length, n, "symbols",
                              "depth at which the touched path of each request of the range ends"));
    for (int reserve = 0; reserve < 2; reserve++) {
        for (uint64_t i = 0; i < n; i++)
            length[i] = lta_lookup_length(&s->trace, &s->trie, from + i, reserve == 1);
        LTA_TRY(lta_writer_column(w, reserve ? "/range/lookup_reserve_last" : "/range/lookup", LTA_U32,
                                  length, n, "symbols",
                                  "symbols that the lookup of each request of the range covers"));
    }
done:
    lta_free(length);
    return st;
}

static lta_status write_piece(const splitting *s, uint64_t k, lta_renumber *numbers)
{
    lta_status st = LTA_OK;
    lta_piece_file f = {0};
    lta_part part = {0};
    lta_writer *w = NULL;
    json_t *inputs = json_object();
    char name[32];
    bool current;
    lta_piece_name(name, "piece", k);
    LTA_TRY(lta_piece_input(inputs, s->digests, "plan.h5"));
    LTA_TRY(lta_piece_begin(&f, s->run, s->dir, name, json_pack("{s:I}", "piece", (json_int_t)k),
                            json_incref(inputs), &current));
    if (current)
        goto done;
    LTA_TRY(subtrees_of(s, k, numbers, &part));
    LTA_TRY(lta_piece_create(&f, &w));
    LTA_TRY(lta_part_write(w, "/crown", &s->plan, &s->slices[k]));
    LTA_TRY(lta_part_write(w, "/subtrees", &s->plan, &part));
    LTA_TRY(write_range(s, w, k));
    LTA_TRY(lta_piece_commit(&f, w));
done:
    json_decref(inputs);
    lta_writer_close(w);
    lta_part_free(&part);
    lta_piece_end(&f);
    return st;
}

static lta_status write_plan(const splitting *s)
{
    lta_status st = LTA_OK;
    lta_piece_file f = {0};
    lta_writer *w = NULL;
    uint64_t *load = NULL, n = s->plan.pieces;
    json_t *inputs = json_object();
    bool current;
    LTA_TRY(lta_piece_input(inputs, s->digests, "trace.h5"));
    LTA_TRY(lta_piece_input(inputs, s->digests, "trie.h5"));
    LTA_TRY(lta_piece_begin(&f, s->run, s->dir, "plan.h5", lta_plan_parameters(&s->plan), json_incref(inputs),
                            &current));
    if (current)
        goto done;
    LTA_TRY(lta_piece_create(&f, &w));
    LTA_TRY(lta_writer_column(w, "/range/boundary", LTA_U64, s->plan.boundary, n + 1, "1",
                              "requests of range k are those from boundary[k] to boundary[k + 1] - 1"));
    LTA_TRY(lta_writer_column(w, "/piece/subtrees", LTA_U64, s->cut.load, n, "1",
                              "requests and nodes in the piece's subtrees"));
    LTA_TRY(LTA_ALLOC(&load, n));
    for (uint64_t k = 0; k < n; k++)
        load[k] = crown_load(&s->slices[k]);
    LTA_TRY(lta_writer_column(w, "/piece/crown", LTA_U64, load, n, "1",
                              "requests, earlier requests and nodes in the piece's range of the crown"));
    LTA_TRY(lta_piece_commit(&f, w));
done:
    json_decref(inputs);
    lta_free(load);
    lta_writer_close(w);
    lta_piece_end(&f);
    return st;
}

static lta_status make_folder(const char *dir)
{
    if (mkdir(dir, 0777) != 0 && errno != EEXIST)
        return lta_fail_errno(LTA_ERR_RUN, errno, "%s: could not be made", dir);
    return LTA_OK;
}

static void say(const splitting *s, double started)
{
    uint64_t most = 0, sum = 0, n = s->plan.pieces;
    for (uint64_t k = 0; k < n; k++) {
        uint64_t load = s->cut.load[k] + crown_load(&s->slices[k]);
        most = load > most ? load : most;
        sum += load;
    }
    lta_log_done(s->run->log, "split", started, s->plan.n_requests,
                 "%llu pieces: %llu subtrees under %llu crown nodes, largest piece %.3f of the mean",
                 (unsigned long long)n, (unsigned long long)s->cut.n_tops, (unsigned long long)s->cut.n_crown,
                 sum > 0 ? (double)most * (double)n / (double)sum : 1.0);
}

static lta_status note_digest(const splitting *s, const char *file, const char *digest)
{
    if (json_object_set_new(s->digests, file, json_string(digest)) != 0)
        return lta_fail(LTA_ERR_NOMEM, "%s: could not note its digest", file);
    return LTA_OK;
}

lta_status lta_split_stage(const lta_run *run, const char *store, const lta_split_options *options,
                           bool inputs_only, lta_curve_options *curve)
{
    lta_status st = LTA_OK;
    splitting s = {.run = run, .digests = json_object()};
    lta_renumber numbers[LTA_SCOPES] = {0};
    char *dir = NULL, trace[LTA_SHA256_HEX], trie[LTA_SHA256_HEX];
    double started = lta_seconds();
    bool has;
    LTA_TRY(lta_stage_has_symbols(store, &has));
    if (!has) {
        st = lta_fail(LTA_ERR_USAGE,
                      "%s: its sources give no tokens and no block ids, so nothing is to be split", store);
        goto done;
    }
    LTA_TRY(lta_curve_options_resolve(store, curve));
    LTA_TRY(lta_trace_load(store, false, &s.trace, trace));
    LTA_TRY(lta_trie_load(run, store, s.trace.n, &s.trie, trie));
    LTA_TRY(note_digest(&s, "trace.h5", trace));
    LTA_TRY(note_digest(&s, "trie.h5", trie));
    LTA_TRY(lta_join_path(store, "pieces", &dir));
    s.dir = dir;
    LTA_TRY(plan_of(&s.trace, inputs_only, curve, &s.plan));
    for (int g = 0; g < LTA_SCOPES; g++)
        if (s.plan.runs_in[g])
            LTA_TRY(lta_scope_groups(&s.trace, (lta_scope)g, &s.groups[g]));
    LTA_TRY(cut_to_fit(&s, options));
    LTA_TRY(number_nodes(&s));
    LTA_TRY(make_folder(dir));
    LTA_TRY(write_plan(&s));
    LTA_TRY(lta_piece_note(dir, "plan.h5", s.digests));
    for (int g = 0; g < LTA_SCOPES; g++)
        if (s.groups[g])
            LTA_TRY(lta_renumber_create(s.groups[g], s.trace.n, &numbers[g]));
    lta_progress_begin(run->log, "split", " pieces", s.plan.pieces);
    for (uint64_t k = 0; k < s.plan.pieces; k++) {
        LTA_TRY(lta_check_stop(run));
        LTA_TRY(write_piece(&s, k, numbers));
        lta_progress_update(run->log, k + 1);
    }
    lta_progress_end(run->log);
    say(&s, started);
done:
    for (int g = 0; g < LTA_SCOPES; g++)
        lta_renumber_free(&numbers[g]);
    splitting_free(&s);
    lta_free(dir);
    return st;
}
