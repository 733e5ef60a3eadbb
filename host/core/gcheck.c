#include "host/core/gcheck.h"

#include <stdlib.h>
#include <string.h>

/* A nozzle may be told to go this much below the bed, as in pre-flight. */
#define BELOW_BED_UM 500

static const char axis_letter[] = "XYZ";

/* Commands that no script may send, and what to do instead. */
static const struct {
    int number; /* of M */
    const char *why;
} refused[] = {
    {0, "waits at the printer; use @pause"},
    {1, "waits at the printer; use @pause"},
    {23, "chooses a file of the printer's card"},
    {24, "starts a print from the printer's card"},
    {25, "pauses a print of the printer's card; use @pause"},
    {28, "writes to the printer's card"},
    {29, "writes to the printer's card"},
    {30, "deletes from the printer's card"},
    {32, "starts a print from the printer's card"},
    {110, "changes the line numbers"},
    {112, "is the emergency stop; use @cancel"},
    {226, "waits at the printer; use @pause"},
    {502, "forgets the printer's settings"},
    {600, "waits at the printer; use @pause"},
    {601, "waits at the printer; use @pause"},
    {928, "writes to the printer's card"},
    {997, "changes the printer's firmware"},
};

void gcheck_init(struct gcheck *c, const struct limits *limits)
{
    *c = (struct gcheck){.limits = limits};
    gcode_modal_init(&c->modal);
}

static int refuse(struct err *e, const struct gcode *g, const char *why)
{
    int len = g->len < 60 ? (int)g->len : 60;
    return err_set(e, PP_EREFUSED, "\"%.*s\" %s", len, g->text, why);
}

static int check_command(const struct gcode *g, const struct limits *l, struct err *e)
{
    for (size_t i = 0; g->letter == 'M' && i < sizeof refused / sizeof *refused; i++) {
        if (g->number == refused[i].number) {
            return refuse(e, g, refused[i].why);
        }
    }
    if (g->letter == '@') {
        return refuse(e, g, "is no command of a printer");
    }
    if (g->stray && !gcode_display_only(g) && memchr(g->text, '{', g->len) != NULL) {
        return refuse(e, g, "has a value that nobody has filled in");
    }
    if (l->max_line > 0 && g->len > l->max_line) {
        return err_set(e, PP_EREFUSED, "\"%.30s...\" has %zu characters: this printer reads %zu",
            g->text, g->len, l->max_line);
    }
    if (g->letter == 'T' && l->tools > 0 && g->number >= l->tools) {
        return err_set(e, PP_EREFUSED, "\"T%d\": this printer has %d tool%s", g->number, l->tools,
            l->tools == 1 ? "" : "s");
    }
    return 0;
}

/* The highest target that a command may set, NULL if it sets none. */
static const int32_t *heat_limit(const struct limits *l, const struct gcode *g, const char **heater)
{
    bool bed_tuned = g->number == 303 && gcode_valued(g, 'E') && g->value['E' - 'A'] < 0;
    if (g->letter != 'M') {
        return NULL;
    }
    if (g->number == 140 || g->number == 190 || bed_tuned) {
        *heater = "bed";
        return &l->max_bed_mc;
    }
    if (g->number == 141 || g->number == 191) {
        *heater = "chamber";
        return &l->max_chamber_mc;
    }
    *heater = "hotend";
    return g->number == 104 || g->number == 109 || g->number == 303 ? &l->max_tool_mc : NULL;
}

int gcheck_heat(const struct gcode *g, const struct limits *l, struct err *e)
{
    const char *heater = NULL;
    const int32_t *limit = heat_limit(l, g, &heater);
    for (const char *letter = "SR"; limit != NULL && *letter != '\0'; letter++) {
        if (gcode_valued(g, *letter) && g->value[*letter - 'A'] / (GCODE_ONE / 1000) > *limit) {
            int len = g->len < 60 ? (int)g->len : 60;
            return err_set(e, PP_EREFUSED, "\"%.*s\": the limit of this printer's %s is %g °C", len,
                g->text, heater, *limit / 1000.0);
        }
    }
    return 0;
}

static bool is_move(const struct gcode *g)
{
    return g->letter == 'G' && ((g->number >= 0 && g->number <= 3) || g->number == 5);
}

/* Before the step: which positions the words of this command tell. */
static void learn(struct gcheck *c, const struct gcode *g)
{
    for (int i = 0; i < 3; i++) {
        bool said = gcode_valued(g, axis_letter[i]);
        if (is_move(g) && said && !c->modal.relative && !c->shifted[i]) {
            c->known[i] = true;
        }
        if (g->letter == 'G' && g->number == 92 && said && !c->known[i]) {
            c->shifted[i] = true;
        }
    }
}

/* After it: what homing and motors switched off leave behind. */
static void settle(struct gcheck *c, const struct gcode *g)
{
    for (int i = 0; i < 3; i++) {
        if (g->letter == 'G' && g->number == 28 && c->modal.homed[i]) {
            bool named = (g->has & (GCODE_BIT('X') | GCODE_BIT('Y') | GCODE_BIT('Z'))) != 0;
            bool homes = !named || (g->has & GCODE_BIT(axis_letter[i])) != 0;
            c->shifted[i] = c->shifted[i] && !homes;
            /* a delta homes at its top, others may at their far end */
            c->known[i] = c->known[i] && !homes;
        }
        if (g->letter == 'M' && (g->number == 18 || g->number == 84)) {
            c->known[i] = c->known[i] && c->modal.homed[i];
        }
    }
}

static int check_axis(const struct gcheck *c, const struct gcode *g, int axis, struct err *e)
{
    const struct limits *l = c->limits;
    int64_t um = c->modal.pos[axis] / 1000;
    int64_t below = axis == 2 ? BELOW_BED_UM : l->margin_um;
    int len = g->len < 60 ? (int)g->len : 60;
    if (um < l->min_um[axis] - below) {
        return err_set(e, PP_EREFUSED, "\"%.*s\" goes to %c%g: the build volume begins at %c %g mm",
            len, g->text, axis_letter[axis], (double)um / 1000, axis_letter[axis],
            (double)l->min_um[axis] / 1000);
    }
    if (axis < 2 && um > l->max_um[axis] + l->margin_um) { /* upwards there is nothing to hit */
        return err_set(e, PP_EREFUSED, "\"%.*s\" goes to %c%g: the build volume ends at %c %g mm",
            len, g->text, axis_letter[axis], (double)um / 1000, axis_letter[axis],
            (double)l->max_um[axis] / 1000);
    }
    return 0;
}

int gcheck_line(struct gcheck *c, const char *text, size_t len, struct err *e)
{
    struct gcode g;
    gcode_parse(&g, text, len);
    if (g.len == 0) {
        return 0;
    }
    int rc = check_command(&g, c->limits, e);
    rc = rc == 0 ? gcheck_heat(&g, c->limits, e) : rc;
    if (rc < 0) {
        return rc;
    }
    learn(c, &g);
    gcode_modal_step(&c->modal, &g);
    settle(c, &g);
    for (int i = 0; i < 3 && is_move(&g) && rc == 0; i++) {
        rc = c->known[i] && gcode_valued(&g, axis_letter[i]) ? check_axis(c, &g, i, e) : 0;
    }
    return rc;
}
