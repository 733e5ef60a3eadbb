#include "host/api/query.h"

#include <string.h>

int query_int(const struct request *r, const char *name, int64_t min, int64_t max, int64_t *value,
    struct err *e)
{
    char shown[32];
    const char *text = request_argument(r, name);
    if (text != NULL && !str_to_int(text, min, max, value)) {
        return err_field(e, PP_EINVAL, name, "%s \"%s\": must be an integer from %lld to %lld",
            name, str_escape(shown, sizeof shown, text, strlen(text)), (long long)min,
            (long long)max);
    }
    return 0;
}
