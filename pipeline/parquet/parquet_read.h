/* pipeline/parquet/parquet_read.h - the rows of a Parquet file, batch by batch, columns by name.
 *
 * A batch is a few megabytes, whatever the size of the file and of its row groups. In a build without Arrow,
 * opening fails with LTA_ERR_USAGE. */
#ifndef LTA_PARQUET_PARQUET_READ_H
#define LTA_PARQUET_PARQUET_READ_H

#include "pipeline/core/file.h"
#include "pipeline/core/strings.h"
#include "pipeline/parquet/arrow_column.h"

typedef struct lta_parquet lta_parquet;

/* Do the bytes begin as a Parquet file does? */
bool lta_is_parquet(const lta_mapping *m);

/* The bytes of a file, and its name for messages, both borrowed until close. Errors: LTA_ERR_FORMAT,
 * LTA_ERR_NOMEM, LTA_ERR_USAGE. */
LTA_MUST_CHECK lta_status lta_parquet_open(const char *file, const lta_mapping *data, lta_parquet **out);
void lta_parquet_close(lta_parquet *p); /* accepts NULL */

uint64_t lta_parquet_rows(const lta_parquet *p);
const lta_strings *lta_parquet_names(const lta_parquet *p); /* of the columns, in order */

/* Starts over at the first row with these columns. The first n_needed must be there, each name at most once:
 * LTA_ERR_FORMAT. */
LTA_MUST_CHECK lta_status lta_parquet_select(lta_parquet *p, const char *const *names, unsigned n,
                                             unsigned n_needed);
bool lta_parquet_has(const lta_parquet *p, unsigned k); /* is column k of those selected there? */

/* The next rows, 0 at the end; they take the place of those before. */
LTA_MUST_CHECK lta_status lta_parquet_next(lta_parquet *p, uint64_t *n_rows);
/* The columns selected [n], with the rows last read; valid until the next ones are. A column that is not
 * there holds nothing but nulls. */
const lta_arrow_column *lta_parquet_columns(const lta_parquet *p);

/* Share of the file's rows that next() has handed out, for progress. */
double lta_parquet_share(const lta_parquet *p);

#endif
