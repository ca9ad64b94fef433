/* pipeline/release/metadata.h - is what a configuration says of a release in the form that archives take? */
#ifndef LTA_RELEASE_METADATA_H
#define LTA_RELEASE_METADATA_H

#include <stdbool.h>

/* An ORCID with its checksum (ISO 7064, MOD 11-2), "0000-0002-1825-0097": what is behind
 * "https://orcid.org/", which may stand before it; else NULL. */
const char *lta_orcid(const char *text);

bool lta_is_day(const char *text);        /* YYYY-MM-DD, a day of the Gregorian calendar */
bool lta_is_licence_id(const char *text); /* in the form of SPDX's identifiers; not looked up */

#endif
