/* tests/test_carry.c - what stages leave for later ones: handed out once, for one content, and never lost. */
#include "pipeline/core/digest.h"
#include "pipeline/stage/carry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

typedef struct thing {
    int *released; /* counts */
    char text[8];
} thing;

static void release(void *value)
{
    thing *t = value;
    ++*t->released;
}

/* A digest of one letter. */
static const char *digest(char letter, char *text)
{
    memset(text, letter, LTA_SHA256_HEX - 1);
    text[LTA_SHA256_HEX - 1] = '\0';
    return text;
}

static void put(lta_carry *c, const char *file, char letter, int *released, const char *text)
{
    char hex[LTA_SHA256_HEX];
    thing t = {.released = released};
    snprintf(t.text, sizeof t.text, "%s", text);
    lta_carry_put(c, file, digest(letter, hex), &t, sizeof t, release);
}

static bool take(lta_carry *c, const char *file, char letter, thing *out)
{
    char hex[LTA_SHA256_HEX];
    return lta_carry_take(c, file, digest(letter, hex), out, sizeof *out);
}

static void a_value_is_handed_out_once_for_its_content(void **state)
{
    (void)state;
    int released = 0;
    lta_carry *c;
    thing t;
    assert_int_equal(lta_carry_create(&c), LTA_OK);
    assert_false(take(c, "trie.h5", 'a', &t));
    put(c, "trie.h5", 'a', &released, "trie");
    put(c, "reuse.h5", 'b', &released, "reuse");
    assert_false(take(c, "trie.h5", 'b', &t));
    assert_false(take(c, "curve.h5", 'a', &t));
    assert_true(take(c, "trie.h5", 'a', &t));
    assert_string_equal(t.text, "trie");
    assert_false(take(c, "trie.h5", 'a', &t));
    assert_true(take(c, "reuse.h5", 'b', &t));
    assert_string_equal(t.text, "reuse");
    assert_int_equal(released, 0);
    lta_carry_free(c);
    assert_int_equal(released, 0); /* they were taken */
}

static void what_is_not_taken_is_released(void **state)
{
    (void)state;
    int released = 0;
    lta_carry *c;
    thing t;
    assert_int_equal(lta_carry_create(&c), LTA_OK);
    put(c, "trie.h5", 'a', &released, "old");
    put(c, "trie.h5", 'b', &released, "new");
    assert_int_equal(released, 1);
    assert_false(take(c, "trie.h5", 'a', &t));
    put(c, "a file whose name is too long.h5", 'c', &released, "long");
    assert_int_equal(released, 2);
    put(NULL, "trie.h5", 'a', &released, "nowhere");
    assert_int_equal(released, 3);
    for (char letter = 'd'; letter < 'k'; letter++) {
        const char name[] = {letter, '\0'};
        put(c, name, letter, &released, "many"); /* more than there is room for */
    }
    lta_carry_free(c);
    assert_int_equal(released, 3 + 1 + 7);
    lta_carry_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_value_is_handed_out_once_for_its_content),
                                       cmocka_unit_test(what_is_not_taken_is_released)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
