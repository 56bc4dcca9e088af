"use strict";
{
  const list = document.getElementById("requests");
  const blank = document.getElementById("row");
  const said = document.getElementById("said");
  if (list && blank) {
    const news = new EventSource("?events=" + list.dataset.last);
    news.onopen = () => { if (!said.textContent) said.textContent = "New requests appear by themselves."; };
    news.onmessage = (event) => {
      const one = JSON.parse(event.data);
      const row = blank.content.firstElementChild.cloneNode(true);
      const [number, size, status] = row.querySelectorAll("span");
      row.querySelector("a").href = "?inspect=" + one.number;
      row.querySelector("b").textContent = one.method;
      row.querySelector("bdi").textContent = one.path + (one.query && "?" + one.query);
      row.querySelector("time").textContent = new Date(one.at).toISOString();
      number.textContent = one.number;
      size.textContent = one.size;
      status.textContent = one.status;
      row.className = "new";
      list.prepend(row);
      said.textContent = "Request " + one.number + " came.";
      if (list.children.length > 200) list.lastElementChild.remove();
    };
  }
  for (const button of document.querySelectorAll("button[data-copy]")) {
    if (!navigator.clipboard) break;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = "Copied";
    });
  }
}
