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

int query_bool(const struct request *r, const char *name, bool *value, struct err *e)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"1", true}, {"true", true}, {"yes", true}, {"0", false}, {"false", false},
        {"no", false}};
    char shown[32];
    const char *text = request_argument(r, name);
    for (size_t i = 0; text != NULL && i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i].word, text) == 0) {
            *value = words[i].value;
            return 0;
        }
    }
    return text == NULL ? 0
                        : err_field(e, PP_EINVAL, name, "%s \"%s\": must be 1 or 0", name,
                              str_escape(shown, sizeof shown, text, strlen(text)));
}
