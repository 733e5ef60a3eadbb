/* Scripts, conditions, and which of them run at which moment.
 *
 * Scripts are templates of gcode with host commands (host/core/script.h); conditions are Lua
 * (host/app/queue/condition.h). Ours come from profiles/scripts/NAME.yaml, a person's own from the
 * store and win over ours of the same name. At a moment its hooks are gone through in order: the
 * condition decides whether its script runs and with which values; the outcomes are put together
 * into one list of steps.
 *
 * Failure modes: an error in a condition or a template fails the whole moment before anything of it
 * is sent; the error names script or condition, line and what is wrong.
 */
#ifndef PP_APP_QUEUE_SCRIPTS_H
#define PP_APP_QUEUE_SCRIPTS_H

#include "host/core/driver.h"
#include "host/core/script.h"
#include "host/io/store.h"

#include <jansson.h>

#define SCRIPTS_NAME_MAX        63
#define SCRIPTS_DESCRIPTION_MAX 1000
#define SCRIPTS_BODY_MAX        16384
#define SCRIPTS_HOOKS_MAX       16 /* of one moment */

struct scripts;

struct scripts_entry { /* a script or a condition */
    char name[SCRIPTS_NAME_MAX + 1];
    char *description;
    char *body;
    bool clears_bed;  /* a script that ended well leaves the bed clear */
    bool shipped;     /* ours, from a file; else a person's */
    char source[256]; /* the file, "" = the store */
};

struct scripts_hook {
    char script[SCRIPTS_NAME_MAX + 1];
    char condition[SCRIPTS_NAME_MAX + 1]; /* "" = always */
};

/* `dirs` as for profiles (profile.h). Mistakes in files: scripts_mistake(). */
int scripts_open(struct scripts **out, const char *const *dirs, struct store *store, struct err *e);
void scripts_close(struct scripts *s);
bool scripts_reload(struct scripts *s); /* changed files */
const char *scripts_mistake(const struct scripts *s, size_t index);

/* In the order of their names; valid until the next change or reload. */
const struct scripts_entry *scripts_at(const struct scripts *s, size_t index);
const struct scripts_entry *scripts_find(const struct scripts *s, const char *name);
const struct scripts_entry *scripts_condition_at(const struct scripts *s, size_t index);
const struct scripts_entry *scripts_condition_find(const struct scripts *s, const char *name);

/* Checked (names, size, template and Lua syntax) before it is stored: PP_EINVAL at once, else
 * `done` when it is durable and from then on in effect (without a store: at once). Removing ours is
 * PP_EREFUSED; removing a person's brings ours back. One that a hook names cannot be removed
 * (PP_EBUSY names the moment). */
int scripts_save(struct scripts *s, const struct scripts_entry *script, store_cb done,
    void *context, struct err *e);
int scripts_save_condition(struct scripts *s, const struct scripts_entry *condition, store_cb done,
    void *context, struct err *e);
int scripts_remove(
    struct scripts *s, const char *name, store_cb done, void *context, struct err *e);
int scripts_remove_condition(
    struct scripts *s, const char *name, store_cb done, void *context, struct err *e);

size_t scripts_hooks(
    const struct scripts *s, enum driver_moment m, const struct scripts_hook **out);
int scripts_set_hooks(struct scripts *s, enum driver_moment m, const struct scripts_hook *hooks,
    size_t n, store_cb done, void *context, struct err *e);
/* What hangs on print_success as long as no person has said what: the printer's own, "" = the usual
 * one. One that is not there or clears no bed is told and not used. */
void scripts_set_clear_script(struct scripts *s, const char *name);
/* Everything at once, all or nothing: {"scripts": {name: body}, "conditions": {name: body},
 * "events": {moment: [{"script", "condition"}]}}; what is left out stays, null as a body removes.
 * Instead of a body there may be {"body", "description", "clears_bed"}. A new body alone keeps the
 * description but not clears_bed: that was said of what the script did before. */
int scripts_replace(
    struct scripts *s, const json_t *all, store_cb done, void *context, struct err *e);

/* What runs at a moment, or what would. */
struct scripts_plan {
    struct script_step *steps; /* owned: script_steps_free() */
    size_t count;
    bool clears_bed; /* one of them declares it, and has more steps than those that tell or wait */
    char *said;      /* owned: what conditions printed; "" */
    char names[256]; /* of the scripts that run, for people */
};

/* `symbols`: as manage_symbols(). 0 with count 0: nothing is to be done. */
int scripts_plan(const struct scripts *s, enum driver_moment m, const json_t *symbols,
    struct scripts_plan *out, struct err *e);
void scripts_plan_fini(struct scripts_plan *p);

/* A dry run of one script and condition (texts, "" = none), nothing is sent. A fresh object:
 * {"runs": bool, "gcode": text, "said": text, "error": text or null, "symbols": changed ones}. */
json_t *scripts_try(const char *script, const char *condition, const json_t *symbols);

/* The same of several, as at a moment they hang on: the first mistake stops all. */
struct scripts_trial {
    const char *script;
    const char *condition;
};
json_t *scripts_try_all(const struct scripts_trial *trials, size_t n, const json_t *symbols);

#endif
