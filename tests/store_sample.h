/* tests/store_sample.h - a small file with every kind of content the store knows, shared by the store's
 * tests. */
#ifndef LTA_TESTS_STORE_SAMPLE_H
#define LTA_TESTS_STORE_SAMPLE_H

#include "pipeline/store/store.h"

/* A run on `threads` threads that logs nothing. */
lta_run sample_run(int threads);

/* Writes DIR/NAME (lta_format "trace"): columns of every type, empty ones, strings, attributes, groups, a
 * link. rows > 3 is the length of the numeric columns. */
void sample_write(const char *dir, const char *name, int threads, uint64_t rows);

/* Makes an empty folder under the working folder; its path is to be freed. */
char *sample_folder(void);

/* Reads everything of an open file, as any reader may: members, types, texts, columns. First failure, or
 * LTA_OK. */
lta_status sample_read_all(const lta_reader *r);

#endif
