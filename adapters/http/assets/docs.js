"use strict";
// Sends what stands in a section of the page and shows the answer below it. The token is kept nowhere.
const SHOWN = 200000; // characters of a stream: what is older is dropped from the page, not from the network
for (const section of document.querySelectorAll("section[data-path]")) {
  const button = section.querySelector("button");
  const asks = button.textContent;
  let waiting = null;
  for (const field of section.querySelectorAll("input")) {
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.isComposing && !waiting) button.click();
    });
  }
  button.addEventListener("click", async () => {
    if (waiting) {
      waiting.abort();
      return;
    }
    const answer = section.querySelector(".answer");
    const headers = {};
    const token = document.getElementById("token").value.trim();
    if (token) headers["Authorization"] = `Bearer ${token}`;
    let path = section.dataset.path;
    const query = new URLSearchParams();
    for (const field of section.querySelectorAll("input[data-in]")) {
      // A tile has slashes in its name, and they stay; no other id has any.
      const written = field.value.split("/").map(encodeURIComponent).join("/");
      if (field.dataset.in === "path") path = path.replace(`{${field.name}}`, () => written);
      else if (field.value !== "") query.set(field.name, field.value);
    }
    const body = section.querySelector("textarea");
    if (body) {
      headers["Content-Type"] = section.dataset.type;
      // Pages that came over plain HTTP from another machine have no randomUUID; the network makes a key then.
      if (crypto.randomUUID) headers["Idempotency-Key"] = crypto.randomUUID();
    }
    const url = query.size ? `${path}?${query}` : path;
    answer.hidden = false;
    answer.textContent = "";
    waiting = new AbortController();
    button.textContent = "Stop";
    try {
      const sent = { method: section.dataset.method, headers, body: body?.value, signal: waiting.signal };
      const response = await fetch(url, sent);
      const position = response.headers.get("Tasma-Position");
      const status = `${response.status} ${response.statusText}${position ? `, position ${position}` : ""}\n`;
      answer.textContent = status;
      const type = response.headers.get("Content-Type") ?? "";
      if (type.startsWith("text/event-stream")) await follow(response, answer, status);
      else answer.textContent = status + (type.startsWith("application/octet-stream") ? hashes(await response.arrayBuffer()) : pretty(await response.text()));
    } catch (error) {
      answer.textContent += error.name === "AbortError" ? "\nStopped." : `No answer: ${error.message}`;
    } finally {
      waiting = null;
      button.textContent = asks;
    }
  });
}

// A stream has no end: what comes is shown as it comes.
async function follow(response, answer, status) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let shown = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    shown += value;
    if (shown.length > SHOWN) shown = shown.slice(shown.indexOf("\n\n", shown.length - SHOWN) + 2);
    answer.textContent = status + shown;
    answer.scrollTop = answer.scrollHeight;
  }
  answer.textContent += "\nThe server has ended the stream.";
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

// Tiles are bytes: 32 of each hash, a hash a line.
function hashes(bytes) {
  const lines = [];
  for (let at = 0; at < bytes.byteLength; at += 32) {
    lines.push(btoa(String.fromCharCode(...new Uint8Array(bytes.slice(at, at + 32)))));
  }
  return lines.join("\n");
}
