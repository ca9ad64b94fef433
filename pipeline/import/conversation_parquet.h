/* pipeline/import/conversation_parquet.h - conversations as the rows of a Parquet file. */
#ifndef LTA_IMPORT_CONVERSATION_PARQUET_H
#define LTA_IMPORT_CONVERSATION_PARQUET_H

#include "pipeline/import/conversation.h"

/* All rows of the source, whose columns are the keys that the format has in JSON; a row is read as the JSON
 * object that it stands for, so that both forms of a conversation give the same. */
LTA_MUST_CHECK lta_status lta_conversations_from_parquet(lta_conversations *c);

#endif
