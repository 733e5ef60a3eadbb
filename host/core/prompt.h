/* What a printer asks of its host: "//action:" lines, and the prompts some of them make up. Pure.
 *
 * Marlin sends a prompt piece by piece: prompt_begin TEXT, prompt_button TEXT for each answer,
 * prompt_show; prompt_end takes it back. The answer is `M876 S<index>`, counted from 0. Pieces get
 * lost on a serial line: a prompt is shown as far as it came, and a prompt_begin ends the one
 * before.
 *
 * All texts come from outside: they are cut and escaped here.
 */
#ifndef PP_CORE_PROMPT_H
#define PP_CORE_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

#define PROMPT_BUTTONS 8

enum action {
    ACTION_UNKNOWN,
    ACTION_START,
    ACTION_CANCEL,
    ACTION_PAUSE, /* the host shall pause: with its script */
    ACTION_RESUME,
    ACTION_PAUSED, /* the printer has paused itself: nothing is to be sent */
    ACTION_RESUMED,
    ACTION_DISCONNECT,
    ACTION_SHUTDOWN, /* of the machine the host runs on */
    ACTION_POWEROFF, /* of the printer */
    ACTION_KILL,
    ACTION_OUT_OF_FILAMENT,
    ACTION_SD_INSERTED,
    ACTION_SD_EJECTED,
    ACTION_SD_UPDATED,
    ACTION_PROMPT_BEGIN,
    ACTION_PROMPT_TEXT,
    ACTION_PROMPT_BUTTON,
    ACTION_PROMPT_SHOW,
    ACTION_PROMPT_END,
    ACTION_NOTIFICATION,
    ACTION_PROBE_FAILED,
    ACTION_READY,               /* Prusa: a person said so at the printer */
    ACTION_NOT_READY,           /* Prusa */
    ACTION_RECOVERY_READY,      /* Prusa, after a loss of power: asks at its display */
    ACTION_AUTO_RECOVERY_READY, /* Prusa: and goes on by itself */
    ACTION_DUMP_AVAILABLE,      /* Prusa: it has crashed before */
    ACTION_QUEUE_GO,            /* of Continuous Print: the queue shall be printed */
    ACTION_COUNT
};

struct action_line {
    enum action what;
    char word[32];  /* the action's name as it came, escaped */
    char text[128]; /* what follows it, escaped; "" = nothing */
};

/* Parses what follows "//action:". Never fails: what is not known is ACTION_UNKNOWN. */
void action_parse(struct action_line *out, const char *text);

struct prompt {
    bool begun;
    bool shown;
    char text[128];
    char button[PROMPT_BUTTONS][41]; /* no two are the same, none is empty */
    size_t buttons;
    size_t left_out; /* buttons beyond what there is room for */
};

enum prompt_event {
    PROMPT_NOTHING, /* it is being made up, or the action is none of a prompt */
    PROMPT_SHOW,    /* it is complete: ask */
    PROMPT_CLOSE    /* what was shown holds no longer */
};

/* Takes one action into a prompt (zero-initialised at first). */
enum prompt_event prompt_take(struct prompt *p, const struct action_line *a);

#endif
