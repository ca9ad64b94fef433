/* pipeline/verify/verify_trie.c - the trie by itself, and against the sequences through hashes of prefixes.
 */
#include "kernels/compute.h"
#include "pipeline/core/array.h"
#include "pipeline/verify/verify_internal.h"

#include <stdlib.h>

/* Any base in [2^32, 2^61 - 1) will do; a fixed one makes reports repeatable. */
static const uint64_t hash_base = 1181783497276652981u;

static lta_status read_trie(const lta_reader *r, lta_trie *t)
{
    lta_status st = LTA_OK;
    LTA_TRY(lta_verify_length(r, "/trie/parent", &t->n_nodes));
    LTA_TRY(lta_verify_length(r, "/requests/full_node", &t->n_requests));
    LTA_TRY(lta_verify_column(r, "/trie/parent", LTA_I64, t->n_nodes, (void **)&t->parent));
    LTA_TRY(lta_verify_column(r, "/trie/depth", LTA_U32, t->n_nodes, (void **)&t->depth));
    LTA_TRY(lta_verify_column(r, "/trie/owner", LTA_U32, t->n_nodes, (void **)&t->owner));
    LTA_TRY(lta_verify_column(r, "/requests/input_node", LTA_I64, t->n_requests, (void **)&t->input_node));
    LTA_TRY(lta_verify_column(r, "/requests/full_node", LTA_I64, t->n_requests, (void **)&t->full_node));
done:
    return st;
}

/* Every node ends where a request ends or paths branch, and its owner is the lowest request below it. Rows of
 * children follow their parent's, so one pass upwards sees every subtree complete. */
static lta_status check_nodes(const char *file, const lta_trie *t)
{
    lta_status st = LTA_OK;
    uint32_t *lowest = NULL, *children = NULL;
    uint8_t *end = NULL;
    LTA_TRY(LTA_ALLOC(&lowest, t->n_nodes));
    LTA_TRY(LTA_CALLOC(&children, t->n_nodes));
    LTA_TRY(LTA_CALLOC(&end, t->n_nodes));
    for (uint64_t i = 0; i < t->n_nodes; i++)
        lowest[i] = UINT32_MAX;
    for (uint64_t r = 0; r < t->n_requests; r++) {
        if (t->input_node[r] >= 0)
            end[t->input_node[r]] = 1;
        if (t->full_node[r] < 0)
            continue;
        end[t->full_node[r]] = 1;
        if (lowest[t->full_node[r]] > r)
            lowest[t->full_node[r]] = (uint32_t)r;
    }
    for (uint64_t i = t->n_nodes; i-- > 0;) {
        if (lowest[i] != t->owner[i]) {
            st = lta_fail(LTA_ERR_FORMAT,
                          "%s:/trie/owner: row %llu is %u, but the lowest request below it is %lld", file,
                          (ull)i, t->owner[i], lowest[i] == UINT32_MAX ? -1LL : (long long)lowest[i]);
            goto done;
        }
        if (!end[i] && children[i] < 2) {
            st = lta_fail(LTA_ERR_FORMAT,
                          "%s:/trie: at the end of row %llu no request ends and no paths branch", file,
                          (ull)i);
            goto done;
        }
        if (t->parent[i] >= 0) {
            children[t->parent[i]]++;
            if (lowest[t->parent[i]] > lowest[i])
                lowest[t->parent[i]] = lowest[i];
        }
    }
done:
    lta_free(lowest);
    lta_free(children);
    lta_free(end);
    return st;
}

lta_status lta_verify_trie(const lta_run *run, const lta_reader *r)
{
    lta_status st = LTA_OK;
    lta_trie t = {0};
    (void)run;
    LTA_TRY(read_trie(r, &t));
    st = lta_trie_validate(&t);
    if (st == LTA_ERR_FORMAT) {
        char why[512];
        snprintf(why, sizeof why, "%s", lta_error_detail());
        st = lta_fail(st, "%s:/trie: %s", lta_reader_path(r), why);
    }
    if (st == LTA_OK)
        st = check_nodes(lta_reader_path(r), &t);
done:
    lta_trie_free(&t);
    return st;
}

/* ---- against the sequences ---- */

typedef struct queries { /* pairs of prefixes that must be equal: 2i and 2i + 1 */
    uint64_t n, capacity_request, capacity_depth;
    uint64_t *request;
    uint32_t *depth;
    uint64_t *hash;
} queries;

static lta_status add_pair(queries *q, uint64_t a, uint64_t b, uint32_t depth)
{
    lta_status st = LTA_OK;
    LTA_TRY(LTA_GROW(&q->request, &q->capacity_request, q->n + 2));
    LTA_TRY(LTA_GROW(&q->depth, &q->capacity_depth, q->n + 2));
    q->request[q->n] = a;
    q->request[q->n + 1] = b;
    q->depth[q->n] = q->depth[q->n + 1] = depth;
    q->n += 2;
done:
    return st;
}

/* Requests lie on the paths that their nodes name, and nodes below their parents: all through their owners.
 */
static lta_status check_paths(const lta_run *run, const char *file, const lta_trie *t, const lta_sequences *s)
{
    lta_status st = LTA_OK;
    queries q = {0};
    uint64_t n_requests = 0;
    for (uint64_t r = 0; r < t->n_requests; r++)
        for (int full = 0; full < 2; full++) {
            int64_t node = full ? t->full_node[r] : t->input_node[r];
            if (lta_verify_depth(t, node) != (full ? s->full_length[r] : s->input_length[r])) {
                st = lta_fail(LTA_ERR_FORMAT,
                              "%s:/requests/%s_node: row %llu ends at depth %u, but the sequence at %u", file,
                              full ? "full" : "input", (ull)r, lta_verify_depth(t, node),
                              full ? s->full_length[r] : s->input_length[r]);
                goto done;
            }
            if (node >= 0)
                LTA_TRY(add_pair(&q, r, t->owner[node], t->depth[node]));
        }
    n_requests = q.n;
    for (uint64_t i = 0; i < t->n_nodes; i++)
        if (t->parent[i] >= 0)
            LTA_TRY(add_pair(&q, t->owner[i], t->owner[t->parent[i]], t->depth[t->parent[i]]));
    LTA_TRY(LTA_ALLOC(&q.hash, q.n));
    LTA_TRY(lta_compute_prefix_hash(run, s, q.n, q.request, q.depth, hash_base, q.hash));
    for (uint64_t i = 0; i < q.n; i += 2)
        if (q.hash[i] != q.hash[i + 1]) {
            st = lta_fail(LTA_ERR_FORMAT,
                          "%s:/%s: requests %llu and %llu are said to share %u symbols, and don't", file,
                          i < n_requests ? "requests" : "trie", (ull)q.request[i], (ull)q.request[i + 1],
                          q.depth[i]);
            goto done;
        }
done:
    lta_free(q.request);
    lta_free(q.depth);
    lta_free(q.hash);
    return st;
}

typedef struct branch {
    int64_t parent;
    uint64_t symbol;
} branch;

static int compare_branches(const void *a, const void *b)
{
    const branch *x = a, *y = b;
    if (x->parent != y->parent)
        return x->parent < y->parent ? -1 : 1;
    return x->symbol < y->symbol ? -1 : x->symbol > y->symbol;
}

/* Children of one node begin with different symbols: otherwise one position would have two names. */
static lta_status check_siblings(const char *file, const lta_trie *t, const lta_sequences *s)
{
    branch *b = NULL;
    lta_status st = LTA_ALLOC(&b, t->n_nodes);
    if (st != LTA_OK)
        return st;
    for (uint64_t i = 0; i < t->n_nodes; i++) {
        uint64_t index;
        lta_sequences_span(s, t->owner[i], lta_verify_depth(t, t->parent[i]), &index);
        b[i] = (branch){t->parent[i], lta_sequences_symbol_at(s, index)};
    }
    qsort(b, t->n_nodes, sizeof *b, compare_branches);
    for (uint64_t i = 1; i < t->n_nodes && st == LTA_OK; i++)
        if (compare_branches(&b[i - 1], &b[i]) == 0)
            st = lta_fail(LTA_ERR_FORMAT, "%s:/trie: two children of row %lld begin with symbol %llu", file,
                          (long long)b[i].parent, (ull)b[i].symbol);
    lta_free(b);
    return st;
}

lta_status lta_verify_trie_against(const lta_run *run, const char *file, const lta_trie *trie,
                                   const lta_trace *trace)
{
    lta_status st = LTA_OK;
    LTA_TRY(check_paths(run, file, trie, &trace->sequences));
    LTA_TRY(check_siblings(file, trie, &trace->sequences));
done:
    return st;
}
