/* pipeline/stage/carry.c - one value a file, known by its digest. */
#include "pipeline/stage/carry.h"

#include "pipeline/core/array.h"
#include "pipeline/core/digest.h"

#include <string.h>

enum { SLOTS = 4, LONGEST_NAME = 16 };

typedef struct slot {
    char file[LONGEST_NAME], digest[LTA_SHA256_HEX];
    void *value; /* NULL: empty */
    size_t size;
    lta_carry_release *release;
} slot;

struct lta_carry {
    slot slots[SLOTS];
};

lta_status lta_carry_create(lta_carry **out)
{
    return LTA_CALLOC(out, 1);
}

static void empty(slot *s)
{
    if (s->value) {
        s->release(s->value);
        lta_free(s->value);
    }
    *s = (slot){.value = NULL};
}

void lta_carry_free(lta_carry *c)
{
    if (!c)
        return;
    for (int i = 0; i < SLOTS; i++)
        empty(&c->slots[i]);
    lta_free(c);
}

/* The file's slot, or else an empty one, or NULL. */
static slot *find(lta_carry *c, const char *file)
{
    slot *free_one = NULL;
    for (int i = 0; i < SLOTS; i++) {
        if (!c->slots[i].value)
            free_one = free_one ? free_one : &c->slots[i];
        else if (strcmp(c->slots[i].file, file) == 0)
            return &c->slots[i];
    }
    return free_one;
}

void lta_carry_put(lta_carry *c, const char *file, const char *digest, void *value, size_t size,
                   lta_carry_release *release)
{
    slot *s = c && strlen(file) < LONGEST_NAME ? find(c, file) : NULL;
    void *moved;
    if (!s || lta_alloc_bytes(&moved, size, 1) != LTA_OK) {
        release(value);
        return;
    }
    empty(s);
    memcpy(moved, value, size);
    memset(value, 0, size);
    *s = (slot){.value = moved, .size = size, .release = release};
    memcpy(s->file, file, strlen(file) + 1);
    memcpy(s->digest, digest, sizeof s->digest);
}

bool lta_carry_take(lta_carry *c, const char *file, const char *digest, void *out, size_t size)
{
    slot *s = c ? find(c, file) : NULL;
    if (!s || !s->value || s->size != size || strcmp(s->digest, digest) != 0)
        return false;
    memcpy(out, s->value, size);
    lta_free(s->value);
    *s = (slot){.value = NULL};
    return true;
}
