// Queues that are shared with other hosts: one card each, with who is there. A job goes from one queue to
// another by its button, or by being dragged there. All is asked for again when the feed says so, at most
// every AGAIN_MS.

const SHOWN = 50; // jobs of a queue
const AGAIN_MS = 2000; // peers tell of themselves all the time

function name(job) {
  return job.name ?? job.sets[0]?.path ?? "an empty job";
}

function who(queue) {
  const peers = queue.peers;
  const lock = queue.kind === "wan" ? "By registry" : queue.locked ? "Locked" : "Open to this network";
  if (peers.count <= 1) return `${lock}, no other printers yet`;
  const leader = queue.leader ? `led by ${queue.leader.name}` : "nobody leads it now";
  return `${lock}, ${peers.exact ? "" : "about "}${peers.count} hosts, ${leader}`;
}

function doing(peer) {
  if (!peer.self && !peer.linked && peer.silent_ms > 60000) {
    return `silent for ${Math.round(peer.silent_ms / 60000)} min`;
  }
  const file = peer.file ? `${peer.progress ?? 0} % of ${peer.file}` : peer.state ?? "";
  return [peer.needs_person ? "needs a person" : "", file].filter(Boolean).join(": ");
}

// `page`: what app.js lends.
export function sharedCards(page) {
  const { $, element, show, text, call, notice, ask } = page;
  let queues = [];
  let lists = new Map(); // name → jobs, peers
  let wanted = false;
  let timer = 0;
  let askedMs = 0;
  const open = new Set(); // queues whose hosts are shown

  function shared() {
    return queues.filter((queue) => queue.kind !== "local");
  }

  async function tell(method, path, body) {
    try {
      return await call(method, path, body) ?? {};
    } catch (error) {
      notice(error.message);
      return null;
    }
  }

  async function change(queue, body) {
    await tell("PATCH", `queues/${encodeURIComponent(queue.name)}`, body);
    refresh(true);
  }

  // ---- jobs

  async function move(id, to) {
    const moved = await tell("POST", `jobs/${id}/move`, { queue: to });
    if (moved?.moving) notice("The job's files are on their way to the other hosts; it follows them.");
    page.refreshLocal();
    refresh(true);
  }

  function drag(row, job) {
    row.draggable = true;
    row.ondragstart = (event) => {
      event.dataTransfer.setData("application/x-pphost-job", job.id);
      event.dataTransfer.effectAllowed = "move";
    };
  }

  function drop(area, to) {
    area.ondragover = (event) => {
      if (event.dataTransfer.types.includes("application/x-pphost-job")) event.preventDefault();
    };
    area.ondrop = (event) => {
      const id = event.dataTransfer.getData("application/x-pphost-job");
      if (!id) return;
      event.preventDefault();
      move(id, to);
    };
  }

  // Buttons that take a job of queue `from` to each of the others.
  function moveButtons(job, from) {
    return queues.filter((queue) => queue.name !== from && (queue.kind === "local" || queue.enabled))
      .map((queue) => {
        const button = element("button", "small", queue.kind === "local" ? "Take here" : `To ${queue.name}`);
        button.type = "button";
        button.title = `move ${name(job)} to the queue ${queue.name}`;
        button.onclick = () => move(job.id, queue.name);
        return button;
      });
  }

  function removeButton(job) {
    const button = element("button", "small", "Remove");
    button.type = "button";
    button.onclick = async () => {
      if (await ask(`Remove ${name(job)} from the queue, for all hosts?`, "Remove it")) {
        await tell("DELETE", `jobs/${job.id}`);
        refresh(true);
      }
    };
    return button;
  }

  function jobRow(job, queue) {
    const row = element("li", "", "");
    const what = job.why ?? { printing: "printing here", next: "next here" }[job.state] ?? "";
    row.append(element("span", "file-name", name(job)), element("span", "quiet", what));
    if (job.claims.some((claim) => claim.run !== null)) return row; // nobody may touch it now
    const buttons = element("span", "row-buttons", "");
    buttons.append(...moveButtons(job, queue.name), removeButton(job));
    row.append(buttons);
    drag(row, job);
    return row;
  }

  // ---- a queue

  function hosts(queue, peers) {
    const details = document.createElement("details");
    const summary = element("summary", "", who(queue));
    const list = element("ul", "files", "");
    summary.title = peers.map((peer) => `${peer.name}: ${doing(peer)}`).join("\n");
    list.append(...peers.map((peer) => {
      const row = element("li", "", "");
      row.append(element("span", "file-name", peer.self ? `${peer.name} (this host)` : peer.name),
        element("span", "quiet", [peer.profile, doing(peer), peer.leader ? "leads" : ""]
          .filter(Boolean).join(", ")));
      return row;
    }));
    details.open = open.has(queue.name);
    details.ontoggle = () => (details.open ? open.add(queue.name) : open.delete(queue.name));
    details.append(summary, list);
    return details;
  }

  function button(label, className, act) {
    const one = element("button", className, label);
    one.type = "button";
    one.onclick = act;
    return one;
  }

  function cardOf(queue) {
    const card = element("section", "card shared", "");
    const { jobs = [], total = 0, peers = [] } = lists.get(queue.name) ?? {};
    const buttons = element("div", "buttons", "");
    const title = element("h2", "", "Queue ");
    title.append(element("span", "queue-name", queue.name));
    card.append(title);
    if (!queue.enabled) {
      card.append(element("p", "quiet", queue.name === "LAN"
        ? "Share jobs with the other printers of this network: enable this queue on each of them."
        : "Not enabled here."));
      buttons.append(button(`Enable ${queue.name}`, "primary", () => change(queue, { enabled: true })));
      card.append(buttons);
      return card;
    }
    card.append(hosts(queue, peers));
    if (queue.problem) card.append(element("p", "reason", queue.problem));
    if (queue.hints.length > 0) {
      card.append(element("p", "quiet hints", `If there should be others: ${queue.hints.join("; ")}.`));
    }
    const list = element("ul", "files jobs", "");
    list.append(...jobs.map((job) => jobRow(job, queue)));
    if (total === 0) list.append(element("li", "quiet", "No jobs. Move one here from the queue above."));
    if (total > jobs.length) list.append(element("li", "quiet", `and ${total - jobs.length} more`));
    drop(card, queue.name);
    buttons.append(button("Disable", "", () => change(queue, { enabled: false })));
    card.append(list, buttons);
    return card;
  }

  // What is focused keeps the focus: a card that looks the same stays.
  function draw() {
    const area = $("shared");
    const there = new Map([...area.children].map((card) => [card.dataset.queue, card]));
    const cards = shared().map((queue) => {
      const card = cardOf(queue);
      const old = there.get(queue.name);
      card.dataset.queue = queue.name;
      return old?.innerHTML === card.innerHTML ? old : card;
    });
    if (cards.some((card, i) => area.children[i] !== card) || cards.length !== area.children.length) {
      area.replaceChildren(...cards);
    }
    show("shared-add", shared().length > 0);
  }

  // ---- asking

  async function look() {
    const seen = new Map();
    queues = (await call("GET", "queues")).queues;
    for (const queue of shared().filter((q) => q.enabled)) {
      const of = encodeURIComponent(queue.name);
      const { jobs, total } = await call("GET", `jobs?queue=${of}&limit=${SHOWN}`);
      const { peers } = await call("GET", `peers?queue=${of}`);
      seen.set(queue.name, { jobs, total, peers });
    }
    lists = seen;
    draw();
    page.refreshLocal(false);
  }

  async function run() {
    timer = 0;
    wanted = false;
    askedMs = Date.now();
    try {
      await look();
    } catch {
      // told by the feed, which is lost too, and asked again with the next change
    }
    askedMs = Date.now();
    if (wanted) refresh();
  }

  function refresh(now = false) {
    wanted = true;
    if (timer !== 0) return;
    const wait = now ? 0 : Math.max(0, askedMs + AGAIN_MS - Date.now());
    timer = setTimeout(run, wait);
  }

  // ---- one more queue

  $("shared-add").onclick = () => {
    $("add-queue").returnValue = "";
    $("add-queue-form").reset();
    $("add-queue").showModal();
  };
  $("add-queue").onclose = async () => {
    if ($("add-queue").returnValue !== "add") return;
    const body = { name: $("add-queue-name").value };
    if ($("add-queue-key").value !== "") body.key = $("add-queue-key").value;
    await tell("POST", "queues", body);
    refresh(true);
  };
  text("shared-add", "Share another queue");

  return { refresh, moveButtons, drag, drop };
}
