/* pipeline/import/csv_rows.c - CSV files whose rows can be read one without the other, by several threads.
 *
 * A window of the file, some MiB, is cut at line ends into blocks, threads parse the blocks, and then one
 * thread adds the rows in order. A row that cannot be parsed is only marked, and read again when its turn
 * comes: so the message, the line and the count of dropped rows are those of reading row by row. A line end
 * inside quotes would spoil the cuts. From the first block that holds a quote on, the file is read row by
 * row. */
#include "pipeline/import/import_internal.h"

#include "pipeline/core/array.h"

#include <string.h>

enum { BLOCK = 1 << 16, N_BLOCKS = 64 };

typedef struct bad_row {
    uint64_t row; /* in the block */
    const char *text;
} bad_row;

typedef struct csv_block {
    const char *from, *to; /* whole lines, without the last one's end; nothing if from is NULL */
    lta_csv_scan scan;
    lta_place place;
    void *row; /* [n], those of bad rows undefined */
    uint64_t n, row_capacity;
    bad_row *bad;
    uint64_t n_bad, bad_capacity;
    bool quoted;       /* holds a quote: not parsed */
    lta_status status; /* other than of bad rows */
} csv_block;

typedef struct row_reader {
    const lta_csv_rows *rows;
    void *context;
    void *row; /* for rows read one by one */
} row_reader;

/* One row for lta_read_csv(). */
static lta_status read_row(lta_import_source *s, const lta_csv_scan *c, void *context)
{
    row_reader *r = context;
    lta_status st = LTA_OK;
    LTA_TRY(r->rows->parse(c, r->context, r->row));
    LTA_TRY(r->rows->add(s, r->row, r->context));
done:
    return st;
}

/* Cuts what begins at c->next into blocks; c->next becomes what follows them. */
static void cut_window(lta_csv_scan *c, csv_block *block)
{
    for (size_t i = 0; i < N_BLOCKS; i++) {
        const char *from = c->next, *newline = NULL;
        block[i].from = from;
        if (!from)
            continue;
        if (c->end - from > BLOCK)
            newline = memchr(from + BLOCK - 1, '\n', (size_t)(c->end - from - BLOCK + 1));
        block[i].to = newline ? newline : c->end;
        c->next = newline ? newline + 1 : NULL;
    }
}

static lta_status parse_rows(const lta_csv_scan *c, const row_reader *r, csv_block *b)
{
    lta_status st = LTA_OK;
    size_t size = (size_t)(b->to - b->from);
    b->n = b->n_bad = 0;
    b->quoted = memchr(b->from, '"', size) != NULL;
    if (b->quoted)
        return LTA_OK;
    lta_csv_scan_part(c, b->from, size, &b->place, &b->scan);
    for (;; b->n++) {
        const char *text = b->scan.next;
        bool more;
        if (b->n == b->row_capacity)
            LTA_TRY(lta_grow_bytes(&b->row, &b->row_capacity, b->n + 1, r->rows->row_bytes));
        st = lta_csv_scan_next(&b->scan, &more);
        if (st == LTA_OK && !more)
            break;
        if (st == LTA_OK)
            st = r->rows->parse(&b->scan, r->context, (char *)b->row + b->n * r->rows->row_bytes);
        if (st == LTA_ERR_FORMAT) {
            LTA_TRY(LTA_GROW(&b->bad, &b->bad_capacity, b->n_bad + 1));
            b->bad[b->n_bad++] = (bad_row){.row = b->n, .text = text};
            st = LTA_OK;
        }
        LTA_TRY(st);
    }
done:
    return st;
}

/* Reads a bad row where it stands in the file. */
static lta_status read_again(lta_import_source *s, lta_csv_scan *c, const char *text, row_reader *r)
{
    lta_csv_scan at = *c; /* keeps the arrays, which may grow */
    bool more;
    at.next = text;
    at.next_line = s->place.line;
    lta_status st = lta_csv_scan_next(&at, &more);
    if (st == LTA_OK)
        st = read_row(s, &at, r);
    at.next = c->next;
    at.next_line = c->next_line;
    *c = at;
    return st;
}

/* Adds the rows of a block whose first line has the number c->next_line, and moves that on. */
static lta_status add_rows(lta_import_source *s, lta_csv_scan *c, const csv_block *b, row_reader *r)
{
    lta_status st = LTA_OK;
    uint64_t k = 0;
    const char *row = b->row;
    for (uint64_t i = 0; i < b->n; i++, row += r->rows->row_bytes) {
        s->place.reason = NULL;
        s->place.line = c->next_line + i;
        if (k < b->n_bad && b->bad[k].row == i)
            st = read_again(s, c, b->bad[k++].text, r);
        else
            st = r->rows->add(s, row, r->context);
        LTA_TRY(lta_end_row(s, st, b->from));
    }
    c->next_line += b->n;
done:
    return st;
}

static lta_status read_window(lta_import_source *s, lta_csv_scan *c, csv_block *block, row_reader *r)
{
    lta_status st = LTA_OK;
    cut_window(c, block);
#pragma omp parallel for schedule(dynamic, 1) num_threads(s->run->threads)
    for (size_t i = 0; i < N_BLOCKS; i++)
        block[i].status = block[i].from ? parse_rows(c, r, &block[i]) : LTA_OK;
    for (size_t i = 0; i < N_BLOCKS && block[i].from; i++) {
        if (block[i].status != LTA_OK) { /* its detail may be another thread's */
            st = lta_fail(block[i].status, "%s: could not allocate the rows of %zu bytes of it",
                          s->place.file, (size_t)(block[i].to - block[i].from));
            goto done;
        }
        if (block[i].quoted) {
            c->next = block[i].from;
            st = lta_read_csv(s, c, read_row, r);
            goto done;
        }
        LTA_TRY(add_rows(s, c, &block[i], r));
    }
done:
    return st;
}

lta_status lta_read_csv_rows(lta_import_source *s, lta_csv_scan *c, const lta_csv_rows *rows, void *context)
{
    lta_status st = LTA_OK;
    row_reader r = {.rows = rows, .context = context};
    csv_block *block = NULL;
    LTA_TRY(LTA_CALLOC(&block, N_BLOCKS));
    for (size_t i = 0; i < N_BLOCKS; i++)
        block[i].place = s->place;
    LTA_TRY(lta_alloc_bytes(&r.row, 1, rows->row_bytes));
    while (c->next)
        LTA_TRY(read_window(s, c, block, &r));
done:
    for (size_t i = 0; block && i < N_BLOCKS; i++) {
        lta_csv_scan_close(&block[i].scan);
        lta_free(block[i].row);
        lta_free(block[i].bad);
    }
    lta_free(block);
    lta_free(r.row);
    return st;
}
