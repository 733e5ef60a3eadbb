// link: ppapp
/* A condition's body, and what it makes of some symbols. Whatever it is, it ends soon, and what it
 * gives is within what a script takes. */
#include "host/app/queue/condition.h"

#include "host/base/mem.h"
#include "host/core/template.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition) {
        abort();
    }
}

static const char symbols_text[] =
    "{\"current\": {\"path\": \"a.gcode\", \"bed_temp\": 21.5, \"materials\": [null, \"PLA\"]},"
    " \"external\": {\"a\": [1, {\"b\": []}], \"c\": null}, \"x\": 1}";

static void check_result(const struct condition_result *r)
{
    const char *name = NULL;
    json_t *value = NULL;
    require(r->values == NULL || r->runs);
    json_object_foreach(r->values, name, value)
    {
        require(template_name_ok(name, strlen(name)));
        require(json_is_string(value) || json_is_number(value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct condition_result result = {0};
    struct strbuf said = {0};
    struct err e = {0};
    json_t *changed = NULL;
    json_t *symbols = json_loads(symbols_text, 0, NULL);
    json_t *before = json_deep_copy(symbols);
    char *body = mem_alloc(size + 1);
    memcpy(body, data, size);
    int checked = condition_check(body, NULL);
    int rc = condition_run(body, symbols, &result, &changed, &said, &e);
    require(rc == 0 || (rc == -PP_EINVAL && e.text[0] != '\0' && !result.runs));
    require(checked == 0 || rc != 0);
    require(said.len <= CONDITION_SAYS && json_equal(symbols, before));
    check_result(&result);
    json_decref(result.values);
    json_decref(changed);
    json_decref(symbols);
    json_decref(before);
    strbuf_fini(&said);
    free(body);
    return 0;
}
