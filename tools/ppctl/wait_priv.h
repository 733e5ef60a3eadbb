/* The parts of wait.h: wait.c follows, wait_show.c shows, wait_ask.c asks, wait_search.c looks for
 * what the feed does not show. */
#ifndef PP_PPCTL_WAIT_PRIV_H
#define PP_PPCTL_WAIT_PRIV_H

#include "tools/ppctl/wait.h"

#define WAIT_RUNS_PATH "/api/v1/runs?limit=20"
#define WAIT_JOB_SHOWN 6 /* characters of an id */

/* Progress goes where a person sees it and a program does not. */
bool wait_on_stderr(const struct wait *w);

/* True if a person is at the terminal. */
bool wait_can_ask(const struct wait *w);

/* A line for people that stays, above the progress line. */
void wait_say(struct wait *w, const char *text);

/* Draws how far it is; without a terminal, a line for each tenth of the print. */
void wait_show(struct wait *w);

/* Puts what is newly asked to the person here; an exit status once the print cannot go on without
 * somebody and nobody is here, else -1. */
int wait_consider_question(struct wait *w);

/* The person typed a line. */
void wait_take_input(struct wait *w);

/* The feed has shown no trace of the print for a while. */
void wait_search(struct wait *w);

/* It does not begin; its job is not lost. */
void wait_end_unbegun(struct wait *w, const char *why);

#endif
