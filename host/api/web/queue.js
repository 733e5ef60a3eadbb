// The queue: what is printed next, and whether it is printed by itself. It asks for the list only when
// the feed says that jobs may have changed.

const SHOWN = 50; // jobs; who has more is told how many

const STATES = {
  printing: "printing", next: "next", waiting: "", blocked: "blocked", draft: "draft",
  elsewhere: "not here",
};

function name(job) {
  return job.name ?? job.sets[0]?.path ?? "an empty job";
}

function progress(job) {
  const pending = job.sets.reduce((sum, set) => sum + set.pending, 0);
  return pending === 1 ? "1 print to come" : `${pending} prints to come`;
}

// `page`: what app.js lends: $, element, show, text, call, merge, notice, shared.
export function queueCard(page) {
  const { $, element, show, text } = page;
  let list = { jobs: [], total: 0 };
  let wanted = false; // the list is old
  let asking = false;

  function row(job) {
    const item = element("li", "", "");
    const what = [STATES[job.state] ?? job.state, job.why].filter(Boolean).join(": ");
    item.append(element("span", "file-name", name(job)), element("span", "quiet", what),
      element("span", "quiet number", progress(job)));
    if (job.moving || job.claims.some((claim) => claim.run !== null)) return item;
    const buttons = element("span", "row-buttons", "");
    buttons.append(...page.shared().moveButtons(job, "local"));
    item.append(buttons);
    page.shared().drag(item, job);
    return item;
  }

  function drawJobs() {
    const rows = list.jobs.map(row);
    const more = list.total - list.jobs.length;
    if (list.total === 0) rows.push(element("li", "quiet", "No jobs."));
    if (more > 0) rows.push(element("li", "quiet", `and ${more} more`));
    $("queue-jobs").replaceChildren(...rows);
  }

  // One request at a time; what changed meanwhile is asked for after it.
  async function refresh() {
    wanted = true;
    if (asking) return;
    asking = true;
    try {
      while (wanted) {
        wanted = false;
        list = await page.call("GET", `jobs?limit=${SHOWN}`);
        drawJobs();
      }
    } catch {
      // told by the feed, which is lost too, and asked again with the next change
    }
    asking = false;
  }

  function draw(status) {
    const manage = status.manage;
    show("queue", Boolean(manage));
    if (!manage) return;
    text("queue-text", manage.text ?? (manage.managing ? "The queue is being printed."
      : "The queue is not being printed."));
    show("queue-start", !manage.managing);
    text("queue-stop", status.job ? "Stop after this print" : "Stop the queue");
    show("queue-stop", manage.managing);
  }

  async function manage(action) {
    try {
      page.merge({ manage: await page.call("POST", `manage/${action}`, {}) });
    } catch (error) {
      page.notice(error.message);
    }
  }

  page.shared().drop($("queue"), "local");
  $("queue-start").onclick = () => manage("start");
  $("queue-stop").onclick = () => manage("stop");
  return { draw, drawJobs, refresh };
}
