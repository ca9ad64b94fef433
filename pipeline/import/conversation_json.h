/* pipeline/import/conversation_json.h - conversations as JSON: an object with its messages and more, or the
 * list of messages alone. */
#ifndef LTA_IMPORT_CONVERSATION_JSON_H
#define LTA_IMPORT_CONVERSATION_JSON_H

#include "pipeline/import/conversation.h"

/* The object at the scanner, with the keys of the format, and what follows from it. */
LTA_MUST_CHECK lta_status lta_conversation_from_object(lta_conversations *c, lta_json *j);
/* The list of messages at the scanner; name: of the conversation. */
LTA_MUST_CHECK lta_status lta_conversation_from_list(lta_conversations *c, lta_json *j, const char *name);

#endif
