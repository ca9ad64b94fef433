/* pipeline/split/piece_set.c - few of many files are open at a time. */
#include "pipeline/split/piece_set.h"

lta_status lta_piece_set_get(lta_piece_set *s, uint64_t number, lta_reader **out)
{
    lta_status st = LTA_OK;
    const uint64_t last = LTA_OPEN_PIECES - 1;
    lta_reader **reader = &s->reader[number < last ? number : last];
    char name[32];
    if (number >= last && s->last != number) {
        lta_reader_close(*reader);
        *reader = NULL;
    }
    if (!*reader) {
        lta_piece_name(name, s->kind, number);
        LTA_TRY(lta_piece_open(s->dir, name, s->digests, reader));
    }
    if (number >= last)
        s->last = number;
    *out = *reader;
done:
    return st;
}

void lta_piece_set_close(lta_piece_set *s)
{
    for (int i = 0; i < LTA_OPEN_PIECES; i++) {
        lta_reader_close(s->reader[i]);
        s->reader[i] = NULL;
    }
}
