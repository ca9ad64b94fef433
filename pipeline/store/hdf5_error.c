/* pipeline/store/hdf5_error.c - what HDF5 reports, as the project's statuses and sentences. */
#include "pipeline/store/store_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lta_h5_quiet(void)
{
    H5dont_atexit(); /* every file is closed by then, and one that could not be must not be touched again */
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    H5Eclear2(H5E_DEFAULT);
}

typedef struct trouble {
    char innermost[160];
    int system_error;
} trouble;

/* HDF5 loses errno but writes it into its message: "file write failed: time = ..., errno = 28, ..." */
static herr_t look(unsigned n, const H5E_error2_t *error, void *context)
{
    trouble *t = context;
    const char *text = error->desc ? error->desc : "";
    const char *number = strstr(text, "errno = ");
    if (n == 0)
        snprintf(t->innermost, sizeof t->innermost, "%s", text);
    if (number && t->system_error == 0)
        t->system_error = atoi(number + strlen("errno = "));
    return 0;
}

lta_status lta_h5_fail(lta_status s, const char *file, const char *object, const char *what)
{
    trouble t = {{0}, 0};
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, look, &t);
    H5Eclear2(H5E_DEFAULT);
    const char *colon = object ? ":" : "";
    object = object ? object : "";
    if (t.system_error != 0)
        return lta_fail_errno(s, t.system_error, "%s%s%s: %s", file, colon, object, what);
    if (t.innermost[0])
        return lta_fail(s, "%s%s%s: %s (HDF5: %s)", file, colon, object, what, t.innermost);
    return lta_fail(s, "%s%s%s: %s", file, colon, object, what);
}

hid_t lta_h5_access(void)
{
    hid_t fapl = H5Pcreate(H5P_FILE_ACCESS);
    if (fapl < 0)
        return fapl;
    bool good = H5Pset_fapl_sec2(fapl) >= 0 && H5Pset_fclose_degree(fapl, H5F_CLOSE_STRONG) >= 0 &&
                H5Pset_libver_bounds(fapl, H5F_LIBVER_V18, H5F_LIBVER_V18) >= 0;
    /* committed files never change and the writer has a lock of its own; many network file systems refuse
     * HDF5's */
#if H5_VERSION_GE(1, 12, 1) || (H5_VERS_MINOR == 10 && H5_VERS_RELEASE >= 7)
    good = good && H5Pset_file_locking(fapl, false, true) >= 0;
#endif
    if (good)
        return fapl;
    H5Pclose(fapl);
    return H5I_INVALID_HID;
}
