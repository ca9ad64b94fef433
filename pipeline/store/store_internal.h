/* pipeline/store/store_internal.h - HDF5 objects as the store uses them; included by the files of this folder
 * alone. */
#ifndef LTA_STORE_INTERNAL_H
#define LTA_STORE_INTERNAL_H

#define H5_USE_110_API 1 /* the same function signatures in HDF5 1.10, 1.12 and 1.14 */
#include <hdf5.h>

#include "pipeline/core/utf8.h"
#include "pipeline/store/chunk_codec.h"
#include "pipeline/store/content_digest.h"
#include "pipeline/store/store.h"

typedef unsigned long long ull; /* for printf */

/* ---- hdf5_error.c ---- */

/* Turns HDF5's own printing and its work at exit off, and empties its error stack. To be called first. */
void lta_h5_quiet(void);
/* Turns the failure of the HDF5 call just made into "FILE:OBJECT: what (HDF5: innermost message)"; a system
 * error in it (disk full, say) is told as lta_fail_errno() does. object may be NULL. */
lta_status lta_h5_fail(lta_status s, const char *file, const char *object, const char *what);
/* A file access list for committed files and new ones: no locks of HDF5's own. Negative on failure. */
hid_t lta_h5_access(void);

/* ---- hdf5_object.c ---- */

hid_t lta_h5_type(lta_type t); /* the stored type of a number; borrowed */
hid_t lta_h5_string_type(
    size_t length); /* fixed-length UTF-8, padded with NUL, at least 1 byte; H5Tclose() it */

typedef enum lta_object {
    LTA_OBJECT_NONE,
    LTA_OBJECT_GROUP,
    LTA_OBJECT_DATASET,
    LTA_OBJECT_OTHER
} lta_object;
/* What stands at an absolute path, reached by hard links alone: links into other files are never followed. */
lta_object lta_h5_find(hid_t file, const char *path);
/* The same for the link `name` of an open group. */
lta_object lta_h5_find_in(hid_t group, const char *name);

/* Size of an open group. false for groups that list their links outside their header: the store never writes
 * them, and HDF5 (1.10.8) can crash on damaged ones. */
bool lta_h5_group_info(hid_t group, H5G_info_t *out);

typedef struct lta_h5_value { /* an attribute's value */
    lta_type type;            /* LTA_U64 or LTA_STR */
    uint64_t number;
    char *text; /* LTA_STR: owned */
} lta_h5_value;
/* file, path, name are for messages. limit: no attribute can hold more bytes (the file's size). */
LTA_MUST_CHECK lta_status lta_h5_read_attribute(hid_t object, const char *file, const char *path,
                                                const char *name, uint64_t limit, lta_h5_value *out);
LTA_MUST_CHECK lta_status lta_h5_write_attribute(hid_t object, const char *file, const char *path,
                                                 const char *name, const lta_h5_value *value);

typedef struct lta_h5_dataset { /* a column of a file, checked when opened */
    hid_t id;
    const char *file, *path; /* borrowed, for messages */
    lta_type type;
    uint64_t n;
    lta_chunk_shape shape; /* shape.element is the padded length for LTA_STR */
} lta_h5_dataset;
/* Refuses what the store never writes: other types, ranks, layouts, filters, and sizes that file_size bytes
 * can't hold. */
LTA_MUST_CHECK lta_status lta_h5_dataset_open(hid_t h5, const char *file, const char *path,
                                              uint64_t file_size, lta_h5_dataset *out);
void lta_h5_dataset_close(lta_h5_dataset *d); /* accepts one that is all zero */
/* Reads and decodes elements first .. first+n-1; first is a multiple of the chunk length, and n is too unless
 * it ends the column. out has room for n elements. */
LTA_MUST_CHECK lta_status lta_h5_dataset_read(const lta_h5_dataset *d, uint64_t first, uint64_t n, void *out);
/* Length of a padded string, checked: UTF-8, and nothing after the first NUL. */
LTA_MUST_CHECK lta_status lta_h5_text_length(const lta_h5_dataset *d, uint64_t row, const char *padded,
                                             size_t *length);

/* ---- store_compare.c: a writer's data against a file that is there ---- */

typedef struct lta_h5_column { /* what is to be written: numbers, or strings */
    const char *path, *unit, *description;
    lta_type type;
    const char *numbers;
    const lta_strings *strings;
    uint64_t n;
} lta_h5_column;

typedef struct lta_comparison {
    const lta_run *run;
    lta_reader *there;
    char *maker;
    lta_strings put; /* paths of the columns put so far, and of links with a '/' behind them */
} lta_comparison;    /* all zero is empty */
LTA_MUST_CHECK lta_status lta_compare_open(const lta_run *run, const char *path, const char *format,
                                           const char *maker, lta_comparison *out);
LTA_MUST_CHECK lta_status lta_compare_column(lta_comparison *c, const lta_h5_column *column);
LTA_MUST_CHECK lta_status lta_compare_attribute(const lta_comparison *c, const char *path, const char *name,
                                                const lta_h5_value *value);
LTA_MUST_CHECK lta_status lta_compare_link(lta_comparison *c, const char *target, const char *path);
/* Is everything that stands in the file one of what was put? */
LTA_MUST_CHECK lta_status lta_compare_rest(const lta_comparison *c);
void lta_compare_close(lta_comparison *c);

/* ---- store_read.c ---- */

hid_t lta_reader_h5(const lta_reader *r); /* the open file; borrowed */

/* ---- store_digest.c ---- */

/* Gives the value digest of a dataset; path is one of its names, address identifies it however it is named.
 */
typedef lta_status lta_dataset_digest_fn(void *context, const char *path, haddr_t address, lta_type *type,
                                         uint64_t *n, char hex[LTA_SHA256_HEX]);
/* content_sha256 of an open file. limit as for lta_h5_read_attribute(). */
LTA_MUST_CHECK lta_status lta_store_digest(hid_t h5, const char *file, uint64_t limit,
                                           lta_dataset_digest_fn *digest, void *context,
                                           char hex[LTA_SHA256_HEX]);
/* Digest of a string of `length` bytes as a value of one element. */
LTA_MUST_CHECK lta_status lta_text_digest(const char *text, size_t length, char hex[LTA_SHA256_HEX]);

#endif
