/* pipeline/core/status.h - what every fallible function returns, and the sentence that goes with it.
 *
 * A function that fails records one sentence (what, where, what was expected) with lta_fail() and returns its
 * status. The sentence belongs to the thread: inside a parallel region record the lowest failing index, and
 * call lta_fail() after the region. Callers pass statuses up unchanged unless they know something new.
 */
#ifndef LTA_CORE_STATUS_H
#define LTA_CORE_STATUS_H

#if defined(__GNUC__)
#define LTA_MUST_CHECK   __attribute__((warn_unused_result))
#define LTA_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define LTA_MUST_CHECK
#define LTA_PRINTF(f, a)
#endif

/* name, exit code of the program (design, section 5), text */
#define LTA_STATUS_LIST(X)                                                                                   \
    X(LTA_OK, 0, "success")                                                                                  \
    X(LTA_ERR_RUN, 1, "failed while running")                                                                \
    X(LTA_ERR_USAGE, 2, "wrong usage, or an option this trace cannot serve")                                 \
    X(LTA_ERR_INPUT, 3, "input absent or unreadable")                                                        \
    X(LTA_ERR_FORMAT, 3, "input violates its documented format")                                             \
    X(LTA_ERR_VERSION, 3, "file is of a newer schema than this build reads")                                 \
    X(LTA_ERR_NOMEM, 4, "memory exhausted")                                                                  \
    X(LTA_ERR_SPACE, 4, "no space or quota left to write")                                                   \
    X(LTA_ERR_DEVICE_MEMORY, 4, "device memory exhausted")                                                   \
    X(LTA_ERR_CUDA, 4, "CUDA call failed")                                                                   \
    X(LTA_ERR_NO_BACKEND, 4, "device not present, or not compiled in")                                       \
    X(LTA_ERR_STOPPED, 5, "stopped by a signal; run the same command again")

typedef enum lta_status {
#define LTA_STATUS_ENUM(name, code, text) name,
    LTA_STATUS_LIST(LTA_STATUS_ENUM)
#undef LTA_STATUS_ENUM
} lta_status;

/* Records the detail for this thread and returns s. */
LTA_PRINTF(2, 3) lta_status lta_fail(lta_status s, const char *fmt, ...);

/* The same for a failed system call: appends ": " and strerror(err); ENOSPC, EDQUOT and EFBIG turn s into
 * LTA_ERR_SPACE, ENOMEM into LTA_ERR_NOMEM. */
LTA_PRINTF(3, 4) lta_status lta_fail_errno(lta_status s, int err, const char *fmt, ...);

const char *lta_error_detail(void); /* last sentence recorded by this thread; "" if none */
const char *lta_status_text(lta_status s);
int lta_status_exit_code(lta_status s);

/* On error: st is set and control goes to `done`, where everything is released. */
#define LTA_TRY(expr)                                                                                        \
    do {                                                                                                     \
        st = (expr);                                                                                         \
        if (st != LTA_OK)                                                                                    \
            goto done;                                                                                       \
    } while (0)

#endif
