// Asks the server's REST API, which is TF Serving's.

export class ServerError extends Error {
  needsToken = false;
}

// {classes, probabilities, maps: [{q, scores: [row][column][class]}], boxes}; boxes are [left, top, right, bottom] in
// shares of the photograph, one for each class; none where the model does not localise.
export async function ask(model, base64, token, signal) {
  let prediction;
  try {
    prediction = await predict(model, "top_score_maps", base64, token, signal);
  } catch (error) {
    if (!/signature/i.test(error.said ?? "")) throw error;
    prediction = await predict(model, "serving_default", base64, token, signal); // an older model has no maps
  }
  const maps = Object.entries(prediction)
    .filter(([name]) => /^score_map_q\d+$/.test(name))
    .map(([name, scores]) => ({ q: Number(name.slice("score_map_q".length)), scores }))
    .sort((a, b) => a.q - b.q);
  return { classes: prediction.top_classes, probabilities: prediction.top_probabilities, maps, boxes: boxesOf(prediction) };
}

// What was sent may be smaller than what is shown, so pixels become shares.
function boxesOf({ boxes, image_sizes: size }) {
  if (!boxes || !size) return [];
  return boxes.map((box) => box.map((pixels, side) => pixels / size[side % 2]));
}

// The newest version that is being served, or null where the server does not say.
export async function version(model, token, signal) {
  try {
    const status = await call(`v1/models/${encodeURIComponent(model)}`, { headers: headers(token), signal });
    const served = status.model_version_status.filter((one) => one.state === "AVAILABLE");
    return served.map((one) => BigInt(one.version)).sort((a, b) => (a < b ? 1 : -1))[0]?.toString() ?? null;
  } catch {
    return null;
  }
}

async function predict(model, signature, base64, token, signal) {
  const body = JSON.stringify({ signature_name: signature, instances: [{ image_bytes: { b64: base64 } }] });
  const address = `v1/models/${encodeURIComponent(model)}:predict`;
  const answer = await call(address, { method: "POST", headers: headers(token), body, signal });
  return answer.predictions[0];
}

function headers(token) {
  const authorization = token ? { Authorization: `Bearer ${token}` } : {};
  return { "Content-Type": "application/json", ...authorization };
}

async function call(address, options) {
  let response, body;
  try {
    response = await fetch(address, options);
    body = await response.text();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServerError("The server does not answer. Is the network there, and is the server running?");
  }
  if (!response.ok) throw refusal(response.status, said(body));
  return JSON.parse(body);
}

function said(body) {
  try {
    return String(JSON.parse(body).error);
  } catch {
    return "";
  }
}

function refusal(status, text) {
  // Of an assertion in the model's graph, only what it says of the photograph.
  const reason = text.split("\n")[0].replace(/^.*image_bytes\[\d+\]: (.*?)\]?$/, "$1").slice(0, 200);
  const error = new ServerError(`${inWords(status)}${reason ? ` (${reason})` : ""}`);
  error.said = text;
  error.needsToken = status === 401 || status === 403;
  return error;
}

function inWords(status) {
  const words = {
    400: "The model cannot use this photograph: it is damaged, or of a kind that it does not know.",
    401: "This server wants a token.",
    403: "This token is not the server’s.",
    404: "No such model is being served here.",
    408: "The photograph took too long to arrive. Try again, or a smaller one.",
    413: "The photograph is too large for this server. Try a smaller one.",
    429: "The server is busy. Try again in a moment.",
    503: "The server is not ready. Try again in a moment.",
    504: "The server took too long. Try again in a moment.",
  };
  return words[status] ?? `The server failed, with status ${status}.`;
}
