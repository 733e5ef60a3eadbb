/* OctoPrint's GET /api/version: what slicers ask before anything else. */
#include "host/api/handlers.h"

#include "host/api/request.h"

void octoprint_version(struct request *r)
{
    /* PrusaSlicer takes a host for OctoPrint when "text" begins with that word. */
    reply_json(r, 200,
        json_pack("{s:s, s:s, s:s}", "api", "0.1", "server", PP_VERSION, "text",
            "OctoPrint (pphost " PP_VERSION ")"));
}
