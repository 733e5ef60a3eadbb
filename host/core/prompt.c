#include "host/core/prompt.h"

#include "host/base/str.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *word;
    enum action what;
} actions[] = {
    {"start", ACTION_START},
    {"cancel", ACTION_CANCEL},
    {"pause", ACTION_PAUSE},
    {"resume", ACTION_RESUME},
    {"paused", ACTION_PAUSED},
    {"resumed", ACTION_RESUMED},
    {"disconnect", ACTION_DISCONNECT},
    {"shutdown", ACTION_SHUTDOWN},
    {"poweroff", ACTION_POWEROFF},
    {"kill", ACTION_KILL},
    {"out_of_filament", ACTION_OUT_OF_FILAMENT},
    {"filament_runout", ACTION_OUT_OF_FILAMENT},
    {"sd_inserted", ACTION_SD_INSERTED},
    {"sd_ejected", ACTION_SD_EJECTED},
    {"sd_updated", ACTION_SD_UPDATED},
    {"prompt_begin", ACTION_PROMPT_BEGIN},
    {"prompt_text", ACTION_PROMPT_TEXT},
    {"prompt_choice", ACTION_PROMPT_BUTTON},
    {"prompt_button", ACTION_PROMPT_BUTTON},
    {"prompt_show", ACTION_PROMPT_SHOW},
    {"prompt_end", ACTION_PROMPT_END},
    {"notification", ACTION_NOTIFICATION},
    {"probe_failed", ACTION_PROBE_FAILED},
    {"ready", ACTION_READY},
    {"not_ready", ACTION_NOT_READY},
    {"uvlo_recovery_ready", ACTION_RECOVERY_READY},
    {"uvlo_auto_recovery_ready", ACTION_AUTO_RECOVERY_READY},
    {"dump_available", ACTION_DUMP_AVAILABLE},
    {"queuego", ACTION_QUEUE_GO},
};

/* "pause", "pause: filament_runout", "out_of_filament T0": the word ends at a blank or a colon. */
void action_parse(struct action_line *out, const char *text)
{
    *out = (struct action_line){.what = ACTION_UNKNOWN};
    text += strspn(text, " \t");
    size_t len = strcspn(text, " \t:\r");
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        if (strlen(actions[i].word) == len && memcmp(actions[i].word, text, len) == 0) {
            out->what = actions[i].what;
        }
    }
    str_escape(out->word, sizeof out->word, text, len);
    text += len;
    text += strspn(text, " \t:");
    len = strlen(text);
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t' || text[len - 1] == '\r')) {
        len--;
    }
    str_escape(out->text, sizeof out->text, text, len);
}

/* ---- prompts ---------------------------------------------------------------------------------
 */

static bool has_button(const struct prompt *p, const char *text)
{
    for (size_t i = 0; i < p->buttons; i++) {
        if (strcmp(p->button[i], text) == 0) {
            return true;
        }
    }
    return false;
}

/* Answers are told apart by their texts. */
static void add_button(struct prompt *p, const char *text)
{
    char name[sizeof p->button[0]];
    if (p->buttons == PROMPT_BUTTONS) {
        p->left_out++;
        return;
    }
    str_escape(name, sizeof name, text, strlen(text));
    char base[sizeof name - 5]; /* leaves room for " (16)" */
    const char *given = name[0] != '\0' ? name : "button";
    str_escape(base, sizeof base, given, strlen(given));
    for (size_t n = p->buttons + 1; name[0] == '\0' || has_button(p, name); n++) {
        snprintf(name, sizeof name, "%s (%zu)", base, n);
    }
    memcpy(p->button[p->buttons++], name, sizeof name);
}

static void add_text(struct prompt *p, const char *text)
{
    size_t used = strlen(p->text);
    if (used > 0 && used + 1 < sizeof p->text) {
        p->text[used++] = ' ';
    }
    str_escape(p->text + used, sizeof p->text - used, text, strlen(text));
}

static enum prompt_event begin(struct prompt *p, const char *text)
{
    bool shown = p->shown;
    *p = (struct prompt){.begun = true};
    add_text(p, text);
    return shown ? PROMPT_CLOSE : PROMPT_NOTHING;
}

static enum prompt_event show(struct prompt *p)
{
    if (!p->begun) {
        return PROMPT_NOTHING; /* all of it was lost, or it is shown already */
    }
    p->begun = false;
    p->shown = true;
    return PROMPT_SHOW;
}

static enum prompt_event end(struct prompt *p)
{
    bool shown = p->shown;
    *p = (struct prompt){0};
    return shown ? PROMPT_CLOSE : PROMPT_NOTHING;
}

/* What follows a prompt that is shown belongs to another, whose prompt_begin was lost. */
static enum prompt_event begin_lost(struct prompt *p)
{
    return p->begun ? PROMPT_NOTHING : begin(p, "");
}

enum prompt_event prompt_take(struct prompt *p, const struct action_line *a)
{
    enum prompt_event event = PROMPT_NOTHING;
    if (a->what == ACTION_PROMPT_BEGIN) {
        return begin(p, a->text);
    }
    if (a->what == ACTION_PROMPT_SHOW) {
        return show(p);
    }
    if (a->what == ACTION_PROMPT_END) {
        return end(p);
    }
    if (a->what == ACTION_PROMPT_TEXT || a->what == ACTION_PROMPT_BUTTON) {
        event = begin_lost(p);
    }
    if (a->what == ACTION_PROMPT_TEXT) {
        add_text(p, a->text);
    } else if (a->what == ACTION_PROMPT_BUTTON) {
        add_button(p, a->text);
    }
    return event;
}
