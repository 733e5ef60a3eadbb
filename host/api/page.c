/* The page's static files, embedded at build time. */
#include "host/api/handlers.h"

#include "host/api/request.h"

#include <string.h>

#define EMBED(symbol, file)                                                                        \
    __asm__(".section .rodata\n"                                                                   \
            ".global " #symbol "\n" #symbol ":\n"                                                  \
            ".incbin \"" PP_WEB_DIR "/" file "\"\n"                                                \
            ".global " #symbol "_end\n" #symbol "_end:\n"                                          \
            ".byte 0\n"                                                                            \
            ".previous\n");                                                                        \
    extern const char symbol[];                                                                    \
    extern const char symbol##_end[]

EMBED(page_index_html, "index.html");
EMBED(page_app_js, "app.js");
EMBED(page_queue_js, "queue.js");
EMBED(page_sd_js, "sd.js");
EMBED(page_shared_js, "shared.js");
EMBED(page_style_css, "style.css");
EMBED(page_icon_svg, "icon.svg");

static const struct {
    const char *path;
    const char *type;
    const char *bytes;
    const char *end;
} assets[] = {
    {"/", "text/html; charset=utf-8", page_index_html, page_index_html_end},
    {"/app.js", "text/javascript; charset=utf-8", page_app_js, page_app_js_end},
    {"/queue.js", "text/javascript; charset=utf-8", page_queue_js, page_queue_js_end},
    {"/sd.js", "text/javascript; charset=utf-8", page_sd_js, page_sd_js_end},
    {"/shared.js", "text/javascript; charset=utf-8", page_shared_js, page_shared_js_end},
    {"/style.css", "text/css; charset=utf-8", page_style_css, page_style_css_end},
    {"/icon.svg", "image/svg+xml", page_icon_svg, page_icon_svg_end},
};

void page_asset(struct request *r)
{
    for (size_t i = 0; i < sizeof assets / sizeof *assets; i++) {
        if (strcmp(r->path, assets[i].path) == 0) {
            reply_static(
                r, assets[i].type, assets[i].bytes, (size_t)(assets[i].end - assets[i].bytes));
        }
    }
}
