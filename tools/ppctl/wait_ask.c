/* Following a print: what is asked of the person. */
#include "tools/ppctl/wait_priv.h"

#include "tools/ppctl/question.h"
#include "tools/ppctl/text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Puts the question to the person at the terminal. */
static void ask(struct wait *w, const json_t *question)
{
    struct strbuf text = {0};
    term_clear(&w->c->term, false);
    text_foreign(&text, field_text(question, "text"));
    if (question_is_yes_no(question)) {
        strbuf_puts(&text, " [y/N] ");
    } else {
        strbuf_puts(&text, " [");
        question_put_answers(&text, question, ", ");
        strbuf_puts(&text, "] ");
    }
    fputs(strbuf_text(&text), stdout);
    fflush(stdout);
    strbuf_fini(&text);
    snprintf(w->asked, sizeof w->asked, "%s", field_text(question, "id"));
}

/* What is asked while it prints or waits for its turn, where nobody is at a terminal. */
static void tell_question(struct wait *w, const json_t *question)
{
    struct strbuf text = {0};
    text_foreign(&text, field_text(question, "text"));
    strbuf_printf(&text, " Answer with: ppctl %sconfirm ", w->c->target_hint);
    text_foreign(&text, question_short_id(question));
    strbuf_puts(&text, " ");
    question_put_answers(&text, question, "|");
    wait_say(w, strbuf_text(&text));
    strbuf_fini(&text);
}

/* The print does not begin before it is answered. */
static int fail_unanswered(struct wait *w, const json_t *question)
{
    struct err e;
    struct strbuf text = {0};
    const char *job = w->track.job;
    const char *target = w->c->target_hint;
    bool about_bed = strcmp(field_text(question, "kind"), "bed") == 0;
    text_foreign(&text, field_text(question, "text"));
    err_set(&e, PP_ESTATE, "%.160s The print waits for the answer: ppctl %sconfirm",
        strbuf_text(&text), target);
    size_t used = strlen(e.text);
    if (*job != '\0') {
        snprintf(e.text + used, sizeof e.text - used, "; ppctl %srm %s takes it off the queue",
            target, job + (strlen(job) > WAIT_JOB_SHOWN ? strlen(job) - WAIT_JOB_SHOWN : 0));
    } else if (about_bed) {
        snprintf(e.text + used, sizeof e.text - used, " (or print --bed-clear)");
    }
    strbuf_fini(&text);
    return fail(w->c, PPCTL_FAILED, &e);
}

static void remember(struct wait *w, const char *id)
{
    size_t kept = sizeof w->told / sizeof *w->told;
    snprintf(w->told[w->told_count++ % kept], sizeof *w->told, "%s", id);
}

/* The first open question that was not yet put here; NULL if there is none. */
static const json_t *next_question(const struct wait *w, const json_t *list)
{
    size_t i;
    json_t *question;
    json_array_foreach(list, i, question)
    {
        bool told = false;
        for (size_t k = 0; k < sizeof w->told / sizeof *w->told; k++) {
            told = told || strcmp(w->told[k], field_text(question, "id")) == 0;
        }
        if (!told) {
            return question;
        }
    }
    return NULL;
}

/* Nobody is here to answer: an exit status once the print cannot go on without, else -1. */
int wait_consider_question(struct wait *w)
{
    const json_t *list = question_list(w->track.status);
    const json_t *question = next_question(w, list);
    if (w->asked[0] != '\0' && question_find(list, w->asked) == NULL) {
        printf("answered elsewhere\n");
        w->asked[0] = '\0';
    }
    if (question == NULL || w->asked[0] != '\0') {
        return -1;
    }
    if (wait_can_ask(w)) {
        ask(w, question);
    } else if (w->track.phase == TRACK_ASKING) {
        return fail_unanswered(w, question);
    } else {
        remember(w, field_text(question, "id"));
        tell_question(w, question);
    }
    return -1;
}

static void send_answer(struct wait *w, const char *text)
{
    struct answer a;
    json_t *body = json_pack("{s:s, s:s}", "id", w->asked, "answer", text);
    if (post(w->host, "/api/v1/confirm", body, &a) != 0) {
        wait_say(w, a.error.text);
    } else if (strcmp(text, "no") == 0 && w->track.phase == TRACK_ASKING) {
        wait_end_unbegun(w, "the answer was no");
    }
    answer_fini(&a);
    remember(w, w->asked); /* until the host has closed it */
    w->asked[0] = '\0';
}

/* The answer that a typed line means, NULL if none. To yes or no, anything but yes is a no. */
static const char *answer_of(const json_t *question, char *line)
{
    line[strcspn(line, "\r\n")] = '\0';
    if (question_is_yes_no(question)) {
        return line[0] == 'y' || line[0] == 'Y' ? "yes" : "no";
    }
    return line[0] != '\0' ? question_answer(question, line) : question_default(question);
}

/* The person typed a line (a terminal gives whole lines). The end of the input is no answer to a
 * question of the printer. */
void wait_take_input(struct wait *w)
{
    char line[64];
    ssize_t n = read(STDIN_FILENO, line, sizeof line - 1);
    const json_t *question = question_find(question_list(w->track.status), w->asked);
    if (w->asked[0] == '\0' || question == NULL || (n < 0 && !term_stopped())) {
        return;
    }
    line[n > 0 ? n : 0] = '\0';
    const char *answer = answer_of(question, line);
    if (answer != NULL && (n > 0 || question_is_yes_no(question))) {
        send_answer(w, answer);
    } else if (n > 0) {
        ask(w, question);
    } else {
        remember(w, w->asked);
        w->asked[0] = '\0';
    }
}
