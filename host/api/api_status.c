/* Looking: the status, the terminal, the log, past runs, the profiles. */
#include "host/api/handlers.h"

#include "host/api/http_private.h"
#include "host/api/view.h"
#include "host/base/json.h"
#include "host/base/log.h"

#include <string.h>

void api_status(struct request *r)
{
    reply_json(r, 200, view_status(r->http));
}

static void add_terminal(void *context, const struct hub_terminal *line)
{
    json_array_append_new(context, view_terminal(line));
}

void api_terminal(struct request *r)
{
    json_t *lines = json_array();
    device_terminal(r->http->o.device, add_terminal, lines);
    reply_json(r, 200, json_pack("{s:o}", "lines", lines));
}

void api_log(struct request *r)
{
    json_t *lines = json_array();
    const struct log_line *line;
    for (size_t i = 0; (line = log_find(i)) != NULL; i++) {
        json_array_append_new(
            lines, json_pack("{s:I, s:s, s:o}", "time_ms", (json_int_t)line->wall_ms, "level",
                       log_level_name(line->level), "text", json_text(line->text)));
    }
    reply_json(r, 200, json_pack("{s:o}", "lines", lines));
}

void api_profiles(struct request *r)
{
    json_t *list = json_array();
    json_t *mistakes = json_array();
    const struct profile *profile;
    const char *mistake;
    const struct profiles *all = r->http->o.profiles;
    for (size_t i = 0; (profile = profiles_at(all, i)) != NULL; i++) {
        json_array_append_new(list, view_profile(profile));
    }
    for (size_t i = 0; (mistake = profiles_mistake(all, i)) != NULL; i++) {
        json_array_append_new(mistakes, json_text(mistake));
    }
    reply_json(r, 200, json_pack("{s:o, s:o}", "profiles", list, "mistakes", mistakes));
}
