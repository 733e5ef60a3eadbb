// The page: one status object, kept current by the feed, drawn whole at every change.

import { queueCard } from "./queue.js";
import { sdCard } from "./sd.js";
import { sharedCards } from "./shared.js";

const $ = (id) => document.getElementById(id);
const status = {};
const OLD_MS = 15000; // temperatures that are older are said to be
let retryMs = 500;
let hostAheadMs = 0; // the host's clock beside ours

const TONES = {
  operational: "good", printing: "busy", starting: "busy", finishing: "busy", resuming: "busy",
  connecting: "busy", detecting: "busy", pausing: "warm", paused: "warm", cancelling: "warm",
  recovering: "warm", transferring: "good", offline: "bad", error: "bad",
};
const HOLDS_JOB = ["starting", "printing", "pausing", "paused", "resuming", "cancelling", "finishing",
  "recovering"];
const NOT_CONNECTED = ["offline", "detecting", "connecting", "error"];

// ---- text

function duration(ms) {
  if (ms === null || ms === undefined) return "–";
  const minutes = Math.round(ms / 60000);
  if (minutes < 1) return "under a minute";
  const hours = Math.floor(minutes / 60);
  return hours > 0 ? `${hours} h ${String(minutes % 60).padStart(2, "0")} min` : `${minutes} min`;
}

function clock(ms) {
  const at = new Date(ms);
  const today = new Date().toDateString() === at.toDateString();
  const time = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return today ? time : `${at.toLocaleDateString([], { weekday: "short" })} ${time}`;
}

function heaterName(name) {
  if (name === "bed") return "Bed";
  if (name === "chamber") return "Chamber";
  const several = Object.keys(status.temperatures).filter((n) => n.startsWith("tool")).length > 1;
  return several ? `Nozzle ${Number(name.slice(4)) + 1}` : "Nozzle";
}

// ---- drawing

function show(id, visible) {
  $(id).hidden = !visible;
}

function text(id, value) {
  const element = $(id);
  if (element.textContent !== value) element.textContent = value;
}

function element(tag, className, content) {
  const e = document.createElement(tag);
  e.className = className;
  e.textContent = content;
  return e;
}

function questionCard(question) {
  const card = element("section", "card ask", "");
  card.dataset.id = question.id;
  card.append(element("h2", "", "Waiting for you"), element("p", "question-text", question.text));
  const gate = question.kind === "bed" || question.kind === "identity";
  if (gate && status.waiting_for && !question.text.includes(status.waiting_for)) {
    card.append(element("p", "quiet", `${status.waiting_for} waits for the answer.`));
  }
  const answers = element("div", "buttons", "");
  answers.append(...question.answers.map((answer, i) => {
    const label = answer.charAt(0).toUpperCase() + answer.slice(1);
    const button = element("button", i === 0 ? "primary" : "", label);
    button.type = "button";
    button.onclick = () => act("confirm", { id: question.id, answer });
    return button;
  }));
  card.append(answers);
  return card;
}

// A card that is there already stays as it is: what is focused keeps the focus.
function drawQuestions() {
  const there = new Map([...$("questions").children].map((card) => [card.dataset.id, card]));
  const open = new Set(status.questions.map((question) => question.id));
  for (const [id, card] of there) {
    if (!open.has(id)) card.remove();
  }
  $("questions").append(...status.questions.filter((question) => !there.has(question.id))
    .map(questionCard));
}

// The reason of what went wrong; without one, how the last print ended.
function drawReason() {
  const last = status.last_run;
  const why = last?.reason ? `: ${last.reason}` : "";
  const past = status.job === null && last !== null && last.end_ms !== null
    ? `The last print, ${last.file_name}, ended at ${clock(last.end_ms)}: ${last.result}${why}.` : "";
  text("reason", status.error ?? past);
  if ($("notice").textContent === status.error) show("notice", false);
  $("reason").classList.toggle("quiet", status.error === null && last?.result === "success");
  show("reason", $("reason").textContent !== "");
  text("message", `The printer's display shows: ${status.message}`);
  show("message", Boolean(status.message));
}

function drawJob() {
  const job = status.job;
  show("progress", job !== null);
  drawReason();
  if (job === null) {
    const copies = status.state === "transferring";
    text("file", NOT_CONNECTED.includes(status.state) ? "The printer is not connected."
      : copies ? "A file is being copied to the printer's card."
      : `Nothing is being printed. The bed is ${
        { clear: "clear", occupied: "occupied", unknown: "in an unknown state" }[status.bed]}.`);
    document.title = `${status.name} – ${status.state}`;
    return;
  }
  text("file", job.file_name);
  $("percent").value = job.percent ?? 0;
  text("percent-text", `${(job.percent ?? 0).toFixed(1)} %`);
  text("left", duration(job.left_ms));
  text("eta", job.left_ms === null ? "–" : clock(Date.now() + job.left_ms));
  text("elapsed", duration(job.elapsed_ms));
  for (const id of ["layer", "height"]) $(id).parentElement.hidden = status.sd.printing;
  text("layer", job.layers === null ? `${job.layer}` : `${job.layer} of ${job.layers}`);
  text("height", `${(job.z_mm ?? 0).toFixed(2)} mm`);
  document.title = `${Math.floor(job.percent ?? 0)} % – ${status.name}`;
}

// What was told before the printer went away, or too long ago, is not what is now.
function age() {
  const ms = Date.now() + hostAheadMs - (status.temperatures_ms ?? 0);
  const away = status.link.port === null || NOT_CONNECTED.includes(status.state);
  if (ms <= OLD_MS && !away) return "";
  return ms < 120000 ? `, ${Math.max(Math.round(ms / 1000), 0)} s ago` : `, ${duration(ms)} ago`;
}

function drawTemperatures() {
  const ago = age();
  const items = Object.entries(status.temperatures).map(([name, heater]) => {
    const hot = heater.actual !== null && heater.actual >= 50;
    const item = element("li", ago ? "old" : hot ? "hot" : "", "");
    const actual = heater.actual === null ? "–" : `${heater.actual.toFixed(1)} °C`;
    const target = (heater.target === null ? "" : heater.target > 0 ? `→ ${heater.target} °C` : "off") +
      ago;
    item.append(element("div", "name", heaterName(name)), element("span", "actual", actual),
      " ", element("span", "target", target));
    return item;
  });
  if (items.length === 0) items.push(element("li", "quiet", "No temperatures yet."));
  $("temps").replaceChildren(...items);
}

function drawLink() {
  const link = status.link;
  const facts = [
    ["Port", link.port ?? link.device],
    ["Baud", link.baud],
    ["Machine", link.machine],
    ["Firmware", link.firmware],
    ["Profile", status.profile ?? "none"],
    ["Bed", status.bed],
    ["Lines", link.lines.toLocaleString()],
    ["Resends", link.resends.toLocaleString()],
    ["Under-runs", link.underruns.toLocaleString()],
  ];
  $("link").replaceChildren(...facts.filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => {
      const pair = document.createElement("div");
      pair.append(element("dt", "", name), element("dd", "", String(value)));
      return pair;
    }));
}

function draw() {
  const state = status.state;
  text("name", status.name);
  text("state", status.detail ? `${state}, ${status.detail}` : state);
  $("state").dataset.tone = TONES[state] ?? "";
  drawQuestions();
  drawJob();
  drawTemperatures();
  drawLink();
  card.draw(status);
  queue.draw(status);
  show("pause", state === "printing");
  show("resume", state === "paused");
  show("cancel", HOLDS_JOB.includes(state) && state !== "cancelling" && state !== "finishing");
  show("connect", state === "offline" || state === "error");
  show("clear", status.bed !== "clear" && status.job === null && status.questions.length === 0 &&
    state === "operational");
  text("version", `pphost ${status.version}`);
}

function loggedIn(yes) {
  show("login", !yes);
  show("live", yes);
  show("estop", yes);
  if (!yes) text("state", "not logged in");
}

let noticeTimer = 0;
function notice(message) {
  text("notice", message);
  show("notice", true);
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => show("notice", false), 20000);
}

// ---- acting

async function call(method, path, body) {
  const answer = await fetch(`/api/v1/${path}`, {
    method,
    headers: { "X-PPHost": "1", "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!answer.ok) {
    const told = await answer.json().catch(() => null);
    const error = new Error(told?.error?.message ?? `HTTP ${answer.status}`);
    error.status = answer.status;
    throw error;
  }
  return answer.status === 204 ? null : answer.json();
}

async function act(path, body = {}, failed = "") {
  try {
    merge(await call("POST", path, body));
  } catch (error) {
    notice(failed + error.message);
  }
}

function merge(message) {
  if (message.now_ms) hostAheadMs = message.now_ms - Date.now();
  Object.assign(status, message);
  draw();
}

function ask(question, yes) {
  const dialog = $("confirm");
  text("confirm-text", question);
  text("confirm-yes", yes);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => resolve(dialog.returnValue === "yes");
  });
}

const card = sdCard({ $, element, show, text, call, act, ask, notice, merge });
const shared = sharedCards({ $, element, show, text, call, notice, ask,
  refreshLocal: (asks = true) => (asks ? queue.refresh() : queue.drawJobs()) });
const queue = queueCard({ $, element, show, text, call, notice, merge, shared: () => shared });
setInterval(() => { if (status.temperatures) drawTemperatures(); }, 5000);

$("pause").onclick = () => act("pause");
$("resume").onclick = () => act("resume");
$("connect").onclick = () => act("connect");
$("clear").onclick = async () => {
  if (await ask("Is the bed empty and clean? The next print may start at once.", "It is clear")) {
    act("confirm", { answer: "clear" });
  }
};
$("cancel").onclick = async () => {
  if (await ask("Cancel the print? What is printed so far is lost.", "Cancel print")) act("cancel");
};
$("estop").onclick = async () => {
  if (await ask("Stop the printer at once and turn its heaters off? The print is lost.",
    "Stop now")) act("estop", {}, "NO EMERGENCY STOP, cut the printer's power: ");
};

// ---- the feed

function take(message) {
  if (message.type === "notice") {
    notice(message.text);
  } else if (message.type === "error") {
    notice(message.error.message);
  } else if (message.type === "run") {
    merge({ last_run: message.run });
  } else if (message.type === "jobs") {
    queue.refresh();
    shared.refresh();
  } else if (message.type === "peers") {
    shared.refresh();
  } else if (message.type !== "terminal" && message.type !== "spools") {
    loggedIn(true);
    merge(message);
    if (message.type === "manage") queue.refresh(); // what is next, and what blocks it
  }
}

// A browser does not say why a WebSocket was refused: the status is asked first.
async function follow() {
  try {
    take(await call("GET", "status"));
    show("offline", false);
    queue.refresh();
    shared.refresh(true);
  } catch (error) {
    show("offline", error.status !== 403);
    if (error.status === 403) {
      loggedIn(false);
      return;
    }
    text("offline", "pphost does not answer. The printer may go on by itself: look at it. " +
      "Trying again…");
    again();
    return;
  }
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}/api/v1/feed`);
  socket.onopen = () => { retryMs = 500; };
  socket.onmessage = (event) => take(JSON.parse(event.data));
  socket.onclose = again;
}

function again() {
  setTimeout(follow, retryMs);
  retryMs = Math.min(retryMs * 2, 10000);
}

// The token stands behind '#', which a browser never sends, and is taken out of the address at once.
async function start() {
  const token = /^#login=(.+)$/.exec(location.hash)?.[1];
  if (token) {
    history.replaceState(null, "", location.pathname);
    try {
      await call("POST", "login", { token });
    } catch (error) {
      notice(error.message);
    }
  }
  follow();
}

// A link opened where the page already is changes only the part behind '#'.
addEventListener("hashchange", () => location.reload());
start();
