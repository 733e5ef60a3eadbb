/* profiles: the printers the host knows, by whose names a file is bound to one. */
#include "tools/ppctl/ppctl.h"

#include "tools/ppctl/text.h"
#include "tools/ppctl/view_jobs.h"

#include <string.h>

static bool speaks_of(const json_t *profile, const char *word)
{
    size_t i;
    json_t *model;
    json_array_foreach(field_node(profile, "models"), i, model)
    {
        if (json_is_string(model) && strcasestr(json_string_value(model), word) != NULL) {
            return true;
        }
    }
    return strcasestr(field_text(profile, "id"), word) != NULL ||
           strcasestr(field_text(profile, "name"), word) != NULL;
}

/* Leaves those in which the word stands. */
static void pick(json_t *doc, const char *word)
{
    json_t *list = json_object_get(doc, "profiles");
    for (size_t i = json_array_size(list); i > 0; i--) {
        if (!speaks_of(json_array_get(list, i - 1), word)) {
            json_array_remove(list, i - 1);
        }
    }
}

int cmd_profiles(struct ppctl *c)
{
    struct answer a;
    struct strbuf text = {0};
    struct view v = view_now(c);
    int status = PPCTL_DONE;
    if (get(c->chosen[0], "/api/v1/profiles", &a) != 0) {
        status = fail_answer(c, c->chosen[0], &a);
    } else {
        if (c->operands > 0) {
            pick(a.doc, c->operand[0]);
        }
        if (c->json) {
            print_json(json_incref(a.doc));
        } else {
            view_profiles(&text, &v, a.doc);
            print_text(&text);
        }
    }
    answer_fini(&a);
    return status;
}
