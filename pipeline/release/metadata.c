/* pipeline/release/metadata.c - see metadata.h. */
#include "pipeline/release/metadata.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

const char *lta_orcid(const char *text)
{
    static const char site[] = "https://orcid.org/";
    enum { LENGTH = 19, LAST = LENGTH - 1 }; /* four groups of four */
    unsigned sum = 0;
    if (strncmp(text, site, sizeof site - 1) == 0)
        text += sizeof site - 1;
    if (strlen(text) != LENGTH)
        return NULL;
    for (int i = 0; i < LENGTH; i++) {
        bool dash = i % 5 == 4;
        if (dash ? text[i] != '-' : !isdigit((unsigned char)text[i]) && !(i == LAST && text[i] == 'X'))
            return NULL;
        if (!dash && i < LAST)
            sum = (sum + (unsigned)(text[i] - '0')) * 2;
    }
    unsigned check = (12 - sum % 11) % 11;
    return text[LAST] == (check == 10 ? 'X' : (char)('0' + check)) ? text : NULL;
}

bool lta_is_day(const char *text)
{
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned year, month, day;
    if (strlen(text) != 10 || strspn(text, "0123456789") != 4 || strspn(text + 5, "0123456789") != 2 ||
        strspn(text + 8, "0123456789") != 2 || sscanf(text, "%4u-%2u-%2u", &year, &month, &day) != 3)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] + (month == 2 && leap);
}

bool lta_is_licence_id(const char *text)
{
    return *text && !text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.+-")];
}
