// The printer's SD card: its files, prints from it, copies to it. It asks for the list only when the
// status says that it may have changed.

const CARD = { no_card: "There is no card in the printer.", ready: "" };

function size(bytes) {
  if (bytes === null || bytes === undefined) return "";
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

// fetch() does not tell how far an upload is.
function upload(file, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", `/api/v1/files/${encodeURIComponent(file.name)}`);
    request.setRequestHeader("X-PPHost", "1");
    request.responseType = "json";
    request.upload.onprogress = (event) => progress(event.loaded * 100 / Math.max(event.total, 1));
    request.onload = () => {
      if (request.status < 300) resolve(request.response);
      else reject(new Error(request.response?.error?.message ?? `HTTP ${request.status}`));
    };
    request.onerror = () => reject(new Error("pphost does not answer"));
    request.send(file);
  });
}

// `page`: what app.js lends: $, element, show, text, call, act, ask, notice.
export function sdCard(page) {
  const { $, element, show, text } = page;
  let files = [];
  let shown = "";   // what the list was asked for
  let sending = null; // { name, percent }: a file on its way to pphost
  let status = {};

  function button(label, className, action) {
    const b = element("button", className, label);
    b.type = "button";
    b.onclick = action;
    return b;
  }

  function row(file) {
    const item = element("li", "", "");
    const name = element("span", "file-name", file.display ?? file.name);
    const print = button("Print", "small", () => page.act("sd/print", { file: file.name }));
    const remove = button("Delete", "small danger-line", async () => {
      if (await page.ask(`Delete ${file.name} from the printer's card?`, "Delete")) {
        order("sd/remove", { file: file.name });
      }
    });
    print.disabled = remove.disabled = !idle();
    print.setAttribute("aria-label", `Print ${file.name}`);
    remove.setAttribute("aria-label", `Delete ${file.name}`);
    item.append(name, element("span", "quiet number", size(file.size_bytes)), print, remove);
    return item;
  }

  function idle() {
    return status.state === "operational" && sending === null;
  }

  // These answer with the card alone.
  async function order(path, body) {
    try {
      page.merge({ sd: await page.call("POST", path, body) });
    } catch (error) {
      page.notice(error.message);
    }
  }

  async function list() {
    try {
      files = (await page.call("GET", "sd")).files;
    } catch {
      shown = ""; // asked again at the next change
      return;
    }
    drawFiles();
  }

  function drawFiles() {
    const rows = status.sd.card === "ready" ? files.map(row) : [];
    if (rows.length === 0 && status.sd.card === "ready") {
      rows.push(element("li", "quiet", status.sd.reading ? "Reading the card…" : "The card is empty."));
    }
    $("sd-files").replaceChildren(...rows);
  }

  function drawCopy() {
    const copy = status.sd.transfer;
    show("sd-copy", copy !== null || sending !== null);
    show("sd-stop", copy !== null);
    if (copy === null && sending === null) return;
    const percent = copy?.percent ?? sending.percent;
    text("sd-copy-text", copy ? `Copying ${copy.file} to the card as ${copy.name}`
      : `Sending ${sending.name} to pphost`);
    $("sd-percent").value = percent;
    text("sd-percent-text", `${percent.toFixed(0)} %`);
  }

  async function put(file) {
    sending = { name: file.name, percent: 0 };
    draw(status);
    try {
      const stored = await upload(file, (percent) => { sending.percent = percent; drawCopy(); });
      sending = null;
      await order("sd/put", { file: stored.name });
    } catch (error) {
      page.notice(error.message);
    }
    sending = null;
    draw(status);
  }

  function draw(now) {
    status = now;
    const sd = status.sd;
    const away = status.state === "offline" || status.state === "error";
    show("sd", sd.card !== "none" && !away);
    if (sd.card === "none" || away) return;
    text("sd-text", sd.printing ? "The printer prints from its card." : CARD[sd.card]);
    show("sd-text", $("sd-text").textContent !== "");
    for (const id of ["sd-put", "sd-init", "sd-release"]) $(id).disabled = !idle();
    show("sd-put", sd.card === "ready");
    show("sd-release", sd.card === "ready");
    show("sd-init", sd.card !== "ready");
    drawCopy();
    const wanted = `${sd.card} ${sd.count} ${sd.reading} ${sd.transfer === null} ${idle()}`;
    if (wanted === shown) return;
    shown = wanted;
    drawFiles();
    if (!sd.reading && sd.transfer === null) list();
  }

  $("sd-put").onclick = () => $("sd-file").click();
  $("sd-file").onchange = () => {
    const file = $("sd-file").files[0];
    $("sd-file").value = ""; // the same one may be chosen again
    if (file) put(file);
  };
  $("sd-stop").onclick = () => page.act("cancel");
  $("sd-init").onclick = () => order("sd", { action: "init" });
  $("sd-release").onclick = () => order("sd", { action: "release" });
  return { draw };
}
