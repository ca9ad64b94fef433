/* pipeline/import/turn_counter.c - one count a session name. */
#include "pipeline/import/turn_counter.h"

#include "pipeline/core/array.h"

#include <stddef.h>

lta_status lta_next_turn(lta_turn_counter *t, const char *session, size_t length, uint32_t **next)
{
    lta_status st = LTA_OK;
    uint64_t index, before = t->sessions.strings.n;
    LTA_TRY(LTA_GROW(&t->next, &t->capacity, before + 1));
    LTA_TRY(lta_dictionary_intern(&t->sessions, session, length, &index));
    if (index == before)
        t->next[index] = 0;
    *next = &t->next[index];
done:
    return st;
}

void lta_turn_counter_free(lta_turn_counter *t)
{
    lta_dictionary_free(&t->sessions);
    lta_free(t->next);
    *t = (lta_turn_counter){0};
}
