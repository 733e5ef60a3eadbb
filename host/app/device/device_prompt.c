/* What the printer asks of us by "//action:" lines: its buttons, its sensors, its prompts.
 *
 * `pause` and `resume` run our scripts; `paused` and `resumed` say what the printer has done by
 * itself, and then nothing is sent (device_wait.c). A prompt becomes a question to a person, whose
 * answer goes back as `M876 S<index>`.
 *
 * Failures: what cannot be done in the present state is told in the log and dropped; nothing a
 * printer says starts a print past the question about its bed.
 */
#include "host/app/device/device_priv.h"

#include "host/base/clock.h"
#include "host/base/log.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- orders of the printer
 * ---------------------------------------------------------------------------- */

static void obey(
    struct device *d, const struct action_line *a, int (*order)(struct device *d, struct err *e))
{
    struct err e;
    log_info("the printer asks to %s%s%s", a->word, a->text[0] != '\0' ? ": " : "", a->text);
    if (order(d, &e) < 0) {
        log_warn("%s at the printer's wish: %s", a->word, e.text);
    }
}

/* Old firmwares say `pause` where they have parked by themselves. */
static void on_pause(struct device *d, const struct action_line *a)
{
    if (d->self.change || device_self_paused(d)) {
        device_self_pause(d, WAIT_ACTION, "paused at the printer");
    } else {
        obey(d, a, device_pause);
    }
}

static void on_resume(struct device *d, const struct action_line *a)
{
    if (device_self_paused(d)) {
        device_self_resume(d);
    } else if (device_state(d) == PRINTER_PAUSING) {
        d->self.resume_wanted = true;
    } else {
        obey(d, a, device_resume);
    }
}

/* It has parked by itself, perhaps because we asked it to. */
static void on_paused(struct device *d, const struct action_line *a)
{
    if (device_state(d) == PRINTER_PAUSING && d->self.parks) {
        device_print_tag(d, TAG_PAUSED);
    } else {
        device_self_pause(d, WAIT_ACTION, a->text[0] != '\0' ? a->text : "paused at the printer");
    }
}

static void on_resumed(struct device *d, const struct action_line *a)
{
    (void)a;
    if (device_state(d) == PRINTER_RESUMING && d->self.parks) {
        device_print_tag(d, TAG_RESUMED);
    } else if (device_state(d) == PRINTER_PAUSED && d->self.parks) {
        device_move(d, PRINTER_RESUMING, "resumed at the printer");
        device_inject(d, d->who.dialect->job_timer ? "M75" : "M105", TAG_RESUMED);
    } else {
        device_self_resume(d);
    }
}

static void on_cancel(struct device *d, const struct action_line *a)
{
    if (!printer_has_job(device_state(d)) || device_state(d) == PRINTER_CANCELLING) {
        return;
    }
    obey(d, a, device_cancel);
    if (device_state(d) == PRINTER_CANCELLING) {
        snprintf(d->run.reason, sizeof d->run.reason, "cancelled at the printer");
    }
}

/* Whoever stands at the printer has not said that its bed is clear. */
static void on_start(struct device *d, const struct action_line *a)
{
    (void)a;
    if (d->pending[0] != '\0') {
        device_notice(
            d, "the printer asks to start; \"%s\" waits for an answer (ppctl confirm)", d->pending);
    } else {
        device_notice(d, "the printer asks to start, but nothing is chosen (ppctl print FILE)");
    }
}

/* As pressing "start managing": the question about the bed stands before each print of the queue.
 */
static void on_queue_go(struct device *d, const struct action_line *a)
{
    (void)a;
    if (hub_count(d->hub, HUB_QUEUE_GO) == 0) {
        device_notice(d, "the printer asks for its queue to be printed, but none is managed here");
        return;
    }
    log_info("the printer asks for its queue to be printed");
    hub_emit(d->hub, HUB_QUEUE_GO, NULL);
}

static void on_disconnect(struct device *d, const struct action_line *a)
{
    obey(d, a, device_disconnect);
}

static void on_out_of_filament(struct device *d, const struct action_line *a)
{
    bool prints = device_state(d) == PRINTER_PRINTING && !d->self.change;
    device_notice(d, "the printer is out of filament%s%s%s", a->text[0] != '\0' ? ", " : "",
        a->text, prints ? ": pausing" : "");
    if (prints) {
        obey(d, a, device_pause);
    }
}

/* A printer that says so has halted already or is about to; we do not wait to find out. */
static void on_power_off(struct device *d, const struct action_line *a)
{
    if (d->wire.estopped || device_state(d) == PRINTER_ERROR ||
        device_state(d) == PRINTER_OFFLINE) {
        return;
    }
    device_notice(d, "the printer asks for %s",
        a->what == ACTION_KILL ? "a stop at once" : "its power to be switched off");
    device_fault(d, "the printer has asked for its power to be switched off");
    if (d->run.id[0] != '\0' && !device_offer_open(d)) {
        device_abort(d, "the printer has asked for its power to be switched off");
    } else {
        device_heaters_off(d, TAG_NONE);
    }
}

static void on_shutdown(struct device *d, const struct action_line *a)
{
    (void)a;
    if (d->run.id[0] != '\0') {
        device_notice(d, "the printer asks to shut this machine down: not during a print");
    } else if (d->shutdown != NULL && d->shutdown(d->shutdown_context)) {
        device_notice(d, "this machine is shut down at the printer's wish");
    } else {
        device_notice(d, "the printer asks to shut this machine down, which is not allowed "
                         "(shutdown_command in the configuration)");
    }
}

/* ---- news of the printer
 * ------------------------------------------------------------------------------ */

static void on_news(struct device *d, const struct action_line *a)
{
    static const char *const texts[ACTION_COUNT] = {
        [ACTION_SD_INSERTED] = "an SD card was put into the printer",
        [ACTION_SD_EJECTED] = "the printer's SD card was taken out",
        [ACTION_PROBE_FAILED] = "probing the bed has failed",
        [ACTION_READY] = "the printer was set ready at its display",
        [ACTION_NOT_READY] = "the printer was set not ready at its display",
        [ACTION_RECOVERY_READY] = "the printer has lost its power during a print; it asks at its "
                                  "display whether to recover it",
        [ACTION_AUTO_RECOVERY_READY] =
            "the printer has lost its power during a print and recovers its position by itself",
        [ACTION_DUMP_AVAILABLE] = "the printer has kept a dump of a crash",
    };
    device_notice(d, "%s", texts[a->what]);
}

/* A display's text, which may change with every layer: told with the next tick. */
static void on_notification(struct device *d, const struct action_line *a)
{
    if (strcmp(d->message, a->text) != 0) {
        memcpy(d->message, a->text, sizeof d->message);
        d->message_new = true;
    }
}

static void on_ignored(struct device *d, const struct action_line *a)
{
    (void)d;
    log_debug("the printer says action \"%s\"", a->word);
}

/* ---- prompts
 * ------------------------------------------------------------------------------------------ */

static void show_prompt(struct device *d)
{
    const struct prompt *p = &d->prompt;
    const char *answers[PROMPT_BUTTONS] = {"dismiss"};
    char text[sizeof d->question->text];
    for (size_t i = 0; i < p->buttons; i++) {
        answers[i] = p->button[i];
    }
    if (p->left_out > 0) {
        log_warn("a prompt of the printer has %zu answers more than can be shown", p->left_out);
    }
    snprintf(text, sizeof text, "The printer asks: %s",
        p->text[0] != '\0' ? p->text : "(its text was lost)");
    device_unask(d, "wait");
    device_ask_choice(d, "prompt", answers, p->buttons > 0 ? p->buttons : 1, text);
}

static void on_prompt(struct device *d, const struct action_line *a)
{
    switch (prompt_take(&d->prompt, a)) {
    case PROMPT_SHOW:
        show_prompt(d);
        break;
    case PROMPT_CLOSE:
        device_unask(d, "prompt");
        break;
    case PROMPT_NOTHING:
        break;
    }
}

/* At once where the firmware looks for it as it arrives, or has nothing else to do than to wait. */
static void send_choice(struct device *d, size_t answer)
{
    char line[16];
    int len = snprintf(line, sizeof line, "M876 S%zu", answer);
    d->self.answered_ms = clock_ms();
    if (caps_has(&d->who.caps, CAP_EMERGENCY_PARSER) || device_waits(d)) {
        sender_urgent(d->sender, line, (size_t)len);
    } else {
        device_inject(d, line, TAG_NONE);
    }
}

void device_prompt_answered(struct device *d, size_t answer)
{
    bool choice = answer < d->prompt.buttons;
    d->prompt = (struct prompt){0};
    if (choice && printer_is_connected(device_state(d))) {
        send_choice(d, answer);
    }
}

int device_prompt_go_on(struct device *d, struct err *e)
{
    static const char *const words[] = {"continue", "resume", "ok", "yes"};
    for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
        for (size_t i = 0; i < d->prompt.buttons; i++) {
            if (strcasecmp(d->prompt.button[i], words[w]) == 0) {
                device_unask(d, "prompt");
                device_prompt_answered(d, i);
                return 0;
            }
        }
    }
    return err_set(e, PP_ESTATE, "the printer itself waits: \"%s\"; answer it (ppctl confirm)",
        d->prompt.text);
}

void device_prompt_forget(struct device *d)
{
    d->prompt = (struct prompt){0};
    device_unask(d, "prompt");
}

/* ---- the table
 * ---------------------------------------------------------------------------------------- */

void device_take_action(struct device *d, const char *text)
{
    static void (*const act[ACTION_COUNT])(struct device * d, const struct action_line *a) = {
        [ACTION_UNKNOWN] = on_ignored,
        [ACTION_START] = on_start,
        [ACTION_CANCEL] = on_cancel,
        [ACTION_PAUSE] = on_pause,
        [ACTION_RESUME] = on_resume,
        [ACTION_PAUSED] = on_paused,
        [ACTION_RESUMED] = on_resumed,
        [ACTION_DISCONNECT] = on_disconnect,
        [ACTION_SHUTDOWN] = on_shutdown,
        [ACTION_POWEROFF] = on_power_off,
        [ACTION_KILL] = on_power_off,
        [ACTION_OUT_OF_FILAMENT] = on_out_of_filament,
        [ACTION_SD_INSERTED] = on_news,
        [ACTION_SD_EJECTED] = on_news,
        [ACTION_SD_UPDATED] = on_ignored,
        [ACTION_PROMPT_BEGIN] = on_prompt,
        [ACTION_PROMPT_TEXT] = on_prompt,
        [ACTION_PROMPT_BUTTON] = on_prompt,
        [ACTION_PROMPT_SHOW] = on_prompt,
        [ACTION_PROMPT_END] = on_prompt,
        [ACTION_NOTIFICATION] = on_notification,
        [ACTION_PROBE_FAILED] = on_news,
        [ACTION_READY] = on_news,
        [ACTION_NOT_READY] = on_news,
        [ACTION_RECOVERY_READY] = on_news,
        [ACTION_AUTO_RECOVERY_READY] = on_news,
        [ACTION_DUMP_AVAILABLE] = on_news,
        [ACTION_QUEUE_GO] = on_queue_go,
    };
    struct action_line a;
    action_parse(&a, text);
    if (!d->closing) {
        act[a.what](d, &a);
    }
}
