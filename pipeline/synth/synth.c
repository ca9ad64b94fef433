/* pipeline/synth/synth.c - puts the sessions on a clock and writes them as Marconi's generator does.
 *
 * The text of every id is looked up, not computed, and copied as eight bytes at once: the disk is slower than
 * that. */
#include "pipeline/synth/synth.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/core/text_out.h"
#include "pipeline/synth/sessions.h"

#include <assert.h>
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(FLT_EVAL_METHOD == 0,
               "doubles must be rounded after every operation, or traces differ between machines");

/* session k starts at k / rate: up to 10,000 sessions a second, times above zero need no exponent */
enum { MAX_FILES = 15, BUFFER_BYTES = 1 << 22, IDS_AT_ONCE = 1 << 16, LINE_ROOM = 512 };

typedef struct request {
    double ts; /* seconds */
    uint32_t session, turn;
} request;

typedef struct id_text {
    char text[7]; /* ", 31999" */
    uint8_t length;
} id_text;

typedef struct line_writer {
    const char *path;
    FILE *stream;
    char *buffer; /* [BUFFER_BYTES + 8]: an id is written as 8 bytes, whatever its length */
    size_t used;
    uint64_t written;
    const id_text *text; /* [LTA_SYNTH_IDS] */
} line_writer;

lta_synth_options lta_synth_defaults(void)
{
    return (lta_synth_options){.seed = 1,
                               .files = 3,
                               .sessions = 100,
                               .turns = 12,
                               .message_tokens = 60,
                               .output_tokens = 180,
                               .system_tokens = 200,
                               .system_prompts = 3,
                               .collapse_share = 0.25,
                               .token_limit = 32768};
}

static lta_status check_options(const lta_synth_options *o)
{
    const struct {
        const char *name;
        uint64_t value, min, max;
    } range[] = {
        {"files", o->files, 1, MAX_FILES},
        {"sessions", o->sessions, o->size_bytes > 0 ? 0 : 1, UINT32_MAX},
        {"turns", o->turns, 1, 1000000000},
        {"message-tokens", o->message_tokens, 1, 100000000},
        {"output-tokens", o->output_tokens, 0, 100000000},
        {"token-limit", o->token_limit, 1, UINT32_MAX},
        {"system-tokens", o->system_tokens, 0,
         o->token_limit - 1 < 100000000 ? o->token_limit - 1 : 100000000},
        {"system-prompts", o->system_prompts, 1, 1000000},
    };
    for (size_t i = 0; i < sizeof range / sizeof *range; i++)
        if (range[i].value < range[i].min || range[i].value > range[i].max)
            return lta_fail(LTA_ERR_USAGE, "--%s %" PRIu64 ": expected a number from %" PRIu64 " to %" PRIu64,
                            range[i].name, range[i].value, range[i].min, range[i].max);
    if (!(o->collapse_share >= 0 && o->collapse_share <= 1))
        return lta_fail(LTA_ERR_USAGE, "--collapse %g: expected a share from 0 to 1", o->collapse_share);
    return LTA_OK;
}

/* Sessions started per second in sister file i, in the sweep of the published traces and on: 0.25 0.5 1 2 5
 * 10 20 ... */
static double rate_of_file(uint64_t i, char *name, size_t size)
{
    static const uint64_t step[] = {1, 2, 5};
    if (i < 2) {
        snprintf(name, size, i == 0 ? "0.25" : "0.5");
        return i == 0 ? 0.25 : 0.5;
    }
    uint64_t rate = step[(i - 2) % 3];
    for (uint64_t e = (i - 2) / 3; e > 0; e--)
        rate *= 10;
    snprintf(name, size, "%" PRIu64, rate);
    return (double)rate;
}

static int by_time(const void *a, const void *b)
{
    const request *x = a, *y = b;
    if (x->ts != y->ts)
        return x->ts < y->ts ? -1 : 1;
    if (x->session != y->session)
        return x->session < y->session ? -1 : 1;
    return x->turn < y->turn ? -1 : x->turn > y->turn;
}

/* Arrivals of one file, sorted by time; equal times keep session, then turn. Answers take no time. */
static void schedule(const lta_synth_sessions *s, double rate, request *out)
{
    uint64_t n = 0;
    for (uint64_t k = 0; k < s->n; k++) {
        double ts = (double)k / rate;
        for (uint32_t t = 0; t < s->session[k].turns; t++) {
            double pause = (double)s->pauses[s->session[k].first_pause + t];
            ts += s->session[k].collapses ? pause : pause / 1.5; /* 90 words a minute */
            out[n++] = (request){.ts = ts, .session = (uint32_t)k, .turn = t};
        }
    }
    qsort(out, n, sizeof *out, by_time);
}

static lta_status flush_lines(line_writer *w)
{
    if (fwrite(w->buffer, 1, w->used, w->stream) != w->used)
        return lta_fail_errno(LTA_ERR_RUN, errno, "%s: could not be written", w->path);
    w->written += w->used;
    w->used = 0;
    return LTA_OK;
}

static lta_status make_room(line_writer *w, size_t bytes)
{
    return w->used + bytes <= BUFFER_BYTES ? LTA_OK : flush_lines(w);
}

static void put_text(line_writer *w, const char *text, size_t length)
{
    memcpy(w->buffer + w->used, text, length);
    w->used += length;
}

static void put_name_number(line_writer *w, const char *name, uint64_t v)
{
    char digits[20];
    size_t n = lta_synth_digits(v), at = n;
    put_text(w, name, strlen(name));
    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    put_text(w, digits, n);
}

static lta_status put_message(line_writer *w, const uint16_t *id, uint64_t n)
{
    for (uint64_t done = 0; done < n;) {
        uint64_t end = n - done < IDS_AT_ONCE ? n : done + IDS_AT_ONCE;
        lta_status st = make_room(w, IDS_AT_ONCE * sizeof(id_text));
        if (st != LTA_OK)
            return st;
        char *out = w->buffer + w->used;
        const id_text *text = w->text;
        for (; done < end; done++) {
            const id_text *t = &text[id[done]];
            memcpy(out, t, sizeof *t);
            out += t->length;
        }
        w->used = (size_t)(out - w->buffer);
    }
    return LTA_OK;
}

/* The messages' ids as one array, the ", " before the first id taken off. */
static lta_status put_array(line_writer *w, const lta_synth_sessions *s, const uint64_t *message, uint64_t n)
{
    bool begun = false;
    lta_status st = LTA_OK;
    for (uint64_t i = 0; i < n && st == LTA_OK; i++) {
        const lta_synth_message *m = &s->messages[message[i]];
        const uint16_t *id = s->ids + m->first;
        uint64_t length = m->length;
        if (!begun && length > 0) {
            st = make_room(w, LINE_ROOM);
            if (st != LTA_OK)
                return st;
            put_text(w, w->text[*id].text + 2, w->text[*id].length - 2u);
            id++;
            length--;
            begun = true;
        }
        st = put_message(w, id, length);
    }
    return st;
}

/* message: scratch for the numbers of the messages that are sent */
static lta_status put_request(line_writer *w, const lta_synth_sessions *s, const request *r,
                              uint64_t *message)
{
    lta_status st = LTA_OK;
    const lta_synth_session *session = &s->session[r->session];
    uint64_t n = 0, input = 0, reply = session->first_message + 2 * (uint64_t)r->turn + 1;
    char seconds[LTA_F64_TEXT];
    message[n++] = session->prompt;
    for (uint32_t i = 0; i <= r->turn; i++) {
        if (lta_synth_keeps(session, r->turn, i))
            message[n++] = session->first_message + 2 * (uint64_t)i;
        if (i < r->turn)
            message[n++] = session->first_message + 2 * (uint64_t)i + 1;
    }
    for (uint64_t i = 0; i < n; i++)
        input += s->messages[message[i]].length;

    LTA_TRY(make_room(w, LINE_ROOM));
    put_name_number(w, "{\"session_id\": ", r->session);
    put_name_number(w, ", \"turn_id\": ", r->turn);
    put_text(w, ", \"ts\": ", 8);
    lta_python_f64(r->ts, seconds);
    put_text(w, seconds, strlen(seconds));
    put_name_number(w, ", \"num_input_tokens\": ", input);
    put_name_number(w, ", \"num_output_tokens\": ", s->messages[reply].length);
    put_text(w, ", \"input_tokens\": [", 19);
    LTA_TRY(put_array(w, s, message, n));
    LTA_TRY(make_room(w, LINE_ROOM));
    put_text(w, "], \"output_tokens\": [", 21);
    LTA_TRY(put_array(w, s, &reply, 1));
    LTA_TRY(make_room(w, LINE_ROOM));
    put_text(w, "]}\n", 3);
done:
    return st;
}

static lta_status write_file(const lta_run *run, const char *path, const lta_synth_sessions *s,
                             const request *order, line_writer *w, uint64_t *message, uint64_t *done_bytes)
{
    lta_status st = LTA_OK;
    lta_text_file file = {0};
    double started = lta_seconds();
    LTA_TRY(lta_text_create(path, &file));
    w->path = path;
    w->stream = file.stream;
    w->written = 0;
    w->used = 0;
    for (uint64_t i = 0; i < s->n_requests; i++) {
        LTA_TRY(lta_check_stop(run));
        LTA_TRY(put_request(w, s, &order[i], message));
        lta_progress_update(run->log, *done_bytes + w->written + w->used);
    }
    LTA_TRY(flush_lines(w));
    LTA_TRY(lta_text_commit(&file));
    *done_bytes += w->written;
    lta_log_line(run->log, LTA_LOG_INFO, "synth", "%s: %" PRIu64 " bytes, %" PRIu64 " requests, %.2f s", path,
                 w->written, s->n_requests, lta_seconds() - started);
done:
    lta_text_close(&file);
    return st;
}

static void fill_id_texts(id_text *text)
{
    for (unsigned id = 0; id < LTA_SYNTH_IDS; id++) {
        char entry[16];
        int n = snprintf(entry, sizeof entry, ", %u", id);
        assert(n > 0 && (size_t)n <= sizeof text[id].text);
        memcpy(text[id].text, entry, sizeof text[id].text);
        text[id].length = (uint8_t)n;
    }
}

lta_status lta_synth_marconi(const lta_run *run, const char *dir, const lta_synth_options *options)
{
    lta_status st = LTA_OK;
    lta_synth_sessions sessions = {0};
    request *order = NULL;
    id_text *text = NULL;
    uint64_t *message = NULL, done_bytes = 0, most_turns = 0;
    char *path = NULL;
    line_writer w = {0};
    double started = lta_seconds();

    LTA_TRY(check_options(options));
    LTA_TRY(lta_make_folder(dir));
    LTA_TRY(lta_synth_sessions_draw(run, options, &sessions));
    for (uint64_t k = 0; k < sessions.n; k++)
        if (sessions.session[k].turns > most_turns)
            most_turns = sessions.session[k].turns;
    LTA_TRY(LTA_ALLOC(&order, sessions.n_requests));
    LTA_TRY(LTA_ALLOC(&message, 2 * most_turns + 1));
    LTA_TRY(LTA_ALLOC(&text, LTA_SYNTH_IDS));
    fill_id_texts(text);
    w.text = text;
    LTA_TRY(LTA_ALLOC(&w.buffer, BUFFER_BYTES + sizeof(id_text)));

    lta_progress_begin(run->log, "synth", "B", sessions.bytes * options->files);
    for (uint64_t f = 0; f < options->files; f++) {
        char rate_text[24], name[80];
        double rate = rate_of_file(f, rate_text, sizeof rate_text);
        snprintf(name, sizeof name, "synth_sps=%s_nums=%" PRIu64 ".jsonl", rate_text, sessions.n);
        lta_free(path);
        path = NULL;
        LTA_TRY(lta_join_path(dir, name, &path));
        schedule(&sessions, rate, order);
        LTA_TRY(write_file(run, path, &sessions, order, &w, message, &done_bytes));
    }
    lta_log_line(run->log, LTA_LOG_INFO, "synth",
                 "%" PRIu64 " files, %" PRIu64 " sessions each, %" PRIu64 " requests, %" PRIu64
                 " bytes, %.2f s",
                 options->files, sessions.n, options->files * sessions.n_requests, done_bytes,
                 lta_seconds() - started);
done:
    lta_progress_end(run->log);
    lta_free(path);
    lta_free(w.buffer);
    lta_free(text);
    lta_free(message);
    lta_free(order);
    lta_synth_sessions_free(&sessions);
    return st;
}
