/* pipeline/import/turn_counter.h - turns of sources that do not number them: a running number in the order of
 * rows. */
#ifndef LTA_IMPORT_TURN_COUNTER_H
#define LTA_IMPORT_TURN_COUNTER_H

#include "pipeline/core/strings.h"

typedef struct lta_turn_counter {
    lta_dictionary sessions;
    uint32_t *next; /* [sessions.strings.n] */
    uint64_t capacity;
} lta_turn_counter; /* all zero is empty */

/* *next is the number of the session's next turn, 0 at first; whoever uses it adds one. Valid until the next
 * call. */
LTA_MUST_CHECK lta_status lta_next_turn(lta_turn_counter *t, const char *session, size_t length,
                                        uint32_t **next);
void lta_turn_counter_free(lta_turn_counter *t);

#endif
