/* pipeline/import/marconi_scan.c - the file in parts, each on its way from text to rows.
 *
 * The file is cut at line ends into parts, and four things happen to each part: its lines are found, and what
 * stands before the tokens is read; each line is told which line of its session comes before it; each is
 * compared with that one, where it stands in the mapping, and what is new is read; the rows are added. The
 * second and the last go from part to part in the order of the file, the others side by side, and so does
 * everything of parts that do not wait for each other. What was known of a line's predecessor counts only if
 * that very line has become the session's last row; otherwise the line is read again without it. */
#include "pipeline/import/marconi_scan.h"

#include "pipeline/core/array.h"
#include "pipeline/core/strings.h"
#include "pipeline/import/spaced_integers.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

enum { PART = 1 << 18, PARTS_A_THREAD = 8, MOST_PARTS = 512, NUMBER_TEXT = 40 };
#define NO_LINE    0          /* lines are numbered from 1 */
#define OTHER_LINE UINT64_MAX /* one that no line can be compared with */

static const char between[] = "], \"output_tokens\": [", behind[] = "]}";
enum { BETWEEN = sizeof between - 1, BEHIND = sizeof behind - 1 };

/* A session's last line, or last row, so far. */
typedef struct session_line {
    uint64_t session, line; /* NO_LINE: the slot is free */
    const char *tokens, *end;
    uint32_t n_input, n_output;
    uint64_t bytes; /* of the input; of rows alone */
} session_line;

typedef struct session_table {
    session_line *slot; /* [size], a power of two, at most half full */
    uint64_t size, n;
} session_table;

typedef struct marconi_line {
    const char *text, *end;
    const char *tokens; /* behind the bracket of the input; NULL: the line is not as json.dump writes it */
    lta_marconi_row row;
    uint64_t first_symbol; /* in the part's symbols */
    session_line before;   /* .line NO_LINE: there is none */
    uint64_t bytes;        /* of the input */
    uint64_t agreeing;     /* bytes that were taken to be in the input of the line before */
    bool read;
} marconi_line;

typedef struct part {
    const char *to; /* its end, without the last line's end */
    marconi_line *line;
    uint64_t n, line_capacity;
    uint64_t *symbols;
    uint64_t n_symbols, symbols_capacity;
    lta_status status;
} part;

typedef struct scan {
    lta_import_source *source;
    const lta_marconi_reader *reader;
    const lta_spaced_integers *integers;
    locale_t c_locale;
    part *part;
    uint64_t n_parts;
    /* telling lines what comes before them */
    session_table last_lines;
    uint64_t n_linked;
    /* adding rows */
    session_table last_rows;
    uint64_t n_added;
    lta_json json;
    part again;   /* for lines that are read again */
    char *detail; /* what adding said of its failure, in whichever thread */
    lta_status added, digested;
    _Atomic bool failed;
} scan;

/* ---- heads ---- */

static bool take(const char **p, const char *end, const char *text, size_t n)
{
    if ((size_t)(end - *p) < n || memcmp(*p, text, n) != 0)
        return false;
    *p += n;
    return true;
}
#define TAKE(p, end, literal) take(p, end, literal, sizeof literal - 1)

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A number of at most 18 digits. */
static bool take_u64(const char **p, const char *end, uint64_t *out)
{
    enum { MOST = 18 };
    const char *start = *p;
    uint64_t v = 0;
    for (; *p < end && is_digit(**p) && *p - start <= MOST; ++*p)
        v = v * 10 + (uint64_t)(**p - '0');
    *out = v;
    return *p > start && *p - start <= MOST && (*start != '0' || *p - start == 1);
}

static bool take_u32(const char **p, const char *end, uint32_t *out)
{
    uint64_t v;
    if (!take_u64(p, end, &v) || v >= LTA_NO_U32)
        return false;
    *out = (uint32_t)v;
    return true;
}

/* Digits with digits behind a point or without; what needs an exponent is left to the general parser. Up to
 * 15 digits and a power of ten up to 22 are exact as they are, so that one division rounds as strtod() does
 * (Clinger, "How to read floating point numbers accurately", PLDI 1990). */
static bool take_f64(const char **p, const char *end, locale_t c_locale, double *out)
{
    enum { EXACT_DIGITS = 15 };
    static const double power[EXACT_DIGITS + 1] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const char *start = *p, *point = NULL;
    char copy[NUMBER_TEXT];
    uint64_t v = 0;
    size_t n;
    for (; *p < end && (is_digit(**p) || (**p == '.' && !point && *p > start)); ++*p)
        if (**p == '.')
            point = *p;
        else
            v = v * 10 + (uint64_t)(**p - '0');
    n = (size_t)(*p - start);
    if (n == 0 || n >= NUMBER_TEXT || (*start == '0' && n > 1 && start[1] != '.') || point == *p - 1)
        return false;
    if (n <= EXACT_DIGITS) {
        *out = (double)v / power[point ? *p - point - 1 : 0];
        return true;
    }
    memcpy(copy, start, n);
    copy[n] = '\0';
    *out = strtod_l(copy, NULL, c_locale);
    return true;
}

static void read_head(const scan *c, marconi_line *l)
{
    const char *p = l->text, *end = l->end;
    lta_marconi_row *r = &l->row;
    bool good = TAKE(&p, end, "{\"session_id\": ") && take_u64(&p, end, &r->session) &&
                TAKE(&p, end, ", \"turn_id\": ") && take_u32(&p, end, &r->turn) &&
                TAKE(&p, end, ", \"ts\": ") && take_f64(&p, end, c->c_locale, &r->ts) &&
                TAKE(&p, end, ", \"num_input_tokens\": ") && take_u32(&p, end, &r->n_input) &&
                TAKE(&p, end, ", \"num_output_tokens\": ") && take_u32(&p, end, &r->n_output) &&
                TAKE(&p, end, ", \"input_tokens\": [");
    l->tokens = good && (uint64_t)r->n_input + r->n_output < LTA_NO_U32 ? p : NULL;
}

static lta_status find_lines(const scan *c, part *b, const char *from)
{
    lta_status st = LTA_OK;
    b->n = b->n_symbols = 0;
    while (from) {
        const char *newline = c->integers->line_end(from, b->to), *end = newline ? newline : b->to;
        LTA_TRY(LTA_GROW(&b->line, &b->line_capacity, b->n + 1));
        marconi_line *l = &b->line[b->n++];
        *l = (marconi_line){.text = from, .end = end > from && end[-1] == '\r' ? end - 1 : end};
        read_head(c, l);
        from = newline ? newline + 1 : NULL;
    }
done:
    return st;
}

/* ---- sessions ---- */

/* The slot of a session, or the free one where it belongs. */
static uint64_t find_session(const session_table *t, uint64_t session)
{
    uint64_t i = (session * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (t->size - 1);
    while (t->slot[i].line != NO_LINE && t->slot[i].session != session)
        i = (i + 1) & (t->size - 1);
    return i;
}

static lta_status make_room(session_table *t, uint64_t more)
{
    lta_status st = LTA_OK;
    session_table larger = {.size = t->size > 0 ? t->size : 64, .n = t->n};
    while (larger.size < 2 * (t->n + more))
        larger.size *= 2;
    if (larger.size == t->size)
        return LTA_OK;
    LTA_TRY(LTA_CALLOC(&larger.slot, larger.size));
    for (uint64_t i = 0; i < t->size; i++)
        if (t->slot[i].line != NO_LINE)
            larger.slot[find_session(&larger, t->slot[i].session)] = t->slot[i];
    lta_free(t->slot);
    *t = larger;
done:
    return st;
}

/* Tells the lines of a part what comes before them in their sessions. */
static lta_status link_lines(scan *c, part *b)
{
    lta_status st = LTA_OK;
    session_table *t = &c->last_lines;
    LTA_TRY(make_room(t, b->n));
    for (uint64_t i = 0; i < b->n; i++) {
        marconi_line *l = &b->line[i];
        c->n_linked++;
        if (!l->tokens)
            continue;
        session_line *s = &t->slot[find_session(t, l->row.session)];
        t->n += s->line == NO_LINE;
        l->before = *s;
        *s = (session_line){.session = l->row.session,
                            .line = c->n_linked,
                            .tokens = l->tokens,
                            .end = l->end,
                            .n_input = l->row.n_input,
                            .n_output = l->row.n_output};
    }
done:
    return st;
}

/* ---- bodies ---- */

/* The last place up to p, not before start, where a number begins. */
static const char *number_start(const char *start, const char *p)
{
    while (p > start && p[-1] != ' ')
        p--;
    return p;
}

/* Steps over numbers of x that agree with y, whole ones, and counts them into *n. */
static const char *step_agreeing(const scan *c, const char *x, size_t agree, uint32_t *n)
{
    const char *to = number_start(x, x + agree);
    *n += (uint32_t)c->integers->commas(x, (size_t)(to - x));
    return to;
}

static size_t agreement(const scan *c, const char *x, const char *x_end, const char *y, const char *y_end)
{
    size_t n = (size_t)(x_end - x < y_end - y ? x_end - x : y_end - y);
    return c->integers->common(x, y, n);
}

/* Where to read on in the input of line l, whose first *n_known tokens are the first ones of the line before.
 * That line is as json.dump writes it and its input no shorter than l->agreeing, or what comes out is never
 * used. */
static const char *skip_known(const scan *c, marconi_line *l, uint32_t *n_known)
{
    const session_line *b = &l->before;
    const char *x = l->tokens, *y = b->tokens;
    size_t agree = agreement(c, x, l->end, y, b->end);
    *n_known = 0;
    l->agreeing = 0;
    if (l->row.n_input <= b->n_input) { /* what is cut off, or sent again */
        const char *stop = memchr(x, ']', agree);
        return step_agreeing(c, x, stop ? (size_t)(stop - x) : agree, n_known);
    }
    l->agreeing = agree;
    const char *x2 = x + agree, *y2 = y + agree;
    if (l->end - x2 < 2 || x2[0] != ',' || x2[1] != ' ' || !take(&y2, b->end, between, BETWEEN))
        return step_agreeing(c, x, agree, n_known);
    /* all of the input before; its output may follow */
    x2 += 2;
    *n_known = b->n_input;
    agree = agreement(c, x2, l->end, y2, b->end);
    const char *x3 = x2 + agree, *y3 = y2 + agree;
    if (agree == 0 || l->end - x3 < 2 || x3[0] != ',' || x3[1] != ' ' || !take(&y3, b->end, behind, BEHIND))
        return step_agreeing(c, x2, agree, n_known);
    *n_known += b->n_output;
    return x3 + 2;
}

/* Reads n numbers, to be followed by a bracket, at which *p then stands. */
static bool read_numbers(const scan *c, const char **p, const char *end, uint64_t *out, uint32_t n)
{
    return c->integers->read(p, end, out, n) == n && *p < end && **p == ']';
}

/* Fills in the row of a line, its symbols behind those of the part; sets l->read if all of it is as json.dump
 * writes it. */
static lta_status read_body(const scan *c, part *b, marconi_line *l)
{
    lta_status st = LTA_OK;
    lta_marconi_row *r = &l->row;
    const char *p = l->tokens;
    l->read = false;
    r->n_known = 0;
    if (l->before.line != NO_LINE)
        p = skip_known(c, l, &r->n_known);
    if (r->n_known > r->n_input)
        return LTA_OK;
    uint64_t n = (uint64_t)r->n_input + r->n_output - r->n_known;
    LTA_TRY(LTA_GROW(&b->symbols, &b->symbols_capacity, b->n_symbols + n));
    uint64_t *symbols = b->symbols + b->n_symbols;
    uint32_t n_input = r->n_input - r->n_known;
    if (n > (uint64_t)(l->end - p)) /* more numbers than bytes: the counts are wrong */
        return LTA_OK;
    if (!read_numbers(c, &p, l->end, symbols, n_input))
        return LTA_OK;
    l->bytes = (uint64_t)(p - l->tokens);
    l->read = take(&p, l->end, between, BETWEEN) &&
              read_numbers(c, &p, l->end, symbols + n_input, r->n_output) &&
              take(&p, l->end, behind, BEHIND) && p == l->end;
    l->first_symbol = b->n_symbols;
    b->n_symbols += l->read ? n : 0;
done:
    return st;
}

static lta_status read_bodies(const scan *c, part *b)
{
    lta_status st = LTA_OK;
    for (uint64_t i = 0; i < b->n; i++)
        if (b->line[i].tokens)
            LTA_TRY(read_body(c, b, &b->line[i]));
done:
    return st;
}

/* ---- rows ---- */

static lta_status note_row(scan *c, uint64_t session, uint64_t line, uint64_t bytes)
{
    lta_status st = make_room(&c->last_rows, 1);
    if (st != LTA_OK)
        return st;
    session_line *s = &c->last_rows.slot[find_session(&c->last_rows, session)];
    c->last_rows.n += s->line == NO_LINE;
    *s = (session_line){.session = session, .line = line, .bytes = bytes};
    return LTA_OK;
}

static lta_status add_general(scan *c, const marconi_line *l)
{
    const lta_marconi_reader *r = c->reader;
    lta_place *place = &c->source->place;
    uint64_t session = 0;
    size_t length = (size_t)(l->end - l->text);
    lta_json_begin(&c->json, l->text, length);
    lta_status st = length > 0 ? r->add_line(c->source, &c->json, &session, r->context)
                               : lta_bad_row(place, "empty line", "is empty, expected a JSON object");
    return st == LTA_OK ? note_row(c, session, OTHER_LINE, 0) : st;
}

/* Was what is known of line l taken from its session's last row? */
static bool is_sound(const scan *c, const marconi_line *l)
{
    if (l->row.n_known == 0)
        return true;
    const session_table *t = &c->last_rows;
    const session_line *s = t->size > 0 ? &t->slot[find_session(t, l->row.session)] : NULL;
    return s && l->before.line == s->line && l->agreeing <= s->bytes;
}

static lta_status add_line(scan *c, part *b, marconi_line *l)
{
    lta_status st = LTA_OK;
    if (l->read && !is_sound(c, l)) {
        l->before.line = NO_LINE;
        b = &c->again;
        b->n_symbols = 0;
        LTA_TRY(read_body(c, b, l));
    }
    if (!l->read)
        return add_general(c, l);
    l->row.symbols = b->symbols + l->first_symbol;
    LTA_TRY(c->reader->add(c->source, &l->row, c->reader->context));
    LTA_TRY(note_row(c, l->row.session, c->n_added, l->bytes));
done:
    return st;
}

static lta_status add_lines(scan *c, part *b)
{
    lta_status st = b->status;
    if (st != LTA_OK) /* its detail is another thread's */
        LTA_TRY(lta_fail(st, "%s: could not allocate the lines of a part of it", c->source->place.file));
    for (uint64_t i = 0; i < b->n; i++) {
        c->source->place.line = ++c->n_added;
        c->source->place.reason = NULL;
        st = add_line(c, b, &b->line[i]);
        LTA_TRY(lta_end_row(c->source, st, b->line[i].end));
    }
done:
    return st;
}

/* ---- parts ---- */

/* What happens to a part, in this order. After a failure nothing does. */

static void do_find(scan *c, part *b, const char *from, const char *to)
{
    b->to = to;
    if (c->failed)
        return;
    b->status = find_lines(c, b, from);
}

static void do_link(scan *c, part *b)
{
    if (!c->failed && b->status == LTA_OK)
        b->status = link_lines(c, b);
}

static void do_read(scan *c, part *b)
{
    if (!c->failed && b->status == LTA_OK)
        b->status = read_bodies(c, b);
}

static void do_add(scan *c, part *b)
{
    if (c->failed)
        return;
    c->added = add_lines(c, b);
    if (c->added != LTA_OK) {
        const char *detail = lta_error_detail();
        if (lta_copy_text(detail, strlen(detail), &c->detail) != LTA_OK)
            c->detail = NULL;
        c->failed = true;
    }
}

static void do_digest(scan *c, const char *to)
{
    if (!c->failed && c->digested == LTA_OK)
        c->digested = lta_digest_up_to(c->source, to);
}

/* The end of the part that begins at from, without its last line's end. */
static const char *part_end(const char *from, const char *end)
{
    const char *newline = NULL;
    if (end - from > PART)
        newline = memchr(from + PART - 1, '\n', (size_t)(end - from - PART + 1));
    return newline ? newline : end;
}

/* One part after the other. */
static void scan_alone(scan *c, const char *from, const char *end)
{
    for (const char *to; from && !c->failed; from = to < end ? to + 1 : NULL) {
        to = part_end(from, end);
        do_find(c, c->part, from, to);
        do_link(c, c->part);
        do_read(c, c->part);
        do_add(c, c->part);
        do_digest(c, to);
    }
}

/* Parts take turns in the slots of c->part; a slot's next part waits for the last one. */
static void scan_together(scan *c, const char *from, const char *end)
{
#pragma omp parallel num_threads(c->source->run->threads)
#pragma omp single
    for (uint64_t k = 0; from && !c->failed; k = (k + 1) % c->n_parts) {
        part *b = &c->part[k];
        const char *to = part_end(from, end);
#pragma omp task firstprivate(b, from, to) depend(inout : b[0])
        do_find(c, b, from, to);
#pragma omp task firstprivate(b) depend(inout : b[0], c->n_linked)
        do_link(c, b);
#pragma omp task firstprivate(b) depend(inout : b[0])
        do_read(c, b);
#pragma omp task firstprivate(b) depend(inout : b[0], c->n_added)
        do_add(c, b);
#pragma omp task firstprivate(to) depend(inout : c->digested)
        do_digest(c, to);
        from = to < end ? to + 1 : NULL;
    }
}

static void free_part(part *b)
{
    lta_free(b->line);
    lta_free(b->symbols);
}

lta_status lta_marconi_scan(lta_import_source *s, const lta_marconi_reader *reader)
{
    lta_status st = LTA_OK;
    scan c = {.source = s, .reader = reader, .integers = lta_spaced_integers_by(lta_best_instructions())};
    uint64_t wanted = (uint64_t)s->run->threads * PARTS_A_THREAD;
    LTA_TRY(lta_json_init(&c.json, &s->place));
    c.c_locale = c.json.c_locale;
    c.n_parts = wanted < MOST_PARTS ? wanted : MOST_PARTS;
    LTA_TRY(LTA_CALLOC(&c.part, c.n_parts));
    if (s->run->threads > 1)
        scan_together(&c, s->text.data, s->text.data + s->text.size);
    else
        scan_alone(&c, s->text.data, s->text.data + s->text.size);
    if (c.added != LTA_OK)
        LTA_TRY(lta_fail(c.added, "%s", c.detail ? c.detail : s->place.file));
    if (c.digested != LTA_OK)
        LTA_TRY(lta_fail(c.digested, "%s: could not be digested", s->place.file));
    LTA_TRY(lta_digest_rest(s));
done:
    for (uint64_t i = 0; c.part && i < c.n_parts; i++)
        free_part(&c.part[i]);
    lta_free(c.part);
    free_part(&c.again);
    lta_free(c.last_lines.slot);
    lta_free(c.last_rows.slot);
    lta_free(c.detail);
    lta_json_free(&c.json);
    return st;
}
