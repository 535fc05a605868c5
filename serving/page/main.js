// What happens when: a photograph comes, the server answers or does not.

import { ask, ServerError, version } from "./answer.js";
import { fromTransfer, PhotographError, prepare } from "./photograph.js";
import { clearBoxes } from "./boxes.js";
import { show } from "./results.js";

const page = document.body;
const part = (id) => document.getElementById(id);
const model = page.dataset.model;
const MOST_REM = 28; // a tall photograph must not push everything else off the screen
let token = "";
let latest = null; // the last photograph, prepared, for another try
let request = null; // aborts the one under way

function state(name, text = "") {
  page.dataset.state = name;
  part("status").textContent = name === "error" ? "" : text;
  part("error").textContent = name === "error" ? text : "";
  part("again").hidden = true;
  part("token-form").hidden = true;
}

async function take(file) {
  request?.abort();
  const mine = (request = new AbortController());
  latest = null;
  delete page.dataset.photograph;
  state("busy", "Reading the photograph …");
  try {
    const photograph = await prepare(file);
    if (mine.signal.aborted) return;
    latest = photograph;
    lay(photograph);
  } catch (error) {
    if (!mine.signal.aborted) fail(error);
    return;
  }
  await send(mine);
}

function lay({ name, address, width, height }) {
  const image = part("photograph");
  image.src = address;
  image.alt = `Your photograph, ${name}`;
  part("stage").style.maxWidth = `${(MOST_REM * width) / height}rem`;
  clearBoxes();
  part("facts").textContent = `${name}, ${width} × ${height}`;
  page.dataset.photograph = "there";
}

async function send(mine) {
  const photograph = latest;
  state("busy", "The network is looking at it …");
  const begun = performance.now();
  try {
    const answer = await ask(model, photograph.base64, token, mine.signal);
    const seconds = (performance.now() - begun) / 1000;
    const served = await version(model, token, mine.signal);
    if (mine.signal.aborted) return;
    part("version").textContent = served ? `, version ${served}` : "";
    show(photograph, answer, seconds);
    const [name] = answer.classes;
    state("done", `${name}, ${(100 * answer.probabilities[0]).toFixed(1)} per cent.`);
  } catch (error) {
    if (!mine.signal.aborted) fail(error);
  }
}

function fail(error) {
  if (!(error instanceof ServerError || error instanceof PhotographError)) console.error(error);
  state("error", error.message);
  if (error.needsToken) {
    part("token-form").hidden = false;
    part("token").focus();
  } else if (latest) {
    part("again").hidden = false;
  }
}

function again() {
  request?.abort();
  send((request = new AbortController()));
}

for (const input of [part("file"), part("camera")]) {
  input.addEventListener("change", () => {
    if (input.files.length) take(input.files[0]);
    input.value = ""; // so that the same file can be chosen again
  });
}

document.addEventListener("paste", (event) => {
  const found = fromTransfer(event.clipboardData);
  if (found.file) take(found.file);
  else if (event.target !== part("token")) fail(new PhotographError("There is no picture in the clipboard."));
});

let depth = 0; // dragenter and dragleave also come from the elements inside
function dragged(change) {
  depth = Math.max(0, depth + change);
  page.classList.toggle("dragged", depth > 0);
}
document.addEventListener("dragenter", () => dragged(1));
document.addEventListener("dragleave", () => dragged(-1));
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  dragged(-depth);
  const found = fromTransfer(event.dataTransfer);
  if (found.file) take(found.file);
  else fail(new PhotographError("That is no file. Save the picture first, then drop the file."));
});

part("again").addEventListener("click", again);
part("stop").addEventListener("click", () => {
  request?.abort();
  state(part("choices").childElementCount ? "done" : "empty", "Stopped.");
});
part("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  token = part("token").value.trim();
  part("token").value = "";
  again();
});
