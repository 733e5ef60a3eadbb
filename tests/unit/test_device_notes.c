// link: ppapp
#include "host/app/device/device_priv.h"
#include "tests/unit/device_bench.h"

/* No note of the sender, in whatever state it arrives, may end the program beside a hot printer. */

static const char *const job = "G28\nG1 X10 Y20 Z0.3 F3000\nG1 X50 Y20 E2.5 F1500\n";

static void on_spool_error(void *context, const struct err *e)
{
    (void)context;
    fail_msg("%s", e->text);
}

/* The device as it is in `state`, with a print where there is one; no port, and none is opened. */
static bool of_card; /* the print is the printer's own, from its card */

static void put_into(struct bench *b, enum printer_state state)
{
    struct device *d = b->device;
    const struct file_entry *file = files_find(b->files, "part.gcode");
    char path[512];
    d->state.state = (int)state;
    d->wire.is_opening = true;
    d->wire.reopen = false;
    uv_timer_stop(&d->wire.retry);
    if (state == PRINTER_TRANSFERRING) {
        d->sd.put = (struct sd_put){.active = true, .file = "part.gcode", .name = "PART.GCO"};
        memcpy(d->sd.put.sha256, file->row.sha256, sizeof d->sd.put.sha256);
        files_pin(b->files, file->row.sha256);
    }
    if (!printer_has_job(state)) {
        return;
    }
    d->run = (struct run){.id = "00000000-0000-7000-8000-000000000000", .start_ms = 1};
    memcpy(d->run.file_name, file->row.name, sizeof d->run.file_name);
    d->sd.printing = of_card;
    if (of_card) {
        return;
    }
    memcpy(d->run.sha256, file->row.sha256, sizeof d->run.sha256);
    device_pin(d);
    files_path(b->files, d->run.sha256, path, sizeof path);
    if (state != PRINTER_STARTING) {
        struct spool_options options = {.loop = &b->loop,
            .sender = d->sender,
            .path = path,
            .on_error = on_spool_error,
            .context = d};
        assert_int_equal(spool_open(&d->spool, &options, NULL), 0);
    }
}

static void clear_up(struct bench *b)
{
    struct device *d = b->device;
    if (d->run.id[0] != '\0') {
        device_print_end(d, RUN_FAILURE, "");
    }
    if (d->sd.put.active) {
        device_sd_put_lost(d);
    }
    assert_false(d->sd.printing);
    assert_null(d->spool);
    for (int i = 0; i < 20; i++) { /* what was queued is answered */
        uv_run(&b->loop, UV_RUN_NOWAIT);
    }
}

/* RECOVERING is left as the phase wants it. */
static enum recover_phase phase;

static void put_into_phase(struct bench *b)
{
    struct device *d = b->device;
    struct device_recovery *r = &d->recovery;
    if (phase == RECOVER_NONE) {
        return;
    }
    r->spool = d->spool;
    r->spool_ready = true;
    d->spool = NULL;
    r->phase = phase;
    r->words = (struct device_words){.run_id = "00000000-0000-7000-8000-000000000000",
        .state = PRINTER_PRINTING,
        .bed_taken = true,
        .baud = 115200};
    r->check_tag = TAG_COUNT + 1;
}

static void try_note(struct bench *b, enum printer_state state, const struct stream_note *note)
{
    put_into(b, state);
    if (state == PRINTER_RECOVERING && !of_card) {
        put_into_phase(b);
    }
    device_on_note(b->device, note);
    assert_in_range(b->device->state.state, 0, PRINTER_STATES - 1);
    if (printer_is_connected(device_state(b->device)) && state != PRINTER_CONNECTING) {
        assert_true(printer_has_job(device_state(b->device)) || b->device->run.id[0] == '\0');
    }
    clear_up(b);
}

static void try_text(struct bench *b, enum printer_state state, const char *text)
{
    try_note(
        b, state, &(struct stream_note){.kind = NOTE_RECEIVED, .text = text, .len = strlen(text)});
}

static void try_state(struct bench *b, enum printer_state state)
{
    static const char *const texts[] = {"ok", "start", "//action:pause", "//action:resume",
        "//action:cancel", "//action:paused", "//action:resumed", "//action:start",
        "//action:disconnect", "//action:shutdown", "//action:poweroff", "//action:kill",
        "//action:out_of_filament T0", "//action:prompt_button x", "//action:prompt_show",
        "//action:prompt_end", "//action:notification x", "//action:ready",
        "echo:busy: paused for user", "INT4", "T:20 /0 W:3", "echo:busy: processing",
        "FIRMWARE_NAME:", "Cap:", "SD printing byte 1/2", "Not SD printing", "Done printing file",
        "File opened: A.GCO Size: 2", "Begin file list", "A.GCO 2", "End file list",
        "echo:No media", "echo:SD card ok", "Error:SD read error", "Error:error writing to file",
        "//action:sd_inserted", "//action:sd_ejected", ""};
    for (int kind = 0; kind <= NOTE_DETACHED; kind++) {
        struct stream_note note = {.kind = (enum stream_note_kind)kind, .text = "x", .len = 1};
        bool has_port = printer_has_job(state) || state == PRINTER_TRANSFERRING;
        if (kind == NOTE_CONNECTED && has_port) {
            continue; /* the sender greets only a port that it was just given */
        }
        for (note.tag = 0; note.tag <= TAG_COUNT; note.tag++) {
            try_note(b, state, &note);
        }
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        try_text(b, state, texts[i]);
    }
}

static void any_note_is_survived_in_any_state(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    put_file(b, "part.gcode", job);
    assert_int_equal(device_disconnect(b->device, &refused), 0);
    UNTIL_STATE(b, PRINTER_OFFLINE);
    for (int s = 0; s < 2 * PRINTER_STATES; s++) {
        of_card = s >= PRINTER_STATES;
        try_state(b, (enum printer_state)(s % PRINTER_STATES));
    }
    b->device->wire.is_opening = false;
    b->device->state.state = PRINTER_OFFLINE;
    finish(b);
}

static void any_note_is_survived_while_recovering(void **state)
{
    (void)state;
    struct bench *b = connected(&bench_profile);
    put_file(b, "part.gcode", job);
    assert_int_equal(device_disconnect(b->device, &refused), 0);
    UNTIL_STATE(b, PRINTER_OFFLINE);
    of_card = false;
    for (phase = RECOVER_REOPEN; phase <= RECOVER_MOVE; phase++) {
        try_state(b, PRINTER_RECOVERING);
    }
    phase = RECOVER_NONE;
    b->device->wire.is_opening = false;
    b->device->state.state = PRINTER_OFFLINE;
    finish(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_note_is_survived_in_any_state),
        cmocka_unit_test(any_note_is_survived_while_recovering),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
