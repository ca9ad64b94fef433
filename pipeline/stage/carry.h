/* pipeline/stage/carry.h - what a stage leaves in memory for the next ones of the same process, so that `lta
 * run` reads nothing back that it has just written, and a device keeps what it has.
 *
 * A value stands for a committed file, known by its content_sha256: it is handed out only to who asks for
 * just that content. There is one value a file. Not for several threads at once. */
#ifndef LTA_STAGE_CARRY_H
#define LTA_STAGE_CARRY_H

#include "pipeline/core/status.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct lta_carry lta_carry;

LTA_MUST_CHECK lta_status lta_carry_create(lta_carry **out); /* LTA_ERR_NOMEM */
void lta_carry_free(lta_carry *c);                           /* and what is in it */

typedef void lta_carry_release(void *value);

/* Moves *value, a structure of `size` bytes that owns things, into the carry in place of what stood for the
 * file
 * ("trie.h5") before. Without a carry (c == NULL) or memory, it is released. */
void lta_carry_put(lta_carry *c, const char *file, const char *digest, void *value, size_t size,
                   lta_carry_release *release);
/* Moves the value back out to *out, if it is there and stands for that digest. */
bool lta_carry_take(lta_carry *c, const char *file, const char *digest, void *out, size_t size);

#endif
