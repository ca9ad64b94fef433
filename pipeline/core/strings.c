/* pipeline/core/strings.c - string lists and dictionaries. */
#include "pipeline/core/strings.h"

#include "pipeline/core/array.h"

#include <string.h>
#include <xxhash.h>

lta_status lta_copy_text(const char *text, size_t length, char **out)
{
    char *copy;
    lta_status st = LTA_ALLOC(&copy, length + 1);
    if (st != LTA_OK)
        return st;
    memcpy(copy, text, length);
    copy[length] = '\0';
    *out = copy;
    return LTA_OK;
}

lta_status lta_strings_add(lta_strings *s, const char *text, size_t length)
{
    lta_status st = LTA_GROW(&s->offset, &s->offset_capacity, s->n + 2);
    if (st != LTA_OK)
        return st;
    if (s->n == 0)
        s->offset[0] = 0;
    uint64_t at = s->offset[s->n];
    st = LTA_GROW(&s->bytes, &s->bytes_capacity, at + length + 1);
    if (st != LTA_OK)
        return st;
    if (length > 0)
        memcpy(s->bytes + at, text, length);
    s->bytes[at + length] = '\0';
    s->offset[++s->n] = at + length + 1;
    return LTA_OK;
}

lta_status lta_strings_add_text(lta_strings *s, const char *text)
{
    return lta_strings_add(s, text, strlen(text));
}

const char *lta_strings_get(const lta_strings *s, uint64_t i)
{
    return s->bytes + s->offset[i];
}

uint64_t lta_strings_length(const lta_strings *s, uint64_t i)
{
    return s->offset[i + 1] - s->offset[i] - 1;
}

void lta_strings_free(lta_strings *s)
{
    lta_free(s->offset);
    lta_free(s->bytes);
    *s = (lta_strings){0};
}

static uint64_t find_slot(const lta_dictionary *d, const char *text, size_t length)
{
    uint64_t mask = d->n_slots - 1, i = XXH3_64bits(text, length) & mask;
    for (; d->slot[i] != 0; i = (i + 1) & mask) {
        uint64_t k = d->slot[i] - 1;
        if (lta_strings_length(&d->strings, k) == length &&
            memcmp(lta_strings_get(&d->strings, k), text, length) == 0)
            break;
    }
    return i;
}

static lta_status grow_slots(lta_dictionary *d)
{
    lta_dictionary bigger = {.strings = d->strings, .n_slots = d->n_slots == 0 ? 64 : d->n_slots * 2};
    lta_status st = LTA_CALLOC(&bigger.slot, bigger.n_slots);
    if (st != LTA_OK)
        return st;
    for (uint64_t k = 0; k < d->strings.n; k++) {
        const char *text = lta_strings_get(&d->strings, k);
        bigger.slot[find_slot(&bigger, text, (size_t)lta_strings_length(&d->strings, k))] = k + 1;
    }
    lta_free(d->slot);
    d->slot = bigger.slot;
    d->n_slots = bigger.n_slots;
    return LTA_OK;
}

lta_status lta_dictionary_intern(lta_dictionary *d, const char *text, size_t length, uint64_t *index)
{
    lta_status st;
    if (2 * (d->strings.n + 1) > d->n_slots && (st = grow_slots(d)) != LTA_OK)
        return st;
    uint64_t i = find_slot(d, text, length);
    if (d->slot[i] == 0) {
        st = lta_strings_add(&d->strings, text, length);
        if (st != LTA_OK)
            return st;
        d->slot[i] = d->strings.n;
    }
    *index = d->slot[i] - 1;
    return LTA_OK;
}

void lta_dictionary_free(lta_dictionary *d)
{
    lta_strings_free(&d->strings);
    lta_free(d->slot);
    *d = (lta_dictionary){0};
}
