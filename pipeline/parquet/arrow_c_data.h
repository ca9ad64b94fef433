/* pipeline/parquet/arrow_c_data.h - the two structures of the Arrow C data interface: how columns in memory
 * are handed between libraries, with a stable layout. Members and their meaning are those of the
 * specification, https://arrow.apache.org/docs/format/CDataInterface.html; the guard is the one it
 * prescribes, so that a file that also includes Arrow's own headers sees one definition. */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#include <stdint.h>

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE           2
#define ARROW_FLAG_MAP_KEYS_SORTED    4

struct ArrowSchema {
    const char *format; /* type, e.g. "l" for int64 */
    const char *name;   /* of the field; may be NULL */
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;        /* type of the values where the column holds indices; else NULL */
    void (*release)(struct ArrowSchema *); /* NULL once released */
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count; /* -1: not counted */
    int64_t offset;     /* elements to leave out at the head of the buffers */
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *); /* NULL once released */
    void *private_data;
};

#endif
