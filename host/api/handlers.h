/* The handlers of the routes, by file. Each replies, or waits and replies later. */
#ifndef PP_API_HANDLERS_H
#define PP_API_HANDLERS_H

#include "host/core/driver.h"

#include <jansson.h>

struct device;
struct err;
struct file_entry;
struct request;
struct scripts;
struct strbuf;

/* api_status.c: looking */
void api_status(struct request *r);
void api_terminal(struct request *r);
void api_log(struct request *r);
void api_profiles(struct request *r);

/* api_history.c: past runs, their sums */
void api_runs(struct request *r);
void api_runs_clear(struct request *r);
void api_stats(struct request *r);

/* api_jobs.c, api_job_edit.c, api_job_sets.c, api_packages.c */
void api_jobs(struct request *r);
void api_job(struct request *r);
void api_job_add(struct request *r);
void api_job_edit(struct request *r);
void api_job_move(struct request *r);
void api_job_remove(struct request *r);
void api_job_restore(struct request *r);
void api_job_reset(struct request *r);
void api_job_purge(struct request *r);
void api_jobs_act(struct request *r);
void api_job_set_add(struct request *r);
void api_job_set_edit(struct request *r);
void api_job_set_remove(struct request *r);
void api_job_export(struct request *r);
void api_job_import(struct request *r);
void api_job_import_upload(struct request *r);

/* api_templates.c, api_queues.c */
void api_templates(struct request *r);
void api_template_save(struct request *r);
void api_template_remove(struct request *r);
void api_template_use(struct request *r);
void api_queues(struct request *r);
void api_queue(struct request *r);
void api_queue_add(struct request *r);
void api_queue_edit(struct request *r);
void api_queue_remove(struct request *r);
void api_queue_takeover(struct request *r);
void api_queue_release(struct request *r);
void api_peers(struct request *r);

/* api_manage.c */
void api_manage(struct request *r);
void api_manage_start(struct request *r);
void api_manage_stop(struct request *r);
void api_manage_failure(struct request *r);
void api_quarantine_remove(struct request *r);

/* api_scripts.c, api_script_try.c */
void api_scripts(struct request *r);
void api_script_save(struct request *r);
void api_script_remove(struct request *r);
void api_condition_save(struct request *r);
void api_condition_remove(struct request *r);
void api_event_set(struct request *r);
void api_script_try(struct request *r);
void api_symbols(struct request *r);
void api_external(struct request *r);
void api_external_set(struct request *r);

/* The scripts; NULL and an answer of 503 when this host has none. */
struct scripts *api_scripts_of(struct request *r);
int api_moment_parse(const char *name, enum driver_moment *out, struct err *e);

/* api_spools.c */
void api_spools(struct request *r);
void api_spool_add(struct request *r);
void api_spool_edit(struct request *r);
void api_spool_remove(struct request *r);
void api_tool_load(struct request *r);

/* api_print.c: acting on the printer */
void api_print(struct request *r);
void api_pause(struct request *r);
void api_resume(struct request *r);
void api_cancel(struct request *r);
void api_recover(struct request *r);
void api_estop(struct request *r);
void api_connect(struct request *r);
void api_disconnect(struct request *r);
void api_confirm(struct request *r);
void api_temperature(struct request *r);
void api_gcode(struct request *r);

/* api_files.c */
void api_files(struct request *r);
void api_file(struct request *r);
void api_file_upload(struct request *r);
void api_file_remove(struct request *r);
void api_file_move(struct request *r);
void api_folder_add(struct request *r);
void api_folder_remove(struct request *r);

/* api_sd.c: the printer's SD card */
void api_sd(struct request *r);
void api_sd_act(struct request *r);
void api_sd_print(struct request *r);
void api_sd_put(struct request *r);
void api_sd_remove(struct request *r);

/* "refresh", "init" or "release". */
int api_sd_order(struct device *d, const char *action, struct err *e);

/* api_keys.c: keys, login, restart */
void api_keys(struct request *r);
void api_key_add(struct request *r);
void api_key_remove(struct request *r);
void api_login(struct request *r);
void api_login_link(struct request *r);
void api_logout(struct request *r);
void api_restart(struct request *r);

/* octoprint_files.c, octoprint_version.c */
void octoprint_version(struct request *r);
void octoprint_file(struct request *r);
void octoprint_upload(struct request *r);
void octoprint_file_command(struct request *r);

/* A file's own URL, on the address the client used. `origin`: "local", "sdcard". */
void octoprint_url(
    const struct request *r, const char *origin, const char *name, struct strbuf *out);
json_t *octoprint_file_view(const struct request *r, const struct file_entry *file);

/* octoprint_job.c */
void octoprint_job(struct request *r);
void octoprint_job_command(struct request *r);

/* The file that "start" prints. */
void octoprint_select(struct request *r, const char *name);

/* octoprint_sd.c */
void octoprint_files(struct request *r);
void octoprint_sd(struct request *r);
void octoprint_sd_command(struct request *r);
void octoprint_sd_files(struct request *r);
void octoprint_sd_file(struct request *r);
void octoprint_sd_file_command(struct request *r);
void octoprint_sd_file_remove(struct request *r);
void octoprint_sd_upload(struct request *r);

/* cpq_state.c, cpq_set.c, cpq_job.c, cpq_package.c, cpq_history.c, cpq_queues.c, cpq_automation.c:
 * Continuous Print's dialect (cpq.h) */
void cpq_state_get(struct request *r);
void cpq_set_active(struct request *r);
void cpq_set_add(struct request *r);
void cpq_job_add(struct request *r);
void cpq_job_mv(struct request *r);
void cpq_job_edit(struct request *r);
void cpq_job_rm(struct request *r);
void cpq_job_reset(struct request *r);
void cpq_job_import(struct request *r);
void cpq_job_export(struct request *r);
void cpq_history_get(struct request *r);
void cpq_history_reset(struct request *r);
void cpq_queues_get(struct request *r);
void cpq_queues_edit(struct request *r);
void cpq_automation_get(struct request *r);
void cpq_automation_edit(struct request *r);
void cpq_automation_external(struct request *r);
void cpq_automation_simulate(struct request *r);

/* page.c: the static files of the page */
void page_asset(struct request *r);

#endif
