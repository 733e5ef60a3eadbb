/* Inside gjob: an open package. Included by host/io/gjob*.c only. */
#ifndef PP_IO_GJOB_IMPL_H
#define PP_IO_GJOB_IMPL_H

#include "host/io/gjob.h"
#include "host/io/gjob_manifest.h"

#include <zip.h>

struct gjob {
    zip_t *zip;            /* owned */
    struct queue_job *job; /* owned */
    zip_uint64_t *entry;   /* owned; of each set */
    int64_t max_bytes;
    int64_t unpacked; /* so far, of the sets' files */
};

/* Why libzip failed, with the code that fits. */
int gjob_zip_error(zip_error_t *error, struct err *e, const char *what);

#endif
