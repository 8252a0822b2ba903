"use strict";
// Sends what stands in a section of the page and shows the answer below it. The token is kept nowhere.
for (const section of document.querySelectorAll("section[data-path]")) {
  const button = section.querySelector("button");
  for (const field of section.querySelectorAll("input")) {
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.isComposing) button.click();
    });
  }
  button.addEventListener("click", async () => {
    const answer = section.querySelector(".answer");
    const headers = {};
    const token = document.getElementById("token").value.trim();
    if (token) headers["Authorization"] = `Bearer ${token}`;
    let path = section.dataset.path;
    const query = new URLSearchParams();
    for (const field of section.querySelectorAll("input[data-in]")) {
      if (field.dataset.in === "path") path = path.replace(`{${field.name}}`, encodeURIComponent(field.value));
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
    try {
      const response = await fetch(url, { method: section.dataset.method, headers, body: body?.value });
      const text = await response.text();
      let shown = text;
      try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* shown as it came */ }
      const position = response.headers.get("Tasma-Position");
      answer.textContent = `${response.status} ${response.statusText}${position ? `, position ${position}` : ""}\n${shown}`;
    } catch (error) {
      answer.textContent = `No answer: ${error.message}`;
    }
  });
}
