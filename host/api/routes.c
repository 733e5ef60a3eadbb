/* Every route of the server. */
#include "host/api/feed.h"
#include "host/api/handlers.h"
#include "host/api/route.h"

const struct route routes[] = {
    {"GET", "/", KEY_NONE, ROUTE_NONE, page_asset},
    {"GET", "/app.js", KEY_NONE, ROUTE_NONE, page_asset},
    {"GET", "/sd.js", KEY_NONE, ROUTE_NONE, page_asset},
    {"GET", "/style.css", KEY_NONE, ROUTE_NONE, page_asset},
    {"GET", "/icon.svg", KEY_NONE, ROUTE_NONE, page_asset},

    {"GET", "/api/v1/status", KEY_READ, ROUTE_NONE, api_status},
    {"GET", "/api/v1/feed", KEY_READ, ROUTE_NONE, feed_handle},
    {"GET", "/api/v1/terminal", KEY_READ, ROUTE_NONE, api_terminal},
    {"GET", "/api/v1/log", KEY_READ, ROUTE_NONE, api_log},
    {"GET", "/api/v1/runs", KEY_READ, ROUTE_NONE, api_runs},
    {"GET", "/api/v1/profiles", KEY_READ, ROUTE_NONE, api_profiles},

    {"GET", "/api/v1/files", KEY_READ, ROUTE_NONE, api_files},
    {"POST", "/api/v1/files", KEY_PRINT, ROUTE_FORM, api_file_upload},
    {"GET", "/api/v1/files/**", KEY_READ, ROUTE_NONE, api_file},
    {"PUT", "/api/v1/files/**", KEY_PRINT, ROUTE_RAW, api_file_upload},
    {"DELETE", "/api/v1/files/**", KEY_PRINT, ROUTE_NONE, api_file_remove},

    {"GET", "/api/v1/sd", KEY_READ, ROUTE_NONE, api_sd},
    {"POST", "/api/v1/sd", KEY_PRINT, ROUTE_JSON, api_sd_act},
    {"POST", "/api/v1/sd/print", KEY_PRINT, ROUTE_JSON, api_sd_print},
    {"POST", "/api/v1/sd/put", KEY_PRINT, ROUTE_JSON, api_sd_put},
    {"POST", "/api/v1/sd/remove", KEY_PRINT, ROUTE_JSON, api_sd_remove},

    {"POST", "/api/v1/print", KEY_PRINT, ROUTE_JSON, api_print},
    {"POST", "/api/v1/pause", KEY_PRINT, ROUTE_JSON, api_pause},
    {"POST", "/api/v1/resume", KEY_PRINT, ROUTE_JSON, api_resume},
    {"POST", "/api/v1/cancel", KEY_PRINT, ROUTE_JSON, api_cancel},
    {"POST", "/api/v1/recover", KEY_PRINT, ROUTE_JSON, api_recover},
    /* Whoever presses this is served, whatever the body says. */
    {"POST", "/api/v1/estop", KEY_PRINT, ROUTE_NONE, api_estop},
    {"POST", "/api/v1/connect", KEY_PRINT, ROUTE_JSON, api_connect},
    {"POST", "/api/v1/disconnect", KEY_PRINT, ROUTE_JSON, api_disconnect},
    {"POST", "/api/v1/confirm", KEY_PRINT, ROUTE_JSON, api_confirm},
    {"POST", "/api/v1/temperature", KEY_PRINT, ROUTE_JSON, api_temperature},
    {"POST", "/api/v1/gcode", KEY_PRINT, ROUTE_JSON, api_gcode},

    {"GET", "/api/v1/keys", KEY_ADMIN, ROUTE_NONE, api_keys},
    {"POST", "/api/v1/keys", KEY_ADMIN, ROUTE_JSON, api_key_add},
    {"DELETE", "/api/v1/keys/**", KEY_ADMIN, ROUTE_NONE, api_key_remove},
    {"POST", "/api/v1/restart", KEY_ADMIN, ROUTE_JSON, api_restart},
    {"POST", "/api/v1/login", KEY_NONE, ROUTE_JSON, api_login},
    {"POST", "/api/v1/login-link", KEY_ADMIN, ROUTE_JSON, api_login_link},
    {"POST", "/api/v1/logout", KEY_NONE, ROUTE_JSON, api_logout},

    {"GET", "/api/version", KEY_NONE, ROUTE_NONE, octoprint_version},
    {"POST", "/api/files/local", KEY_PRINT, ROUTE_FORM, octoprint_upload},
    {"GET", "/api/files/local/**", KEY_READ, ROUTE_NONE, octoprint_file},
    {"GET", "/api/files", KEY_READ, ROUTE_NONE, octoprint_files},
    {"GET", "/api/files/local", KEY_READ, ROUTE_NONE, octoprint_files},
    {"GET", "/api/files/sdcard", KEY_READ, ROUTE_NONE, octoprint_sd_files},
    {"POST", "/api/files/sdcard", KEY_PRINT, ROUTE_FORM, octoprint_sd_upload},
    {"GET", "/api/files/sdcard/**", KEY_READ, ROUTE_NONE, octoprint_sd_file},
    {"POST", "/api/files/sdcard/**", KEY_PRINT, ROUTE_JSON, octoprint_sd_file_command},
    {"DELETE", "/api/files/sdcard/**", KEY_PRINT, ROUTE_NONE, octoprint_sd_file_remove},
    {"GET", "/api/printer/sd", KEY_READ, ROUTE_NONE, octoprint_sd},
    {"POST", "/api/printer/sd", KEY_PRINT, ROUTE_JSON, octoprint_sd_command},
};

const size_t routes_count = sizeof routes / sizeof *routes;
