#include "tools/ppvirtual/report.h"

#include "host/base/file.h"
#include "host/base/mem.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *seconds(uint64_t ns)
{
    return json_real((double)ns / 1e9);
}

static json_t *rounded(double value, double unit)
{
    return json_real(round(value / unit) * unit);
}

static json_t *count(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *text_or_null(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

/* Wire time from behind the first move up to the last one, and how much of it was used. */
static void add_wire(json_t *o, const struct model *m, const struct span *s)
{
    uint64_t bytes = s->last.seq - s->first.seq;
    uint64_t busy_ns = bytes * m->in.byte_ns;
    uint64_t window_ns = s->last.at_ns - s->first.at_ns;
    json_object_set_new(o, "wire_bytes", count(bytes));
    json_object_set_new(o, "wire_busy_s", seconds(busy_ns));
    json_object_set_new(o, "wire_s", seconds(window_ns));
    bool known = m->s.wire && window_ns > 0;
    json_object_set_new(o, "wire_utilisation",
        known ? json_real((double)busy_ns / (double)window_ns) : json_null());
}

static json_t *errors(const struct span *s)
{
    json_t *o = json_object();
    for (int i = 0; i < TALLY_ERRORS; i++) {
        json_object_set_new(o, tally_error_name((enum tally_error)i), count(s->errors[i]));
    }
    return o;
}

static void add_span(json_t *o, const struct model *m, const struct span *s)
{
    char hash[crypto_hash_sha256_BYTES * 2 + 1];
    tally_hash(s, hash);
    json_object_set_new(o, "sha256", json_string(hash));
    json_object_set_new(o, "commands", count(s->commands));
    tally_numbered_hash(s, hash);
    json_object_set_new(o, "numbered_sha256", json_string(hash));
    json_object_set_new(o, "numbered_commands", count(s->numbered));
    json_object_set_new(o, "resends", count(s->resends));
    json_object_set_new(o, "errors", errors(s));
    json_object_set_new(o, "underruns", count(s->underruns));
    json_object_set_new(o, "starved_s", seconds(s->starved_ns));
    json_object_set_new(o, "moves", count(s->moves));
    json_object_set_new(o, "motion_s", rounded(s->motion_s, 1e-6));
    json_object_set_new(o, "begin_s", seconds(s->begin_ns));
    json_object_set_new(o, "end_s", seconds(s->end_ns));
    json_object_set_new(o, "elapsed_s", seconds(s->end_ns - s->begin_ns));
    add_wire(o, m, s);
}

static json_t *prints(const struct model *m)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->tally.prints_len; i++) {
        json_t *o = json_object();
        json_object_set_new(o, "complete", json_boolean(m->tally.prints[i].complete));
        json_object_set_new(o, "card", json_boolean(m->tally.prints[i].card));
        add_span(o, m, &m->tally.prints[i]);
        json_array_append_new(list, o);
    }
    return list;
}

static void heater_name(int index, char out[16])
{
    if (index == HEATER_BED) {
        str_copy(out, 16, "bed", 3);
    } else if (index == HEATER_CHAMBER) {
        str_copy(out, 16, "chamber", 7);
    } else {
        snprintf(out, 16, "tool%d", index);
    }
}

static json_t *heater(const struct model *m, int index)
{
    char name[16];
    heater_name(index, name);
    json_t *o = json_object();
    json_object_set_new(o, "name", json_string(name));
    json_object_set_new(o, "temp", rounded(heater_temp(&m->heaters[index], m->now_ns), 0.01));
    json_object_set_new(o, "target", json_real(heater_target(&m->heaters[index])));
    json_t *list = json_array();
    const struct history *h = &m->history[index];
    for (size_t i = 0; i < h->len; i++) {
        json_t *row = json_array();
        json_array_append_new(row, seconds(h->samples[i].at_ns));
        json_array_append_new(row, rounded((double)h->samples[i].temp, 0.01));
        json_array_append_new(row, rounded((double)h->samples[i].target, 0.01));
        json_array_append_new(list, row);
    }
    json_object_set_new(o, "history", list);
    return o;
}

static json_t *heaters(const struct model *m)
{
    json_t *list = json_array();
    for (int i = 0; i < HEATERS; i++) {
        bool there = i < TOOLS_MAX ? i < (int)m->s.tools : (i == HEATER_BED || m->s.chamber);
        if (there) {
            json_array_append_new(list, heater(m, i));
        }
    }
    return list;
}

static json_t *position(const struct model *m)
{
    static const char *const names[PLANNER_AXES] = {"X", "Y", "Z", "E"};
    json_t *o = json_object();
    for (int i = 0; i < PLANNER_AXES; i++) {
        json_object_set_new(o, names[i], rounded(m->machine.position[i], 1e-6));
    }
    return o;
}

/* What its display shows of the print. */
static json_t *display(const struct person *p)
{
    json_t *o = json_object();
    json_object_set_new(o, "percent", p->percent >= 0 ? json_real(p->percent) : json_null());
    json_object_set_new(o, "minutes", p->minutes >= 0 ? json_real(p->minutes) : json_null());
    json_object_set_new(o, "text", text_or_null(p->text[0] != '\0' ? p->text : NULL));
    json_object_set_new(o, "updates", count(p->updates));
    return o;
}

static json_t *lateness(const struct lateness *late)
{
    json_t *o = json_object();
    double mean = late->lines > 0 ? (double)late->sum_ns / (double)late->lines : 0;
    json_object_set_new(o, "lines", count(late->lines));
    json_object_set_new(o, "mean_us", rounded(mean / 1e3, 0.1));
    json_object_set_new(o, "max_us", rounded((double)late->max_ns / 1e3, 0.1));
    json_object_set_new(o, "stalled_s", rounded((double)late->stalled_ns / 1e9, 1e-6));
    return o;
}

/* How long the host took from an ok to its next byte. */
static json_t *gap(const struct gap *g)
{
    static const struct {
        const char *name;
        double share;
    } wanted[] = {{"p50_us", 0.5}, {"p99_us", 0.99}, {"p999_us", 0.999}, {"max_us", 1}};
    json_t *o = json_object();
    json_object_set_new(o, "lines", count(g->ns.count));
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        double us = (double)histo_percentile(&g->ns, wanted[i].share) / 1e3;
        json_object_set_new(o, wanted[i].name, rounded(us, 0.1));
    }
    return o;
}

/* The lines between the moves as they came over the wire: of the last print or, without one, of
 * all. */
static json_t *stream(const struct model *m)
{
    const struct tally *t = &m->tally;
    const struct span *s = t->prints_len > 0 ? &t->prints[t->prints_len - 1] : &t->total;
    json_t *o = json_object();
    json_object_set_new(o, "lines", count(s->last.line - s->first.line));
    json_object_set_new(o, "bytes", count(s->last.seq - s->first.seq));
    json_object_set_new(o, "first_s", seconds(s->first.at_ns));
    json_object_set_new(o, "last_s", seconds(s->last.at_ns));
    return o;
}

static json_t *card_file(const struct card_file *f)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    char hex[crypto_hash_sha256_BYTES * 2 + 1];
    crypto_hash_sha256(digest, (const unsigned char *)strbuf_text(&f->bytes), f->bytes.len);
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    json_t *o = json_object();
    json_object_set_new(o, "name", json_string(f->name));
    json_object_set_new(o, "long_name", json_string(f->long_name));
    json_object_set_new(o, "size", count(f->bytes.len));
    json_object_set_new(o, "sha256", json_string(hex));
    return o;
}

/* null: no card slot. */
static json_t *card(const struct model *m)
{
    if (!m->s.sd) {
        return json_null();
    }
    json_t *files = json_array();
    for (size_t i = 0; i < m->card.count; i++) {
        json_array_append_new(files, card_file(&m->card.files[i]));
    }
    json_t *o = json_object();
    json_object_set_new(o, "present", json_boolean(m->card.present));
    json_object_set_new(o, "printing", json_boolean(m->card.printing));
    json_object_set_new(o, "files", files);
    return o;
}

static json_t *faults(const struct model *m)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->faults.len; i++) {
        const char *spec = m->faults.faults[i].spec;
        char safe[FAULT_SPEC_MAX * 4];
        json_t *o = json_object();
        json_object_set_new(
            o, "spec", json_string(str_escape(safe, sizeof(safe), spec, strlen(spec))));
        json_object_set_new(o, "fired", count(m->faults.faults[i].fired));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *microseconds(uint64_t clock_ns)
{
    return clock_ns > 0 ? count(clock_ns / 1000) : json_null();
}

static json_t *build(const struct model *m)
{
    const struct tally *t = &m->tally;
    json_t *o = json_object();
    json_object_set_new(o, "firmware", json_string(m->s.fw->name));
    json_object_set_new(o, "baud", count(m->s.baud));
    json_object_set_new(o, "wire", json_boolean(m->s.wire));
    json_object_set_new(o, "speed", json_real(m->s.speed));
    json_object_set_new(o, "real_moves", json_boolean(m->s.real_moves));
    json_object_set_new(o, "now_s", seconds(m->now_ns));
    json_object_set_new(o, "killed", json_boolean(m->halted != NULL));
    json_object_set_new(o, "halted", text_or_null(m->halted));
    json_object_set_new(
        o, "halted_clock_us", microseconds(m->halted != NULL ? m->halted_clock_ns : 0));
    json_object_set_new(o, "m112_clock_us", microseconds(m->heard_clock_ns));
    json_object_set_new(o, "lines", count(t->lines));
    json_object_set_new(o, "executed", count(t->executed));
    add_span(o, m, &t->total);
    json_object_set_new(o, "repeats", count(t->repeats));
    json_object_set_new(o, "overflow_bytes", count(m->ring.lost));
    json_object_set_new(o, "flushed_bytes", count(m->ring.flushed));
    json_object_set_new(o, "bytes_in", count(m->in.delivered));
    json_object_set_new(o, "bytes_out", count(m->out.delivered));
    json_object_set_new(o, "chars_in", count(m->chars_in));
    json_object_set_new(o, "xoffs", count(m->xoffs));
    json_object_set_new(o, "max_ring", count(m->ring.max_len));
    json_object_set_new(o, "max_queue", count(m->queue_max));
    json_object_set_new(o, "position", position(m));
    json_object_set_new(o, "display", display(&m->person));
    json_object_set_new(o, "stream", stream(m));
    json_object_set_new(o, "prints", prints(m));
    json_object_set_new(o, "card", card(m));
    json_object_set_new(o, "lateness", lateness(&m->late));
    json_object_set_new(o, "gap", gap(&m->gap));
    json_object_set_new(o, "heaters", heaters(m));
    json_object_set_new(o, "foreign", count(m->havoc.foreign));
    json_object_set_new(o, "faults", faults(m));
    return o;
}

char *report_text(const struct model *m)
{
    json_t *o = build(m);
    char *text = json_dumps(o, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    json_decref(o);
    return text != NULL ? text : mem_strdup("{}");
}

int report_write(const struct model *m, const char *path, struct err *e)
{
    char *text = report_text(m);
    char *line = mem_printf("%s\n", text);
    int rc = file_write(path, line, strlen(line), 0644, e);
    free(line);
    free(text);
    return rc;
}
